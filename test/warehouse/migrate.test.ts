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
    const { rows } = await database.query(`SELECT 1 FROM pg_namespace WHERE nspname IN ('gateway', 'feed')`);
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
      `INSERT INTO gateway.load (source, export, file_name, path, sha256, size_bytes, state, rows_read, rows_inserted, rows_updated, rows_unchanged, rows_rejected, rows_duplicate)
       VALUES ('s', 'e', 'f', 'p', repeat('a', 64), 1, 'loaded', ${counts})`,
    );

  it('keeps a ledger in which every row of a loaded file is accounted for, once for the same bytes', async () => {
    await migrate(database);
    await assert.rejects(load('10, 1, 2, 3, 4, 5'), (error: Error) =>
      /every_row_is_accounted_for/.test(String(error.cause)),
    );
    await load('15, 1, 2, 3, 4, 5');
    await assert.rejects(load('15, 1, 2, 3, 4, 5'), (error: Error) => /same_bytes_once/.test(String(error.cause)));
  });

  it('has ledger views with a column _row', async () => {
    await migrate(database);
    for (const view of ['loads', 'load_rejects', 'load_drift']) {
      await database.query(`SELECT _row FROM gateway.${view}`);
    }
  });
});
