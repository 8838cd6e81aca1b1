import assert from 'node:assert/strict';
import { Readiness } from '../../src/commands/serving/readiness.ts';
import { healthRoutes, type UnreadyPart } from '../../src/http/operations/health.ts';
import { authentication } from '../../src/http/sign-in/authentication.ts';
import { DatabaseProbe, type ProbeFinding } from '../../src/warehouse/database-probe.ts';
import { useFeed } from '../ingest/support/feed.ts';
import { type DatabaseGate, databaseGate } from '../support/database-gate.ts';
import { testDatabase } from '../support/postgres.ts';
import { knownKeys } from './signing-in.ts';
import { startTestServer, type TestServer } from './test-server.ts';

describe('health', () => {
  describe('readiness', () => {
    it('is that of the program first, then that of its database', async () => {
      let finding: ProbeFinding = 'ok';
      let now = 0;
      const readiness = new Readiness(() => now);
      const looks: ProbeFinding[] = [];
      assert.equal(await readiness.unready(), 'starting');
      readiness.serves(async () => {
        looks.push(finding);
        return finding;
      });
      assert.equal(await readiness.unready(), null);
      finding = 'database';
      assert.equal(await readiness.unready(), null, 'an answer holds for a second');
      now = 1000;
      assert.deepEqual(await Promise.all([readiness.unready(), readiness.unready()]), ['database', 'database']);
      now = 2000;
      finding = 'migrations';
      assert.equal(await readiness.unready(), 'migrations');
      assert.deepEqual(looks, ['ok', 'database', 'migrations'], 'one look for all who ask');
      readiness.stops();
      assert.equal(await readiness.unready(), 'stopping');
      readiness.serves(async () => 'ok');
      assert.equal(await readiness.unready(), 'stopping', 'a start that ends late changes nothing');
    });

    it('is gone where the stop comes while the database is looked at', async () => {
      const readiness = new Readiness();
      readiness.serves(async () => {
        readiness.stops();
        return 'ok';
      });
      assert.equal(await readiness.unready(), 'stopping');
    });
  });

  describe('a look at the database', () => {
    const feed = useFeed();
    let gate: DatabaseGate;
    let probe: DatabaseProbe;
    before(async () => {
      gate = await databaseGate(feed().connectionString);
      probe = new DatabaseProbe(gate.connectionString, feed().catalogue, 400);
    });
    after(async () => {
      await probe.close();
      await gate.close();
    });

    it('finds a server that refuses, one that says nothing, and one that is back', async () => {
      assert.equal(await probe.look(), 'ok');
      gate.set('refuses');
      assert.equal(await probe.look(), 'database');
      gate.set('open');
      assert.equal(await probe.look(), 'ok');
      gate.set('silent');
      // The first one waits on its open connection, the second one for a new one.
      assert.deepEqual([await probe.look(), await probe.look()], ['database', 'database']);
      gate.set('open');
      assert.equal(await probe.look(), 'ok');
    });

    it('finds tables that are not those of this program or its metadata', async () => {
      const empty = await testDatabase();
      const other = new DatabaseProbe(empty.connectionString, feed().catalogue);
      assert.equal(await other.look(), 'migrations');
      await other.close();
      await empty.drop();
      const { database } = feed();
      await database.query(`INSERT INTO gateway.migration (name, sha256) VALUES ('999-newer.sql', 'x')`);
      assert.equal(await probe.look(), 'ok', 'a newer version is being brought in, gateway by gateway');
      await database.query(`UPDATE gateway.migration SET name = '000-other.sql' WHERE name = '999-newer.sql'`);
      assert.equal(await probe.look(), 'migrations');
      await database.query(`DELETE FROM gateway.migration WHERE name = '000-other.sql'`);
      await database.query('ALTER TABLE feed."TracebuzzCases" RENAME TO elsewhere');
      assert.equal(await probe.look(), 'metadata');
      await database.query('ALTER TABLE feed.elsewhere RENAME TO "TracebuzzCases"');
      assert.equal(await probe.look(), 'ok');
    });
  });

  describe('over HTTP', () => {
    let server: TestServer;
    let part: UnreadyPart | null = null;
    before(async () => {
      server = await startTestServer({
        // Nobody may read, and everybody may ask how it is.
        authentication: authentication({ basic: null, keys: knownKeys({}) }, 'key'),
        beside: (app) => healthRoutes(app, { unready: async () => part }),
      });
    });
    after(() => server.close());

    async function ask(path: string, method = 'GET') {
      const reply = await fetch(new URL(path, server.root), { method });
      return { status: reply.status, text: await reply.text(), headers: reply.headers };
    }

    it('needs no credentials, is not kept by anybody, and says nothing beyond which part is missing', async () => {
      assert.equal((await ask('/odata/')).status, 401);
      const live = await ask('/health/live');
      assert.deepEqual([live.status, live.text], [200, '{"status":"live"}']);
      assert.equal(live.headers.get('cache-control'), 'no-store');
      const ready = await ask('/health/ready');
      assert.deepEqual([ready.status, ready.text, ready.headers.get('retry-after')], [200, '{"status":"ready"}', null]);
      for (const missing of ['starting', 'database', 'migrations', 'metadata', 'stopping'] as const) {
        part = missing;
        const { status, text, headers } = await ask('/health/ready');
        assert.deepEqual([status, text], [503, `{"status":"unavailable","part":"${missing}"}`]);
        assert.equal(headers.get('retry-after'), '5');
        assert.equal((await ask('/health/live')).status, 200);
        assert.deepEqual(
          [(await ask('/health/ready', 'HEAD')).status, (await ask('/health/ready', 'HEAD')).text],
          [503, ''],
        );
      }
    });
  });
});
