import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import type { ServerAddress } from '../../src/embedded/address.ts';
import { startEmbeddedServer } from '../../src/embedded/embedded-server.ts';
import type { Database } from '../../src/warehouse/database.ts';
import { migrate } from '../../src/warehouse/migrate.ts';
import { openDatabase } from '../../src/warehouse/postgres-database.ts';
import { provision } from '../../src/warehouse/tables/provision.ts';
import { catalogueOf } from '../support/catalogue-of.ts';
import { metadataFolder } from '../support/gateway.ts';

const settings = { fsync: 'off', shared_buffers: '32MB' };
const patient = { timeout: 10_000, signal: new AbortController().signal };
/** What is neither PostgreSQL's own nor the owner's. */
const foreign = `
  SELECT c.relname AS name, pg_get_userbyid(c.relowner) AS owner FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' AND pg_get_userbyid(c.relowner) <> 'gateway_owner'
  UNION ALL
  SELECT p.proname, pg_get_userbyid(p.proowner) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
   WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' AND pg_get_userbyid(p.proowner) <> 'gateway_owner'
  UNION ALL
  SELECT nspname, pg_get_userbyid(nspowner) FROM pg_namespace
   WHERE nspname NOT LIKE 'pg\\_%' AND nspname NOT IN ('information_schema', 'public') AND pg_get_userbyid(nspowner) <> 'gateway_owner'
  UNION ALL
  SELECT datname, pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database() AND pg_get_userbyid(datdba) <> 'gateway_owner'`;

describe('the role that the gateway signs in as at its own server', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-owner-'));
  const dataDir = path.join(folder, 'data');
  const catalogue = catalogueOf(metadataFolder);
  before(() => chmodSync(folder, 0o755));
  after(() => rmSync(folder, { recursive: true, force: true }));

  async function within<T>(work: (database: Database, administrator: ServerAddress) => Promise<T>): Promise<T> {
    const server = await startEmbeddedServer({ dataDir, settings });
    try {
      const database = await openDatabase({ connection: server.address });
      try {
        return await work(database, server.administrator);
      } finally {
        await database.close();
      }
    } finally {
      await server.stop();
    }
  }
  async function ask(address: ServerAddress, text: string): Promise<void> {
    const client = new pg.Client({ ...address });
    await client.connect();
    try {
      await client.query(text);
    } finally {
      await client.end();
    }
  }

  it('owns the database and makes all that a gateway needs, and is no superuser', async () => {
    await within(async (database) => {
      await migrate(database);
      await provision(database, catalogue);
      const { rows } = await database.query(
        `SELECT rolname AS name, concat_ws(',', rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls) AS may FROM pg_roles WHERE rolname = current_user`,
      );
      assert.deepEqual(rows, [{ name: 'gateway_owner', may: 'f,f,f,f,f' }]);
      assert.deepEqual((await database.query(foreign)).rows, []);
      const statements = [
        `SELECT pg_read_file('PG_VERSION')`,
        `COPY (SELECT 1) TO PROGRAM 'true'`,
        `COPY (SELECT 1) TO '/tmp/gateway-never'`,
        `CREATE ROLE other SUPERUSER`,
        `ALTER ROLE gateway_owner SUPERUSER`,
        `SET ROLE gateway`,
        `ALTER SYSTEM SET work_mem = '1MB'`,
        `CREATE EXTENSION dblink`,
      ];
      for (const text of statements) {
        await assert.rejects(
          database.query(text),
          (error: Error) => /42501|0A000/.test(String((error.cause as { code?: string }).code)),
          text,
        );
      }
      const asked = await database.read(
        (session) =>
          session.query(`SELECT current_user AS name, current_setting('temp_file_limit') <> '-1' AS bounded`),
        patient,
      );
      assert.deepEqual(asked.rows, [{ name: 'gateway_reader', bounded: false }]);
      const { rows: may } = await database.query(
        `SELECT has_parameter_privilege('temp_file_limit', 'SET') AS bounds, has_function_privilege('pg_ls_waldir()', 'EXECUTE') AS sizes`,
      );
      assert.deepEqual(may, [{ bounds: true, sizes: true }]);
    });
  });

  it('takes over what an earlier version made as the superuser, with all rows and rights', async () => {
    await within(async (database, administrator) => {
      await database.query(
        `INSERT INTO gateway.load (source, export, file_name, path, sha256, size_bytes, state) VALUES ('s', 'e', 'f', 'p', repeat('a', 64), 1, 'duplicate')`,
      );
      await database.close();
      await ask(
        administrator,
        'REASSIGN OWNED BY gateway_owner TO gateway; DROP OWNED BY gateway_owner; REVOKE ALL ON PARAMETER temp_file_limit FROM gateway_owner',
      );
      await ask({ ...administrator, database: 'postgres' }, 'DROP OWNED BY gateway_owner; DROP ROLE gateway_owner');
    });
    await within(async (database) => {
      assert.deepEqual((await database.query(foreign)).rows, []);
      assert.deepEqual((await migrate(database)).applied, []);
      await provision(database, catalogue);
      const { rows } = await database.query('SELECT file_name FROM gateway.load');
      assert.deepEqual(rows, [{ file_name: 'f' }]);
      await database.transaction(async (transaction) => {
        await transaction.query(
          'ALTER TABLE feed."TracebuzzCases" ADD COLUMN never integer; CREATE TABLE feed.beside (a integer); DROP TABLE feed.beside',
        );
        await transaction.query('ROLLBACK AND CHAIN');
      });
      const read = (text: string) => database.read((session) => session.query(text), patient);
      assert.deepEqual((await read('SELECT count(*)::int AS n FROM feed."TracebuzzCases"')).rows, [{ n: 0 }]);
      await assert.rejects(read('SELECT * FROM gateway.load'), { code: 'RestartNeeded' });
      const { rows: fresh } = await read(`SELECT count(*)::int AS n FROM gateway.freshness_at(now())`);
      assert.equal(fresh.length, 1);
    });
    // Nothing is left to do, and nothing fails for it.
    await within(async (database) => {
      assert.deepEqual((await database.query(foreign)).rows, []);
    });
  });
});
