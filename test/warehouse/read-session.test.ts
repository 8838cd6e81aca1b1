import assert from 'node:assert/strict';
import type { GatewayError } from '../../src/errors.ts';
import type { Database, ReadSession } from '../../src/warehouse/database.ts';
import { openDatabase } from '../../src/warehouse/postgres-database.ts';
import { migratedDatabase } from '../support/made-databases.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { type PostgresProxy, postgresProxy } from '../support/postgres-proxy.ts';
import { until } from '../support/until.ts';

const patient = { timeout: 60_000, signal: new AbortController().signal };
const settings = ['TimeZone', 'DateStyle', 'IntervalStyle', 'extra_float_digits', 'bytea_output'];
const asked = `SELECT concat_ws('|', ${settings.map((name) => `current_setting('${name}')`).join(', ')}, current_user, current_setting('transaction_read_only'))`;
const right = 'UTC|ISO, MDY|iso_8601|1|hex|gateway_reader|on';

describe('read sessions', () => {
  let store: TestDatabase;
  before(async () => {
    store = await migratedDatabase();
    const database = await openDatabase({ connection: store.connectionString });
    await database.query('CREATE TABLE feed."T" AS SELECT generate_series(1, 10) AS a');
    await database.query('GRANT SELECT ON feed."T" TO gateway_reader');
    await database.close();
  });
  after(() => store.drop());

  it('taken for a short one, go on to their end where somebody has seen of it', async () => {
    const database = await openDatabase({ connection: store.connectionString });
    const select = `SELECT repeat('x', 9000) FROM generate_series(1, 20) g WHERE pg_sleep(0.02) IS NOT NULL`;
    const read = (options: { readonly unseen: () => boolean; readonly seenTimeout: number }): Promise<number> =>
      database.read(
        async (session) => {
          let found = 0;
          for await (const { count } of session.copyOut(select)) {
            found += count;
          }
          return found;
        },
        { ...patient, timeout: 100, ...options },
      );
    assert.equal(await read({ unseen: () => false, seenTimeout: 60_000 }), 20);
    await assert.rejects(read({ unseen: () => true, seenTimeout: 60_000 }), { code: 'QueryTimeout' });
    await assert.rejects(read({ unseen: () => false, seenTimeout: 200 }), { code: 'QueryTimeout' });
    await database.close();
  });

  for (const pooling of [false, true]) {
    describe(pooling ? 'behind a pooler' : 'on a connection of their own', () => {
      let proxy: PostgresProxy;
      let database: Database;
      before(async () => {
        proxy = await postgresProxy(store.connectionString, { pooling });
        // One connection: what a session leaves behind, the next one meets.
        database = await openDatabase({ connection: proxy.connectionString, readers: 1, writers: 1 });
      });
      after(async () => {
        await database.close();
        await proxy.close();
      });

      const rows = async (session: ReadSession, select: string, final = false): Promise<string[]> => {
        const found: string[] = [];
        for await (const batch of session.copyOut(select, { final })) {
          for (let row = 0; row < batch.count; row++) {
            found.push(batch.buffer.toString('utf8', batch.starts[row], batch.ends[row]));
          }
        }
        return found;
      };
      const backend = (): Promise<string> =>
        database.read(async (session) => (await rows(session, 'SELECT pg_backend_pid()', true))[0] ?? '', patient);

      it('begin with their first statement, in one round trip with it, the opening query and the end', async () => {
        await backend();
        const before = proxy.roundTrips();
        const seen = await database.read(
          async (session) => [
            await rows(session, 'SELECT a FROM feed."T" ORDER BY a LIMIT 2', true),
            await session.opening(),
          ],
          { ...patient, opening: `SELECT 'one'::text, NULL::text, 'é'::text UNION ALL SELECT '', 'x', 'y'` },
        );
        assert.deepEqual(seen, [
          ['1', '2'],
          [
            ['one', null, 'é'],
            ['', 'x', 'y'],
          ],
        ]);
        assert.equal(proxy.roundTrips() - before, 1);
      });

      it('send what is set for each transaction alone where the next one may have another session', async () => {
        await backend();
        const before = proxy.statements().length;
        const select = 'SELECT a FROM feed."T" LIMIT 1';
        await database.read((session) => rows(session, select, true), { ...patient, opening: 'SELECT 1::text' });
        const sent = proxy.statements().slice(before);
        const format = sent.filter((text) => /^SET LOCAL /.test(text) && !/ROLE|statement_timeout/.test(text));
        const [asRole, unlimited] = ['SET LOCAL ROLE gateway_reader', 'SET LOCAL statement_timeout = 0'];
        assert.deepEqual(
          sent.filter((text) => !format.includes(text)),
          [
            'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY',
            ...(pooling ? [asRole, unlimited] : []),
            ...['SELECT 1::text', `COPY (${select}) TO STDOUT`, 'COMMIT'],
          ],
        );
        assert.equal(format.length > 0, pooling);
      });

      it('are of the read role and limited by the time that each one is given, one after the other', async () => {
        const asked = `SELECT current_user AS who, current_setting('statement_timeout') AS most`;
        const shown = (timeout: number): Promise<unknown> =>
          database.read(async (session) => (await session.query(asked)).rows, { ...patient, timeout });
        assert.deepEqual(await shown(50_000), [{ who: 'gateway_reader', most: '50s' }]);
        const copied = await database.read(
          (session) => rows(session, `SELECT current_user, current_setting('statement_timeout')`, true),
          patient,
        );
        assert.deepEqual(copied, ['gateway_reader\t0']);
        assert.deepEqual(await shown(40_000), [{ who: 'gateway_reader', most: '40s' }]);
      });

      it('are estimated in one round trip, and not at all where PostgreSQL refuses a statement', async () => {
        await backend();
        const estimated = (key: string, ...statements: readonly string[]): Promise<string[]> =>
          database.read((session) => rows(session, 'SELECT 1', true), {
            ...patient,
            weighed: { key, statements: () => statements, multiplies: true },
          });
        const [before, sent] = [proxy.roundTrips(), proxy.statements().length];
        assert.deepEqual(await estimated('two', 'SELECT a FROM feed."T"', 'SELECT 2'), ['1']);
        assert.deepEqual(
          proxy
            .statements()
            .slice(sent)
            .filter((text) => text.startsWith('EXPLAIN')),
          ['EXPLAIN (FORMAT JSON) SELECT a FROM feed."T"', 'EXPLAIN (FORMAT JSON) SELECT 2'],
        );
        assert.equal(proxy.roundTrips() - before, 2);
        assert.deepEqual(await estimated('refused', 'SELECT 1', 'SELECT nothing'), ['1']);
        assert.deepEqual(await estimated('hidden', 'SELECT 1; SELECT 2'), ['1']);
        const endless = 'SELECT * FROM generate_series(1, 1000000000) a, generate_series(1, 1000000000) b';
        await assert.rejects(estimated('endless', endless), { code: 'LimitExceeded' });
        assert.deepEqual(await estimated('two', 'SELECT 3'), ['1']);
      });

      it('read the opening query before, where it is asked for before', async () => {
        const opening = `SELECT 'one'::text, NULL::text`;
        const seen = await database.read(
          async (session) => [await session.opening(), await rows(session, 'SELECT 1'), await session.opening()],
          { ...patient, opening },
        );
        assert.deepEqual(seen, [[['one', null]], ['1'], [['one', null]]]);
        assert.deepEqual(await database.read((session) => session.opening(), patient), []);
      });

      it('give the opening query although the rows come by another statement first', async () => {
        const seen = await database.read(
          async (session) => {
            await session.query('SELECT 1');
            await rows(session, 'SELECT 2');
            return session.opening();
          },
          { ...patient, opening: `SELECT 'late'::text` },
        );
        assert.deepEqual(seen, [['late']]);
      });

      it('see one state of the data with the opening query', async () => {
        const opening = 'SELECT count(*)::text FROM feed."T"';
        await database.read(
          async (session) => {
            const first = await rows(session, 'SELECT count(*) FROM feed."T"');
            await database.query('INSERT INTO feed."T" VALUES (99)');
            assert.deepEqual(
              [first, first],
              [await session.opening().then(([row]) => row), await rows(session, opening)],
            );
          },
          { ...patient, opening },
        );
      });

      it('write values alike, as the read role, whatever the connection was set to and whoever runs first', async () => {
        assert.deepEqual(await database.read((session) => rows(session, asked), patient), [right]);
        assert.deepEqual(await database.read((session) => rows(session, asked, true), patient), [right]);
        const { rows: found } = await database.read((session) => session.query(`${asked} AS all`), patient);
        assert.deepEqual(found, [{ all: right }]);
      });

      if (pooling) {
        it('set the format in each transaction, since the next session knows nothing of it', async () => {
          await database.read(async () => {}, patient);
          const { rows: found } = await database.transaction(async (transaction) => {
            await transaction.query(
              `SELECT set_config('TimeZone', 'Asia/Tokyo', false), set_config('bytea_output', 'escape', false)`,
            );
            return transaction.query('SELECT 1');
          });
          assert.equal(found.length, 1);
          const zone = await database.transaction((t) => t.query(`SELECT current_setting('TimeZone') AS zone`));
          assert.deepEqual(zone.rows, [{ zone: 'UTC' }]);
        });
      }

      it('read nothing when what goes before fails, and leave the connection usable', async () => {
        const pid = await backend();
        const failing = database.read((session) => rows(session, 'SELECT a FROM feed."T"', true), {
          ...patient,
          opening: 'SELECT (1 / 0)::text',
        });
        await assert.rejects(failing, { code: 'ComputationFailed' });
        const failed = database.read(
          (session) => rows(session, 'SELECT 1 / (5 - a) FROM feed."T" ORDER BY a', true),
          patient,
        );
        await assert.rejects(failed, { code: 'ComputationFailed' });
        await assert.rejects(
          database.read((session) => rows(session, 'SELEKT', true), patient),
          { code: 'Internal' },
        );
        assert.equal(await backend(), pid);
      });

      it('leave no transaction open, also when nothing was asked', async () => {
        await database.read(async () => {}, patient);
        await database.read((session) => rows(session, 'SELECT 1', true), patient);
        await database.read((session) => rows(session, 'SELECT 1'), patient);
        await backend();
        await until('no transaction is open', async () => {
          const { rows: found } = await database.query<{ n: number }>(
            `SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'gateway reader' AND datname = current_database() AND state <> 'idle'`,
          );
          return found[0]?.n === 0;
        });
      });

      it('refuse a statement after the final one', async () => {
        const more = database.read(async (session) => {
          await rows(session, 'SELECT 1', true);
          await session.query('SELECT 2');
        }, patient);
        await assert.rejects(more, (error: GatewayError | Error) => /final statement/.test(error.message));
        await backend();
      });
    });
  }
});
