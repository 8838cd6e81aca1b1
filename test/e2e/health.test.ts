import assert from 'node:assert/strict';
import net from 'node:net';
import { databaseGate } from '../support/database-gate.ts';
import { testDatabase } from '../support/postgres.ts';
import { gateway, until, useFolders } from './support/program.ts';

describe('the operator’s port', () => {
  const folder = useFolders();

  it('says that the program starts, serves, lacks its database, has it again, and ends', async () => {
    const database = await testDatabase();
    const gate = await databaseGate(database.connectionString);
    const program = gateway(['serve'], {
      ...{ DATA_DIR: folder(), DATABASE_URL: gate.connectionString, SAMPLES: 'off', LOG_LEVEL: 'info' },
      ...{ PORT: '0', METRICS_PORT: '0', SHUTDOWN_TIMEOUT: '20' },
    });
    const [, operations = ''] = await program.printed(/"address":"(http:\/\/127\.0\.0\.1:\d+)\/metrics"/);
    const ready = async (root: string): Promise<string> => {
      const reply = await fetch(`${root}/health/ready`);
      const { part } = (await reply.json()) as { part?: string };
      return `${reply.status} ${part ?? ''}`;
    };
    assert.equal(await ready(operations), '503 starting');
    assert.equal((await fetch(`${operations}/health/live`)).status, 200);
    const [, feed = ''] = await program.printed(/"listening","address":"(http:\/\/127\.0\.0\.1:\d+)\/odata\//);
    assert.deepEqual([await ready(operations), await ready(feed)], ['200 ', '200 ']);
    gate.set('refuses');
    await until('it is seen that PostgreSQL is away', async () => (await ready(feed)) === '503 database');
    assert.match(await (await fetch(`${operations}/metrics`)).text(), /^gateway_ready 0$/m);
    gate.set('open');
    await until('it is seen that PostgreSQL is back', async () => (await ready(feed)) === '200 ');
    // A request that does not end keeps the feed's port until the deadline.
    const client = net.connect(Number(new URL(feed).port), '127.0.0.1');
    await new Promise<void>((resolve) => client.write('GET /odata/ HTTP/1.1\r\n', () => resolve()));
    program.child.kill('SIGTERM');
    await until('it is seen that it ends', async () => (await ready(operations)) === '503 stopping');
    assert.equal((await fetch(`${operations}/health/live`)).status, 200);
    client.destroy();
    assert.equal(await program.ended, 0, program.output());
    await gate.close();
    await database.drop();
  });
});
