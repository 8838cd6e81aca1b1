import assert from 'node:assert/strict';
import { appendFileSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Database } from '../../src/warehouse/database.ts';
import { migrate, migrationsFolder } from '../../src/warehouse/migrate.ts';
import { openDatabase } from '../../src/warehouse/postgres-database.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';

describe('migrate', () => {
  let store: TestDatabase;
  let database: Database;
  let folder: string;
  const files = readdirSync(migrationsFolder).filter((name) => name.endsWith('.sql'));

  beforeEach(async () => {
    store = await testDatabase();
    database = await openDatabase({ connection: store.connectionString });
    folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-migrations-'));
    cpSync(migrationsFolder, folder, { recursive: true });
  });
  afterEach(async () => {
    await database.close();
    await store.drop();
    rmSync(folder, { recursive: true });
  });

  it('runs each migration once, also when gateways start at once', async () => {
    const reports = await Promise.all([migrate(database), migrate(database), migrate(database)]);
    assert.deepEqual(reports.flatMap((report) => report.applied).sort(), files.sort());
    assert.deepEqual(await migrate(database), { applied: [], earlier: files.length });
  });

  it('refuses a file that changed, but not changed line ends', async () => {
    await migrate(database, folder);
    const first = path.join(folder, files[0] ?? '');
    writeFileSync(first, readFileSync(first, 'utf8').replaceAll('\n', '\r\n'));
    await migrate(database, folder);
    appendFileSync(first, '-- more\n');
    await assert.rejects(migrate(database, folder), {
      code: 'MigrationRefused',
      message: /001-ledger\.sql has changed/,
    });
  });

  it('refuses a database that a newer gateway has migrated', async () => {
    const newer = `${String(files.length + 1).padStart(3, '0')}-newer.sql`;
    writeFileSync(path.join(folder, newer), 'SELECT 1;');
    await migrate(database, folder);
    await assert.rejects(migrate(database), { code: 'MigrationRefused', message: new RegExp(newer) });
  });

  it('keeps the newest tombstone of each key', async () => {
    const before = mkdtempSync(path.join(os.tmpdir(), 'gateway-migrations-'));
    for (const name of files.filter((one) => one < '005')) {
      cpSync(path.join(folder, name), path.join(before, name));
    }
    await migrate(database, before);
    rmSync(before, { recursive: true });
    const tombstones = [
      ['A', 1, 4],
      ['A', 1, 7],
      ['A', 1, 5],
      ['A', 2, 5],
      ['B', 1, 6],
    ] as const;
    for (const [set, id, version] of tombstones) {
      await database.query(
        `INSERT INTO gateway.tombstones (entity_set, key, version) VALUES ($1, jsonb_build_object('Id', $2::bigint), $3)`,
        [set, String(id), String(version)],
      );
    }
    await migrate(database);
    const { rows } = await database.query<{ told: string }>(
      `SELECT entity_set || (key->>'Id') || '@' || version AS told FROM gateway.tombstones ORDER BY 1`,
    );
    assert.deepEqual(
      rows.map(({ told }) => told),
      ['A1@7', 'A2@5', 'B1@6'],
    );
  });

  it('refuses a gap in the numbers', async () => {
    writeFileSync(path.join(folder, '099-gap.sql'), 'SELECT 1;');
    await assert.rejects(migrate(database, folder), {
      code: 'MigrationRefused',
      message: /099-gap\.sql is out of order/,
    });
  });

  it('leaves nothing behind when one of several fails', async () => {
    const next = `${String(files.length + 1).padStart(3, '0')}-broken.sql`;
    writeFileSync(path.join(folder, next), 'CREATE TABLE gateway.half (); SELEKT;');
    await assert.rejects(migrate(database, folder), { code: 'Internal' });
    const { rows } = await database.query(
      `SELECT 1 FROM pg_namespace WHERE nspname IN ('gateway', 'feed', 'gateway_archive')`,
    );
    assert.deepEqual(rows, []);
  });

  it('says what an administrator must do where the user may not make the role', async () => {
    const user = `u_${store.name}`;
    await database.query(`CREATE ROLE ${user} LOGIN PASSWORD 'p'`);
    await database.query(`GRANT CREATE ON DATABASE ${store.name} TO ${user}`);
    const url = new URL(store.connectionString.replace(/\/\/[^@]*@/, `//${user}:p@`));
    const poor = await openDatabase({ connection: url.href });
    try {
      await assert.rejects(migrate(poor), { code: 'MigrationRefused', message: /GRANT gateway_reader TO/ });
    } finally {
      await poor.close();
      await database.query(`DROP OWNED BY ${user}; DROP ROLE ${user}`);
    }
  });

  it('works for an owner who is no superuser', async () => {
    await migrate(database);
    const user = `o_${store.name}`;
    const own = await testDatabase();
    await database.query(
      `CREATE ROLE ${user} LOGIN CREATEROLE PASSWORD 'p'; GRANT gateway_reader TO ${user} WITH ADMIN TRUE, SET FALSE`,
    );
    await database.query(`ALTER DATABASE ${own.name} OWNER TO ${user}`);
    const plain = await openDatabase({ connection: own.connectionString.replace(/\/\/[^@]*@/, `//${user}:p@`) });
    try {
      await migrate(plain);
      const options = { timeout: 5000, signal: new AbortController().signal };
      const { rows } = await plain.read((session) => session.query('SELECT current_user AS role'), options);
      assert.deepEqual(rows, [{ role: 'gateway_reader' }]);
    } finally {
      await plain.close();
      await own.drop();
      await database.query(`DROP ROLE ${user}`);
    }
  });

  const load = (counts: string): Promise<unknown> =>
    database.query(
      `INSERT INTO gateway.load (source, export, file_name, path, sha256, size_bytes, state, removal, rows_read, rows_inserted, rows_updated, rows_unchanged, rows_rejected, rows_duplicate)
       VALUES ('s', 'e', 'f', 'p', repeat('a', 64), 1, 'loaded', 'done', ${counts})`,
    );

  it('keeps a ledger in which every row of a loaded file is accounted for, once for the same bytes', async () => {
    await migrate(database);
    await assert.rejects(load('10, 1, 2, 3, 4, 5'), (error: Error) =>
      /every_row_is_accounted_for/.test(String(error.cause)),
    );
    await load('15, 1, 2, 3, 4, 5');
    await assert.rejects(load('15, 1, 2, 3, 4, 5'), (error: Error) => /same_bytes_once/.test(String(error.cause)));
  });

  it('gives loads of earlier versions their outcomes as data, and refuses others', async () => {
    const before = mkdtempSync(path.join(os.tmpdir(), 'gateway-migrations-'));
    for (const name of files.filter((one) => one < '010')) {
      cpSync(path.join(folder, name), path.join(before, name));
    }
    await migrate(database, before);
    rmSync(before, { recursive: true });
    const joined = 'One line that repeats the header was passed over: several files seem to be joined to this one.';
    const keyless = 'Nothing was removed: the keys of 12 rejected rows are not known.';
    const later = 'A newer file of the same period was loaded before: no row of this one counts.';
    const empty = 'The file is empty, without a header: nothing was removed.';
    // State, `removes`, message, and whether rows were rejected; then removal, its message, the rest of the message, the code.
    const loads = [
      ['loaded', true, null, false, 'done', null, null, null],
      ['loaded', true, joined, false, 'done', null, joined, null],
      ['loaded', false, `${keyless} ${joined}`, true, 'withheld-keyless', keyless, joined, null],
      ['loaded', false, keyless, true, 'withheld-keyless', keyless, null, null],
      ['loaded', false, later, false, 'superseded', later, null, null],
      ['loaded', false, empty, false, 'withheld-no-header', empty, null, null],
      ['loaded', false, null, true, 'withheld-keyless', null, null, null],
      // From before there was `removes`, when a message of any kind stood for it.
      ['loaded', false, joined, false, 'done', null, joined, null],
      ['duplicate', true, 'same bytes as load 1 (a.csv)', false, null, null, 'same bytes as load 1 (a.csv)', null],
      ['refused', true, 'FileEmpty: a: b', false, null, null, 'FileEmpty: a: b', 'FileEmpty'],
      ['failed', true, 'FileChangedAfterLoad: x', false, null, null, 'FileChangedAfterLoad: x', 'FileChangedAfterLoad'],
      ['failed', true, 'no code', false, null, null, 'no code', 'Internal'],
    ] as const;
    const served = `SELECT "Message" AS message FROM gateway.loads ORDER BY "LoadId"`;
    for (const [index, [state, removes, message, rejects]] of loads.entries()) {
      const { rows } = await database.query<{ load_id: string }>(
        `INSERT INTO gateway.load (source, export, file_name, path, sha256, size_bytes, state, removes, message) VALUES ('s', 'e', 'f', 'p', lpad($1, 64, '0'), 1, $2, $3, $4) RETURNING load_id::text`,
        [String(index), state, removes, message],
      );
      if (rejects) {
        await database.query(`INSERT INTO gateway.reject (load_id, code, message) VALUES ($1, 'TOO_LONG', 'm')`, [
          rows[0]?.load_id,
        ]);
      }
    }
    const messages = (await database.query(served)).rows;
    await migrate(database);
    const { rows } = await database.query<{ told: unknown[] }>(
      `SELECT jsonb_build_array(removal, removal_message, message, outcome_code) AS told FROM gateway.load ORDER BY load_id`,
    );
    assert.deepEqual(
      rows.map(({ told }) => told),
      loads.map((one) => one.slice(4)),
    );
    assert.deepEqual((await database.query(served)).rows, messages);
    const wrong = [`removal = 'gone' WHERE state = 'loaded'`, `outcome_code = 'a b' WHERE state = 'failed'`];
    for (const assignment of [...wrong, `removal = NULL`, `outcome_code = NULL`]) {
      await assert.rejects(database.query(`UPDATE gateway.load SET ${assignment}`), (error: Error) =>
        /load_(removal_is_known|outcome_has_its_code)/.test(String(error.cause)),
      );
    }
  });

  it('has ledger views with a column _row', async () => {
    await migrate(database);
    for (const view of ['loads', 'load_rejects', 'load_drift']) {
      await database.query(`SELECT _row FROM gateway.${view}`);
    }
  });
});
