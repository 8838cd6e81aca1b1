import assert from 'node:assert/strict';
import { pipeline } from 'node:stream/promises';
import fc from 'fast-check';
import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { GatewayError } from '../../src/errors.ts';
import type { Database, ReadSession } from '../../src/warehouse/database.ts';
import { openDatabase } from '../../src/warehouse/postgres-database.ts';
import { migratedDatabase } from '../support/made-databases.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { until } from '../support/until.ts';

const patient = { timeout: 60_000, signal: new AbortController().signal };

describe('copyOut', () => {
  let store: TestDatabase;
  let database: Database;

  before(async () => {
    store = await migratedDatabase();
    // One reader: whatever a test leaves behind on the connection, the next test meets.
    database = await openDatabase({ connection: store.connectionString, readers: 1 });
  });
  after(async () => {
    await database.close();
    await store.drop();
  });

  const rowsOf = async (session: ReadSession, select: string): Promise<string[]> => {
    const rows: string[] = [];
    for await (const batch of session.copyOut(select)) {
      for (let row = 0; row < batch.count; row++) {
        rows.push(batch.buffer.toString('utf8', batch.starts[row], batch.ends[row]));
      }
    }
    return rows;
  };
  const read = (select: string): Promise<string[]> => database.read((session) => rowsOf(session, select), patient);
  const reusable = async (): Promise<void> => assert.deepEqual(await read('SELECT 1'), ['1']);

  it('equals pg-copy-streams for any text', async () => {
    const client = new pg.Client({ connectionString: store.connectionString });
    await client.connect();
    const text = fc.string({ unit: 'grapheme', maxLength: 300 }).map((value) => value.replaceAll('\0', ''));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(text, fc.integer(), fc.boolean())), fc.nat(200), async (rows, times) => {
        const values = rows.map(
          ([s, n, b]) => `(${client.escapeLiteral(s)}::text, ${String(n)}::bigint, ${String(b)})`,
        );
        const source =
          values.length === 0 ? '(SELECT NULL::text, 1, true WHERE false)' : `(VALUES ${values.join(',')})`;
        const select = `SELECT v.*, NULL AS n FROM ${source} AS v, generate_series(1, ${String(times)})`;
        const chunks: Buffer[] = [];
        await pipeline(client.query(copyTo(`COPY (${select}) TO STDOUT`)), async (stream) => {
          for await (const chunk of stream) {
            chunks.push(chunk as Buffer);
          }
        });
        const expected = Buffer.concat(chunks).toString('utf8');
        assert.equal((await read(select)).map((row) => `${row}\n`).join(''), expected);
      }),
      { numRuns: 40 },
    );
    await client.end();
  });

  it('gives many rows in order, more than one buffer holds', async () => {
    const rows = await read(`SELECT i, repeat('x', i % 500) FROM generate_series(1, 20000) AS i`);
    assert.equal(rows.length, 20_000);
    rows.forEach((row, index) => {
      assert.equal(row, `${String(index + 1)}\t${'x'.repeat((index + 1) % 500)}`);
    });
  });

  it('gives a row of 10 MB between short ones', async () => {
    const rows = await read(`VALUES ('a'), (repeat('é', 5000000)), ('b')`);
    assert.deepEqual([rows[0], rows[2], rows.length], ['a', 'b', 3]);
    assert.equal(rows[1], 'é'.repeat(5_000_000));
    await reusable();
  });

  it('gives no batch for no rows', async () => {
    assert.deepEqual(await read('SELECT 1 WHERE false'), []);
    await reusable();
  });

  it('gives the rows before an error, then throws it', async () => {
    const seen: string[] = [];
    const failing = database.read(async (session) => {
      for await (const batch of session.copyOut('SELECT i, 1 / (4001 - i) FROM generate_series(1, 5000) AS i')) {
        for (let row = 0; row < batch.count; row++) {
          seen.push(batch.buffer.toString('utf8', batch.starts[row], batch.ends[row]).split('\t')[0] ?? '');
        }
      }
    }, patient);
    await assert.rejects(failing, (error: GatewayError) => {
      assert.equal(error.code, 'ComputationFailed');
      assert.match(error.message, /division by zero/);
      return true;
    });
    assert.deepEqual([seen.length, seen.at(-1)], [4000, '4000']);
    await reusable();
  });

  it('throws the error of a statement that PostgreSQL does not understand', async () => {
    await assert.rejects(read('SELEKT 1'), { code: 'Internal' });
    await reusable();
  });

  it('refuses a second statement behind a semicolon', async () => {
    await assert.rejects(read(`SELECT 1) TO STDOUT; RESET ROLE; COPY (SELECT 2`), (error: GatewayError) => {
      assert.match(String((error.cause as Error).message), /multiple commands/);
      return true;
    });
    await assert.rejects(
      database.read((session) => session.query('RESET ROLE; SELECT 1'), patient),
      (error: GatewayError) => /multiple commands/.test(String((error.cause as Error).message)),
    );
    await reusable();
  });

  it('cancels the statement when the caller aborts midway', async () => {
    const controller = new AbortController();
    const aborted = database.read(
      async (session) => {
        let count = 0;
        for await (const batch of session.copyOut('SELECT generate_series(1, 100000000)')) {
          count += batch.count;
          if (count > 1000) {
            controller.abort();
          }
        }
      },
      { timeout: 60_000, signal: controller.signal },
    );
    await assert.rejects(aborted, { name: 'AbortError' });
    await reusable();
    await nothingRuns();
  });

  it('cancels a statement that has sent no row yet when the caller aborts', async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 100);
    const sleeping = 'SELECT pg_sleep(30)';
    const options = { timeout: 60_000, signal: controller.signal };
    await assert.rejects(
      database.read((session) => rowsOf(session, sleeping), options),
      { name: 'AbortError' },
    );
    const second = new AbortController();
    setTimeout(() => second.abort(), 100);
    await assert.rejects(
      database.read((session) => session.query(sleeping), { timeout: 60_000, signal: second.signal }),
      { name: 'AbortError' },
    );
    await reusable();
    await nothingRuns();
  });

  it('throws QueryTimeout when PostgreSQL takes longer than allowed', async () => {
    const options = { ...patient, timeout: 100 };
    const sleeping = 'SELECT pg_sleep(30)';
    await assert.rejects(
      database.read((session) => rowsOf(session, sleeping), options),
      { code: 'QueryTimeout' },
    );
    await assert.rejects(
      database.read((session) => session.query(sleeping), options),
      { code: 'QueryTimeout' },
    );
    await reusable();
    await nothingRuns();
  });

  it('does not count the time a slow client needs', async () => {
    let rows = 0;
    await database.read(
      async (session) => {
        for await (const batch of session.copyOut(`SELECT repeat('x', 1000) FROM generate_series(1, 3000)`)) {
          rows += batch.count;
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      },
      { ...patient, timeout: 2000 },
    );
    assert.equal(rows, 3000);
  });

  it('reads no further than the consumer asks', async () => {
    await database.read(async (session) => {
      const rows = session.copyOut(`SELECT repeat('x', 1000) FROM generate_series(1, 200000)`)[Symbol.asyncIterator]();
      await rows.next();
      const before = process.memoryUsage().rss;
      await new Promise((resolve) => setTimeout(resolve, 300));
      const grown = process.memoryUsage().rss - before;
      assert.ok(grown < 30e6, `200 MB of rows wait in PostgreSQL, but memory grew by ${String(grown)} bytes`);
      await rows.return?.();
    }, patient);
    await reusable();
    await nothingRuns();
  });

  it('takes two statements one after the other, also after an early end', async () => {
    const first = await database.read(async (session) => {
      for await (const batch of session.copyOut('SELECT i FROM generate_series(1, 100) AS i')) {
        assert.ok(batch.count > 0);
        break;
      }
      return rowsOf(session, 'SELECT 2');
    }, patient);
    assert.deepEqual(first, ['2']);
  });

  it('throws DatabaseUnavailable when the connection is lost midway', async () => {
    const lost = database.read(async (session) => {
      const { rows } = await session.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      for await (const batch of session.copyOut(`SELECT repeat('x', 1000) FROM generate_series(1, 1000000)`)) {
        if (batch.count > 0) {
          await database.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid]);
        }
      }
    }, patient);
    await assert.rejects(lost, { code: 'DatabaseUnavailable' });
    await reusable();
  });

  it('throws DatabaseUnavailable when the server says that it ends the session and hangs up', async () => {
    const ended = database.read(async (session) => {
      const { rows } = await session.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      setTimeout(() => void database.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid]), 50);
      await rowsOf(session, 'SELECT pg_sleep(60)');
    }, patient);
    await assert.rejects(ended, { code: 'DatabaseUnavailable' });
    await reusable();
  });

  const nothingRuns = async (): Promise<void> => {
    await until('no statement runs', async () => {
      const { rows } = await database.query(
        `SELECT query FROM pg_stat_activity WHERE application_name = 'gateway reader' AND state = 'active' AND datname = current_database()`,
      );
      return rows.length === 0;
    });
  };
});
