import assert from 'node:assert/strict';
import { GatewayError } from '../../src/errors.ts';
import type { Database } from '../../src/warehouse/database.ts';
import { checkServer, openDatabase } from '../../src/warehouse/postgres-database.ts';
import { migratedDatabase } from '../support/made-databases.ts';
import type { TestDatabase } from '../support/postgres.ts';

const patient = { timeout: 10_000, signal: new AbortController().signal };

describe('openDatabase', () => {
  let store: TestDatabase;
  let database: Database;

  before(async () => {
    store = await migratedDatabase();
    database = await openDatabase({ connection: store.connectionString });
    await database.query('CREATE TABLE feed."T" (a integer, b text)');
    await database.query('GRANT SELECT ON feed."T" TO gateway_reader');
  });
  after(async () => {
    await database.close();
    await database.close();
    await store.drop();
  });

  it('keeps digits and instants as text', async () => {
    const { rows } = await database.query(
      `SELECT 9007199254740993::bigint AS big, 1.10::numeric AS decimal, '2024-02-29T12:00:00.123456+02'::timestamptz AS instant,
              '2024-02-29'::date AS day, '26:00:01'::interval AS span, '\\x00ff'::bytea AS bytes, 0.1::float8 AS double`,
    );
    assert.deepEqual(rows, [
      {
        big: '9007199254740993',
        decimal: '1.10',
        instant: '2024-02-29 10:00:00.123456+00',
        day: '2024-02-29',
        span: 'PT26H1S',
        bytes: Buffer.from([0, 255]),
        double: 0.1,
      },
    ]);
  });

  it('commits work that resolves, and rolls back work that throws its own error', async () => {
    await database.transaction((transaction) => transaction.query('INSERT INTO feed."T" VALUES ($1, $2)', [1, 'x']));
    const own = new RangeError('mine');
    const failing = database.transaction(async (transaction) => {
      await transaction.query('INSERT INTO feed."T" VALUES (2)');
      throw own;
    });
    await assert.rejects(failing, (error) => error === own);
    assert.deepEqual((await database.query('SELECT a FROM feed."T"')).rows, [{ a: 1 }]);
  });

  it('refuses to end a transaction quietly whose statement failed', async () => {
    const swallowing = database.transaction(async (transaction) => {
      await transaction.query('INSERT INTO feed."T" VALUES (3)');
      await transaction.query('SELECT 1/0').catch(() => {});
    });
    await assert.rejects(swallowing, { code: 'Internal' });
    assert.deepEqual((await database.query('SELECT a FROM feed."T"')).rows, [{ a: 1 }]);
  });

  it('copies bytes in and counts the rows', async () => {
    async function* bytes(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('10\tte');
      yield Buffer.from('n\n11\t\\N\n');
    }
    const copied = await database.transaction(async (transaction) => {
      const count = await transaction.copyIn('COPY feed."T" FROM STDIN', bytes());
      return { count, ...(await transaction.query('SELECT a, b FROM feed."T" WHERE a >= 10 ORDER BY a')) };
    });
    assert.deepEqual(
      [copied.count, copied.rows],
      [
        2,
        [
          { a: 10, b: 'ten' },
          { a: 11, b: null },
        ],
      ],
    );
  });

  it('takes back everything when the bytes to copy break off, or are not what the table takes', async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('20\tx\n');
      throw new RangeError('disk');
    }
    async function* wrong(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('twenty\tx\n');
    }
    const copy = (bytes: AsyncIterable<Uint8Array>): Promise<number> =>
      database.transaction((transaction) => transaction.copyIn('COPY feed."T" FROM STDIN', bytes));
    await assert.rejects(copy(broken()), { name: 'RangeError', message: 'disk' });
    await assert.rejects(copy(wrong()), { code: 'ComputationFailed' });
    assert.deepEqual((await database.query('SELECT a FROM feed."T" WHERE a = 20')).rows, []);
  });

  it('reads as a role that cannot write and does not see the bookkeeping', async () => {
    const attempt = (text: string): Promise<unknown> => database.read((session) => session.query(text), patient);
    for (const text of [
      'INSERT INTO feed."T" VALUES (9)',
      'CREATE TABLE feed.x ()',
      'SELECT * FROM gateway.load',
      'DROP TABLE feed."T"',
    ]) {
      await assert.rejects(attempt(text), { code: /^(Internal|RestartNeeded)$/ }, text);
    }
    await attempt('SELECT * FROM gateway.loads');
  });

  it('reads one state of the data in all statements of a session', async () => {
    await database.read(async (session) => {
      const count = (): Promise<unknown> => session.query('SELECT count(*) AS n FROM feed."T"').then((r) => r.rows);
      const before = await count();
      await database.query('INSERT INTO feed."T" VALUES (99)');
      assert.deepEqual(await count(), before);
    }, patient);
  });

  it('formats values the same whatever the session was set to', async () => {
    const { rows } = await database.read(
      (session) =>
        session.query(
          `SELECT current_setting('TimeZone') AS zone, current_setting('DateStyle') AS style, current_setting('IntervalStyle') AS span,
                  current_setting('extra_float_digits') AS digits, current_setting('bytea_output') AS bytes, current_setting('statement_timeout') AS timeout, current_user AS role`,
        ),
      patient,
    );
    assert.deepEqual(rows, [
      {
        zone: 'UTC',
        style: 'ISO, MDY',
        span: 'iso_8601',
        digits: '1',
        bytes: 'hex',
        timeout: '10s',
        role: 'gateway_reader',
      },
    ]);
  });

  it('has no statement compiled, also where the server would', async () => {
    await database.query(`ALTER DATABASE "${store.name}" SET jit = on`);
    const compiling = await openDatabase({ connection: store.connectionString });
    const asked = `SELECT current_setting('jit') AS jit, (SELECT reset_val FROM pg_settings WHERE name = 'jit') AS server`;
    const off = [{ jit: 'off', server: 'on' }];
    try {
      assert.deepEqual((await compiling.query(asked)).rows, off);
      assert.deepEqual((await compiling.transaction((transaction) => transaction.query(asked))).rows, off);
      assert.deepEqual((await compiling.read((session) => session.query(asked), patient)).rows, off);
    } finally {
      await compiling.close();
      await database.query(`ALTER DATABASE "${store.name}" RESET jit`);
    }
  });

  it('maps what PostgreSQL says to codes', async () => {
    const cases = [
      ['SELECT 1/0', 'ComputationFailed'],
      [`SELECT 'x'::integer`, 'ComputationFailed'],
      [`SELECT '2024-13-01'::date`, 'ComputationFailed'],
      ['SELECT 1e400::float8', 'ComputationFailed'],
      [`SELECT 'a' ~ '('`, 'LimitExceeded'],
      ['SELECT nonsense', 'Internal'],
    ] as const;
    for (const [text, code] of cases) {
      await assert.rejects(
        database.read((session) => session.query(text), patient),
        { code },
        text,
      );
    }
  });

  it('D3 the message says what is so: Busy when no connection is free in time', async () => {
    const small = await openDatabase({ connection: store.connectionString, readers: 1, patience: 100 });
    await small.read(async () => {
      await assert.rejects(
        small.read(async () => {}, patient),
        { code: 'Busy', message: /all 1 connections to PostgreSQL are in use/ },
      );
    }, patient);
    await small.close();
  });

  it('says where it cannot connect', async () => {
    const nobody = openDatabase({ connection: 'postgres://a:b@127.0.0.1:1/x' });
    await assert.rejects(nobody, (error: GatewayError) => {
      assert.equal(error.code, 'DatabaseUnavailable');
      assert.match(error.message, /127\.0\.0\.1:1/);
      return true;
    });
    const missing = openDatabase({ connection: store.connectionString.replace(store.name, 'no_such_database') });
    await assert.rejects(missing, { code: 'DatabaseUnavailable', message: /no_such_database/ });
  });

  it('refuses PostgreSQL before 16 and databases that are not UTF-8', () => {
    const server = { version: '15.18', number: 150_018, encoding: 'UTF8' };
    assert.throws(() => checkServer(server), { code: 'DatabaseUnsupported', message: /15\.18.*16 or newer/ });
    const latin = { version: '16.1', number: 160_001, encoding: 'LATIN1' };
    assert.throws(() => checkServer(latin), { code: 'DatabaseUnsupported', message: /LATIN1/ });
    checkServer({ version: '16.0', number: 160_000, encoding: 'UTF8' });
    assert.ok(new GatewayError('DatabaseUnsupported', '').recovery === 'fatal');
  });
});
