import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { defaultOrder, writeSamples } from '../../src/samples/write-samples.ts';
import { groupName, historyOf, sourceGroups } from '../../src/warehouse/placement/source-groups.ts';
import { runInProcess } from '../e2e/remedies/command-line.ts';
import { catalogueOf } from '../support/catalogue-of.ts';
import { metadataFolder } from '../support/gateway.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { asked, type CitusDatabase, citusDatabase, citusUrl, withoutCitus } from './support/citus-database.ts';
import { readKinds, refusedKinds } from './support/read-kinds.ts';
import { type Served, serve } from './support/served.ts';

/** Row numbers of sets over all sources are given in the order in which a worker sends what they are made of. */
const numbered = (set: string): boolean => catalogueOf(metadataFolder).sets.get(set)?.source !== 'unified';

(citusUrl === null ? describe.skip : describe)(`A warehouse on Citus beside one on PostgreSQL${withoutCitus}`, () => {
  let folder = '';
  let plain: TestDatabase;
  let citus: CitusDatabase;
  const both = (): readonly string[] => [plain.connectionString, citus.connectionString];

  async function command(connection: string, ...words: readonly string[]): Promise<string> {
    const environment = {
      DATABASE_URL: connection,
      DATA_DIR: path.join(folder, connection === plain.connectionString ? 'plain' : 'citus'),
      DROP_DIR: path.join(folder, connection === plain.connectionString ? 'plain' : 'citus', 'drop'),
    };
    const { code, output } = await runInProcess(words, environment);
    assert.equal(code, 0, output);
    return output;
  }

  /** The files of some sources, each warehouse its own copies, of one age. */
  async function ingest(sources: readonly string[]): Promise<void> {
    for (const connection of both()) {
      const here = mkdtempSync(path.join(folder, 'in-'));
      for (const source of sources) {
        cpSync(path.join(folder, 'samples', source), path.join(here, source), {
          recursive: true,
          preserveTimestamps: true,
        });
      }
      await command(connection, 'ingest', here);
    }
  }

  async function sameTables(): Promise<void> {
    const [one = '', other = ''] = both();
    const tables = await asked(
      one,
      `SELECT relname AS name FROM pg_class WHERE relnamespace = 'feed'::regnamespace AND relkind = 'r' ORDER BY 1`,
    );
    const different: string[] = [];
    for (const { name } of tables) {
      const [theirs, ours] = await Promise.all([rowsOf(one, String(name)), rowsOf(other, String(name))]);
      if (theirs !== ours) {
        different.push(String(name));
      }
    }
    assert.ok(tables.length > 100);
    assert.deepEqual(different, []);
  }

  async function rowsOf(connection: string, table: string): Promise<string> {
    const left = ['_loaded_at', ...(numbered(table) ? [] : ['_row'])];
    const columns = await asked(
      connection,
      `SELECT format('coalesce(t.%I::text, ''~'')', attname) AS cell FROM pg_attribute WHERE attrelid = format('feed.%I', $1::text)::regclass AND attnum > 0 AND NOT attisdropped AND attname <> ALL($2) ORDER BY attname`,
      [table, left],
    );
    const cells = columns.map(({ cell }) => String(cell)).join(', ');
    const rows = await asked(connection, `SELECT concat_ws('|', ${cells}) AS line FROM feed."${table}" t`);
    return rows
      .map(({ line }) => String(line))
      .sort()
      .join('\n');
  }

  async function sameReplies(queries: readonly string[]): Promise<void> {
    const [one, other] = [await serve(plain.connectionString), await serve(citus.connectionString)];
    try {
      const different: string[] = [];
      for (const query of queries) {
        const [theirs, ours] = [await replyOf(one, query), await replyOf(other, query)];
        if (theirs !== ours) {
          different.push(`${query}\n  ${theirs.slice(0, 300)}\n  ${ours.slice(0, 300)}`);
        }
      }
      assert.deepEqual(different, []);
    } finally {
      await one.close();
      await other.close();
    }
  }

  before(async function () {
    this.timeout(600_000);
    folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-citus-'));
    await writeSamples(catalogueOf(metadataFolder), path.join(folder, 'samples'), defaultOrder);
    plain = await testDatabase();
    citus = await citusDatabase();
    for (const connection of both()) {
      await command(connection, 'migrate');
    }
  });
  after(async () => {
    rmSync(folder, { recursive: true, force: true });
    await citus.drop();
    await plain.drop();
  });

  it('tells without a change where tables would go', async function () {
    this.timeout(600_000);
    await ingest(['tracebuzz']);
    const output = await command(citus.connectionString, 'place', '--dry-run');
    assert.match(output, /^TracebuzzCases: coordinator, to lie with tracebuzz on a worker, [1-9]\d* rows, /m);
    assert.match(output, /^Conversations: coordinator, for all sources, /m);
    assert.deepEqual(await asked(citus.connectionString, 'SELECT 1 FROM pg_dist_partition'), []);
  });

  it('lays each group on one worker, rows that were loaded before and tables of none, and nothing twice', async function () {
    this.timeout(600_000);
    const output = await command(citus.connectionString, 'place');
    for (const group of sourceGroups(catalogueOf(metadataFolder))) {
      const places = await asked(
        citus.connectionString,
        `SELECT DISTINCT nodename || ':' || nodeport AS server FROM citus_shards WHERE table_name::text = ANY($1)`,
        [group.sets.map(({ relation }) => `${relation.schema}."${relation.name}"`)],
      );
      assert.equal(places.length, 1, groupName(group));
      assert.ok(citus.workers.includes(String(places[0]?.['server'])));
      assert.match(output, new RegExp(`^${group.sources.join(' . ')}: laid on a worker, `, 'm'));
    }
    assert.match(await command(citus.connectionString, 'place'), /^tracebuzz: lies where it lay$/m);
    assert.match(output, /^TracebuzzCases: [\w.]+:\d+, [1-9]\d* rows, /m);
    const [left] = await asked(
      citus.connectionString,
      `SELECT pg_relation_size('feed."TracebuzzCases"')::text AS bytes`,
    );
    assert.equal(left?.['bytes'], '0', 'what lies on the worker lies here no more');
    await sameTables();
  });

  it('has the same rows after all loads, those before and those after placing', async function () {
    this.timeout(1_200_000);
    await ingest(readdirSync(path.join(folder, 'samples')).filter((source) => source !== 'tracebuzz'));
    await ingest(['tracebuzz']);
    await sameTables();
  });

  it('changes no version where a start finds everything as it is', async () => {
    const versions = () =>
      asked(citus.connectionString, 'SELECT entity_set, version FROM gateway.set_versions ORDER BY 1');
    const before = await versions();
    await command(citus.connectionString, 'migrate');
    assert.deepEqual(await versions(), before);
  });

  it('keeps versions and keys of removed rows beside the rows as they are in the ledger', async () => {
    for (const group of sourceGroups(catalogueOf(metadataFolder))) {
      const { versions, tombstones } = historyOf(group);
      const sets = group.sets.map(({ name }) => name);
      for (const [ledger, mirror] of [
        ['set_versions', versions.name],
        ['tombstones', tombstones.name],
      ] as const) {
        const rows = (table: string) =>
          asked(
            citus.connectionString,
            `SELECT to_jsonb(t)::text AS row FROM ${table} t WHERE entity_set = ANY($1) ORDER BY 1`,
            [sets],
          );
        const noted = await rows(`gateway.${ledger}`);
        assert.deepEqual(await rows(`gateway_placed.${mirror}`), noted);
      }
    }
  });

  it('answers requests of all kinds with the same bytes', async function () {
    this.timeout(600_000);
    await sameReplies(readKinds);
  });

  it('refuses what docs/scale.md lists, with 501 and the names of the sets, and nothing else', async () => {
    const [one, other] = [await serve(plain.connectionString), await serve(citus.connectionString)];
    try {
      for (const query of refusedKinds) {
        assert.equal((await one.get(query)).status, 200, query);
        const { status, text } = await other.get(query);
        assert.equal(status, 501, text);
        assert.match(text, /"@gateway\.feature":"distributed"/);
        assert.match(text, /SparkcentralConversations, TracebuzzCases/);
      }
    } finally {
      await one.close();
      await other.close();
    }
  });
});

/** Without what differs between any two warehouses: addresses, epochs and times of loads. */
async function replyOf(served: Served, query: string): Promise<string> {
  const { status, text } = await served.get(query);
  return `${String(status)} ${text
    .replaceAll(/http:\/\/127\.0\.0\.1:\d+/g, '')
    .replaceAll(/"(@odata\.etag|LoadedAt)":"[^"]*",?/g, '')
    .replaceAll(/(skip|delta)token=[^"&]*/g, '')}`;
}
