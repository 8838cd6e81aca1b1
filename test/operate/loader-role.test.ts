import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { loadWarnings, occupancyWith, openLoads } from '../../src/commands/serving/open-loads.ts';
import { loaderOf } from '../../src/embedded/address.ts';
import { type EmbeddedServer, startEmbeddedServer } from '../../src/embedded/embedded-server.ts';
import { loadFile } from '../../src/ingest/load/load-file.ts';
import { rebuildSets } from '../../src/ingest/rebuild/rebuild-sets.ts';
import { unobserved } from '../../src/observation/observe.ts';
import { quoteIdentifier } from '../../src/sql/identifier.ts';
import type { Database } from '../../src/warehouse/database.ts';
import { giveToLoader } from '../../src/warehouse/loader-role.ts';
import { migrate } from '../../src/warehouse/migrate.ts';
import { openDatabase } from '../../src/warehouse/postgres-database.ts';
import { provision } from '../../src/warehouse/tables/provision.ts';
import { exportFile } from '../ingest/support/feed.ts';
import { loaded } from '../ingest/support/loaded.ts';
import { catalogueOf } from '../support/catalogue-of.ts';
import { metadataFolder } from '../support/gateway.ts';
import { withoutUnified } from '../support/without-unified.ts';

const settings = { fsync: 'off', shared_buffers: '32MB' };
const catalogue = withoutUnified(catalogueOf(metadataFolder));
const set = 'TracebuzzCases';

const owners = `SELECT pg_get_userbyid(relowner) AS owner, count(*)::int AS tables FROM pg_class WHERE relnamespace = 'feed'::regnamespace AND relkind = 'r' GROUP BY 1`;

