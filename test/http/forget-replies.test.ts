import assert from 'node:assert/strict';
import { ForgetReplies } from '../../src/commands/serving/forget-replies.ts';
import { openDatabase } from '../../src/warehouse/postgres-database.ts';
import { migratedDatabase } from '../support/made-databases.ts';
import { type CacheServer, startCacheServer } from './reply-cache/cache-server.ts';

describe('http: kept replies are forgotten when somebody was erased', () => {
  let server: CacheServer;
  let forget = async (): Promise<void> => {};
  before(async () => {
    server = await startCacheServer({
      onForgetting: (forgetting) => {
        forget = forgetting;
      },
    });
  });
  after(() => server.close());

  it('shared ones and those of asynchronous requests', async () => {
    await server.wire('Cases');
    await server.settled();
    await server.wire('Cases');
    assert.ok(server.fromCache());
    const accepted = await server.feed.get('Cases?$top=3', { Prefer: 'respond-async' });
    const monitor = accepted.headers.get('location') ?? '';
    assert.equal(accepted.status, 202);
    await forget();
    assert.equal((await fetch(monitor)).status, 404);
    await server.wire('Cases');
    assert.ok(!server.fromCache());
    await server.settled();
    await server.wire('Cases');
    assert.ok(server.fromCache());
  });

  it('by a gateway that looks for erasures of others', async () => {
    const { connectionString, drop } = await migratedDatabase();
    const database = await openDatabase({ connection: connectionString });
    let times = 0;
    const replies = new ForgetReplies(database, async () => void times++);
    await replies.look();
    await replies.look();
    assert.equal(times, 0);
    await database.query('INSERT INTO gateway.erasure DEFAULT VALUES');
    await replies.look();
    await replies.look();
    assert.equal(times, 1);
    await database.close();
    await drop();
  });
});
