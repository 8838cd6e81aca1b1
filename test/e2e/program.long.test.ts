import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { exportFile } from '../ingest/support/feed.ts';
import { testDatabase } from '../support/postgres.ts';
import { gateway, serve, until, useFolders } from './support/program.ts';

describe('The program, killed', () => {
  const folder = useFolders();

  it('a first start that is killed among its samples is finished by the next one', async () => {
    const database = await testDatabase();
    const environment = { DATA_DIR: folder(), DATABASE_URL: database.connectionString };
    const first = gateway(['serve'], { ...environment, PORT: '0' });
    const client = new pg.Pool({ connectionString: database.connectionString, max: 1 });
    client.on('error', () => {});
    const loads = async (): Promise<number> =>
      Number(
        (await client.query('SELECT count(*) AS n FROM gateway.load').catch(() => ({ rows: [] }))).rows[0]?.n ?? 0,
      );
    await until('some samples are loaded', async () => (await loads()) > 5);
    first.child.kill('SIGKILL');
    await first.ended;
    assert.ok((await loads()) < 150, 'killed before the end');
    const second = await serve(environment);
    const { rows } = await client.query(
      `SELECT count(DISTINCT (source, export)) AS n FROM gateway.load WHERE state = 'loaded'`,
    );
    assert.equal(Number(rows[0].n), 37);
    await client.end();
    second.child.kill('SIGTERM');
    assert.equal(await second.ended, 0, second.output());
    await database.drop();
  });

  it('a load killed at any moment of the drop folder, also between commit and move, is whole once', async () => {
    const database = await testDatabase();
    const environment = {
      DATA_DIR: folder(),
      DATABASE_URL: database.connectionString,
      SAMPLES: 'off',
      LOG_LEVEL: 'info',
    };
    const drop = path.join(environment.DATA_DIR, 'drop');
    mkdirSync(drop, { recursive: true });
    const name = 'raw-activities-1750000000.csv';
    const rows = Array.from({ length: 20_000 }, (_, n) => ({ ActivityId: n + 1 }));
    const text = exportFile('tracebuzz/activities', rows);
    writeFileSync(path.join(drop, name), text);
    const first = await serve(environment);
    // Most often in the middle of the load; a fast machine has ended it, and the next start then finds nothing to do.
    await pause(2300);
    first.child.kill('SIGKILL');
    await first.ended;
    const second = await serve(environment);
    await until('the file is moved', () => !existsSync(path.join(drop, name)), 120_000);
    assert.equal(await (await fetch(`${second.root}TracebuzzActivities/$count`)).text(), '20000');
    second.child.kill('SIGKILL');
    await second.ended;
    // What a kill between commit and move leaves: the ledger knows the bytes, the file is still there.
    writeFileSync(path.join(drop, name), text);
    const third = gateway(['serve'], { ...environment, PORT: '0' });
    await third.printed(/"outcome":"duplicate"/);
    await until('the file is moved', () => !existsSync(path.join(drop, name)));
    third.child.kill('SIGTERM');
    assert.equal(await third.ended, 0, third.output());
    await database.drop();
  });
});