describe('the role that files are taken in as', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-loader-'));
  const dataDir = path.join(folder, 'data');
  const printed: string[] = [];
  const surroundings = {
    config: { databaseUrl: null, loadDatabaseUrl: null },
    print: (line: string) => void printed.push(line),
    observe: unobserved,
  };
  let server: EmbeddedServer;
  let owner: Database;
  let loads: Database;
  let close = async (): Promise<void> => {};

  async function start(): Promise<void> {
    server = await startEmbeddedServer({ dataDir, settings });
    owner = await openDatabase({ connection: server.address });
    await migrate(owner);
    await provision(owner, catalogue);
    const opened = await openLoads({ database: owner, loader: loaderOf(server.address) }, surroundings);
    loads = opened.database;
    close = opened.close;
  }
  async function stop(): Promise<void> {
    await close();
    await owner.close();
    await server.stop();
  }
  before(async () => {
    chmodSync(folder, 0o755);
    await start();
  });
  after(async () => {
    await stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const write = (name: string, text: string): string => {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  };
  const cases = (...ids: readonly number[]): string =>
    exportFile(
      'tracebuzz/cases',
      ids.map((CaseId) => ({ CaseId, QueueId: `queue ${CaseId} `.padEnd(200, 'x') })),
      catalogue,
    );

  it('owns the tables of served sets and nothing else, and is nobody but itself', async () => {
    assert.deepEqual(printed, []);
    assert.notEqual(loads, owner);
    const { rows } = await loads.query<Record<string, unknown>>(
      `SELECT current_user::text AS name, concat_ws(',', rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls) AS is,
              (SELECT count(*)::int FROM pg_auth_members WHERE member = r.oid) AS member,
              (SELECT count(*)::int FROM pg_class c WHERE relowner = r.oid AND relkind IN ('r', 'v') AND relnamespace <> 'feed'::regnamespace) AS others
         FROM pg_roles r WHERE rolname = current_user`,
    );
    assert.deepEqual(rows, [{ name: 'gateway_loader', is: 'f,f,f,f,f', member: 0, others: 0 }]);
    const { rows: owned } = await owner.query<{ owner: string; tables: number }>(owners);
    assert.deepEqual(
      owned.map((one) => one.owner),
      ['gateway_loader'],
    );
    assert.ok((owned[0]?.tables ?? 0) > 80);
  });

  it('writes the ledger, and sees nothing of sign-ins, sessions, guesses, the audit and readers', async () => {
    const { rows } = await owner.query<{ name: string; may: string | null }>(
      `SELECT relname AS name, (SELECT string_agg(p, ',' ORDER BY p) FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS p
                WHERE has_table_privilege('gateway_loader', oid, p)) AS may
         FROM pg_class WHERE relnamespace = 'gateway'::regnamespace AND relkind IN ('r', 'v') ORDER BY 1`,
    );
    const by = (may: string | null): readonly string[] => rows.filter((one) => one.may === may).map(({ name }) => name);
    assert.deepEqual(by(null), [
      ...[
        'archive_copies',
        'archive_copy',
        'async_request',
        'audit_event',
        'audit_events',
        'ended_session',
        'feed_trouble',
      ],
      ...[
        'guess',
        'instance',
        'known_address',
        'migration',
        'reader_active',
        'reader_refusal',
        'reader_use',
        'row_policy',
      ],
      ...['scheduled_work', 'session_key', 'sign_in'],
    ]);
    assert.deepEqual(by('SELECT'), [
      ...['archive', 'archived_sets', 'erased_token', 'erasure', 'expectation', 'load_drift', 'load_rejects', 'loads'],
      ...['open_files', 'personal_key', 'pruning', 'source_freshness'],
    ]);
    assert.equal(by(null).length + by('SELECT').length + by('DELETE,INSERT,SELECT,UPDATE').length, rows.length);
    assert.deepEqual(
      (
        await owner.query(
          `SELECT has_schema_privilege('gateway_loader', 'gateway', 'CREATE') OR has_schema_privilege('gateway_loader', 'public', 'CREATE') AS may`,
        )
      ).rows,
      [{ may: false }],
    );
  });

  it('makes no role, function, program or file, and is not the owner by another name', async () => {
    for (const text of [
      'CREATE ROLE other',
      'ALTER ROLE gateway_loader SUPERUSER',
      'SET ROLE gateway_owner',
      'SET ROLE gateway',
      'SET ROLE gateway_reader',
      'SET SESSION AUTHORIZATION gateway_owner',
      `COPY feed."${set}" FROM PROGRAM 'true'`,
      `COPY feed."${set}" TO '/tmp/gateway-never'`,
      `SELECT pg_read_file('PG_VERSION')`,
      'CREATE SCHEMA other',
      'CREATE DATABASE other',
      'CREATE EXTENSION dblink',
      `CREATE FUNCTION feed.other() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'`,
      `CREATE FUNCTION feed.other() RETURNS integer LANGUAGE sql AS 'SELECT 1'`,
      `DO $$ BEGIN NULL; END $$`,
      'CREATE TABLE gateway.other (a integer)',
      'SELECT * FROM gateway.sign_in',
      'SELECT * FROM gateway.session_key',
      'SELECT * FROM gateway.audit_events',
      'DELETE FROM gateway.migration',
      `ALTER TABLE gateway.load ADD COLUMN other integer`,
      `ALTER TABLE feed."${set}" OWNER TO gateway_owner`,
    ]) {
      await assert.rejects(
        loads.query(text),
        (error: Error) => /42501|0A000/.test(String((error.cause as { code?: string }).code)),
        text,
      );
    }
  });

  it('takes files in, a first one in a table of its own', async () => {
    const number = async (): Promise<unknown> =>
      (await owner.query(`SELECT 'feed."${set}"'::regclass::oid::int AS n`)).rows[0];
    const before = await number();
    const large = cases(...Array.from({ length: 6000 }, (_, at) => at + 1));
    assert.ok(large.length > 1024 ** 2);
    const first = loaded(await loadFile({ catalogue, database: loads }, write('cases.csv', large)));
    assert.equal(first.counts.inserted, 6000);
    assert.notDeepEqual(await number(), before);
    const next = loaded(await loadFile({ catalogue, database: loads }, write('more.csv', cases(1, 6001))));
    assert.deepEqual([next.counts.inserted, next.counts.unchanged], [1, 1]);
    const read = await owner.read((session) => session.query(`SELECT count(*)::int AS n FROM feed."${set}"`), {
      timeout: 10_000,
      signal: new AbortController().signal,
    });
    assert.deepEqual(read.rows, [{ n: 6001 }]);
    const pools = [owner, loads, occupancyWith(owner, loads)].map((one) => one.occupancy().pools.owner.connections);
    assert.ok((pools[0] ?? 0) > 0 && (pools[1] ?? 0) > 0);
    assert.equal(pools[2], (pools[0] ?? 0) + (pools[1] ?? 0));
    assert.equal(occupancyWith(owner, owner), owner);
  });

  it('keeps its tables when the owner makes them anew, starts again, or loads as gateways of before do', async () => {
    await owner.query(`ALTER TABLE feed."${set}" ALTER COLUMN "QueueId" TYPE varchar`);
    await rebuildSets({ catalogue, database: owner, sets: [set], folders: [folder], observe: unobserved });
    const by = loaded(await loadFile({ catalogue, database: owner }, write('owner.csv', cases(6002))));
    assert.equal(by.counts.inserted, 1);
    // Somebody else's rights to tables that come make him no owner of them.
    await owner.query('ALTER DEFAULT PRIVILEGES IN SCHEMA feed GRANT ALL ON TABLES TO pg_monitor');
    await owner.query('DROP TABLE feed."TracebuzzLabels"');
    await provision(owner, catalogue);
    assert.deepEqual((await owner.query(owners)).rows.length, 1);
    await owner.query('ALTER DEFAULT PRIVILEGES IN SCHEMA feed REVOKE ALL ON TABLES FROM pg_monitor');
    await stop();
    await start();
    assert.deepEqual(printed, []);
    const { rows } = await owner.query<{ owner: string }>(owners);
    assert.deepEqual(
      rows.map((one) => one.owner),
      ['gateway_loader'],
    );
    assert.equal(
      loaded(await loadFile({ catalogue, database: loads }, write('again.csv', cases(6003)))).counts.inserted,
      1,
    );
  });

  it('is refused where it is as mighty as the owner, or is none of his, and the owner loads', async () => {
    const administrator = new pg.Client({ ...server.administrator });
    await administrator.connect();
    const role = 'gateway_other';
    try {
      await administrator.query(`CREATE ROLE ${role} LOGIN PASSWORD 'p'`);
      assert.match(
        String(await giveToLoader(owner, role)),
        /no member of gateway_other; .* GRANT "gateway_other" TO that user WITH INHERIT TRUE, SET TRUE/,
      );
      await administrator.query(
        `GRANT ${role} TO gateway_owner WITH INHERIT TRUE, SET TRUE; ALTER TABLE gateway.load OWNER TO gateway`,
      );
      assert.match(String(await giveToLoader(owner, role)), /may not give gateway_other all that it needs/);
      await administrator.query('ALTER TABLE gateway.load OWNER TO gateway_owner');
      // Another user instead: the tables are his, and again the first one's.
      const whose = async (): Promise<unknown> =>
        (await owner.query<{ owner: string }>(owners)).rows.map((one) => one.owner);
      assert.equal(await giveToLoader(owner, role), null);
      assert.deepEqual(await whose(), [role]);
      assert.equal(await giveToLoader(owner, 'gateway_loader'), null);
      assert.deepEqual(await whose(), ['gateway_loader']);
      await administrator.query(`REVOKE ${role} FROM gateway_owner; DROP OWNED BY ${role}`);
      assert.match(String(await giveToLoader(owner, 'gateway_owner')), /is the owner of the database/);
      await administrator.query(`GRANT gateway_owner TO ${quoteIdentifier(role)}`);
      assert.match(String(await giveToLoader(owner, role)), /no lesser role/);
      const loader = { ...server.address, user: role };
      const opened = await openLoads({ database: owner, loader }, surroundings);
      assert.equal(opened.database, owner);
      assert.match(
        printed.join(),
        /^warning: files are taken in by the owner of the database \(docs\/security\.md\): gateway_other is no lesser role/,
      );
    } finally {
      await administrator.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
      await administrator.end();
    }
    assert.deepEqual(loadWarnings({ databaseUrl: 'postgres://x', loadDatabaseUrl: null }), [
      'LOAD_DATABASE_URL is not set: files are taken in by the owner of the database (docs/security.md)',
    ]);
    assert.deepEqual(loadWarnings({ databaseUrl: 'postgres://x', loadDatabaseUrl: 'postgres://y' }), []);
    assert.deepEqual(loadWarnings({ databaseUrl: null, loadDatabaseUrl: null }), []);
  });
});
