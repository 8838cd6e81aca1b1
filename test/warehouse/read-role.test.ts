import assert from 'node:assert/strict';
import type { Database } from '../../src/warehouse/database.ts';
import { openDatabase } from '../../src/warehouse/postgres-database.ts';
import { catalogueOf } from '../support/catalogue-of.ts';
import { metadataFolder } from '../support/gateway.ts';
import { provisionedDatabase } from '../support/made-databases.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { type PostgresProxy, postgresProxy } from '../support/postgres-proxy.ts';

const patient = { timeout: 10_000, signal: new AbortController().signal };
/** What reading needs besides the sets themselves: versions for ETags and delta links. */
const bookkeeping = ['gateway.set_versions', 'gateway.tombstones', 'gateway.removed_rows'];

describe('the role that reads for requests', () => {
  const catalogue = catalogueOf(metadataFolder);
  let store: TestDatabase;
  let database: Database;
  before(async () => {
    store = await provisionedDatabase(catalogue);
    database = await openDatabase({ connection: store.connectionString, readers: 1 });
  });
  after(async () => {
    await database.close();
    await store.drop();
  });

  it('may SELECT from the served relations, and do nothing else with any', async () => {
    const { rows } = await database.query<{ name: string; rights: string }>(
      `SELECT n.nspname || '.' || c.relname AS name, string_agg(p, ',' ORDER BY p) AS rights
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
              unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS p
        WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f', 'S') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
          AND CASE WHEN c.relkind = 'S' THEN has_sequence_privilege('gateway_reader', c.oid, 'USAGE, SELECT, UPDATE')
                   ELSE has_table_privilege('gateway_reader', c.oid, p) END
        GROUP BY 1`,
    );
    const served = [...catalogue.sets.values()].flatMap((set) =>
      set.kind === 'stored' ? [`${set.relation.schema}.${set.relation.name}`] : [],
    );
    assert.ok(served.length > 100);
    assert.deepEqual(rows.map(({ name }) => name).sort(), [...new Set([...served, ...bookkeeping])].sort());
    assert.deepEqual([...new Set(rows.map(({ rights }) => rights))], ['SELECT']);
  });

  it('may make nothing, is nobody else, cannot sign in, and calls five functions of ours', async () => {
    const { rows } = await database.query<Record<string, unknown>>(
      `SELECT (SELECT string_agg(nspname, ',') FROM pg_namespace WHERE has_schema_privilege('gateway_reader', oid, 'CREATE')) AS makes,
              (SELECT string_agg(r.rolname, ',') FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid WHERE m.member = 'gateway_reader'::regrole) AS member,
              (SELECT concat_ws(',', rolsuper, rolcanlogin, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls) FROM pg_roles WHERE rolname = 'gateway_reader') AS is,
              (SELECT string_agg(n.nspname || '.' || p.proname, ',' ORDER BY p.proname) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
                WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND has_schema_privilege('gateway_reader', n.oid, 'USAGE')
                  AND has_function_privilege('gateway_reader', p.oid, 'EXECUTE')) AS calls`,
    );
    assert.deepEqual(rows, [
      {
        makes: null,
        member: null,
        is: 'f,f,f,f,f,f',
        calls:
          'gateway.expected_slots,gateway.freshness_at,gateway.masked_content,gateway.masked_text,gateway.newest_row',
      },
    ]);
  });

  it('reaches no file and no program of the server', async () => {
    const statements = [
      `SELECT pg_read_file('PG_VERSION')`,
      `SELECT pg_ls_dir('.')`,
      `SELECT lo_import('PG_VERSION')`,
      `COPY (SELECT 1) TO PROGRAM 'true'`,
      `COPY (SELECT 1) TO '/dev/null'`,
      `SELECT pg_reload_conf()`,
      `SELECT * FROM pg_authid`,
    ];
    for (const text of statements) {
      await assert.rejects(
        database.read((session) => session.query(text), patient),
        { code: /^(RestartNeeded|Internal)$/ },
        text,
      );
    }
  });

  for (const pooling of [false, true]) {
    it(`waits for locks and stands idle for a bounded time${pooling ? ', behind a pooler as well' : ''}`, async () => {
      const names = ['lock_timeout', 'idle_in_transaction_session_timeout', 'statement_timeout'];
      const proxy: PostgresProxy = await postgresProxy(store.connectionString, { pooling });
      const behind = await openDatabase({ connection: proxy.connectionString, readers: 1, writers: 1 });
      try {
        const { rows } = await behind.read(
          (session) =>
            session.query(`SELECT ${names.map((name) => `current_setting('${name}') AS ${name}`).join(', ')}`),
          patient,
        );
        assert.deepEqual(rows, [
          { lock_timeout: '30s', idle_in_transaction_session_timeout: '10min', statement_timeout: '10s' },
        ]);
      } finally {
        await behind.close();
        await proxy.close();
      }
    });
  }
});
