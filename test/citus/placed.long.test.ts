import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { groupName, historyOf, sourceGroups } from '../../src/warehouse/placement/source-groups.ts';
import { catalogueOf } from '../support/catalogue-of.ts';
import { metadataFolder } from '../support/gateway.ts';
import { asked, citusUrl, withoutCitus } from './support/citus-database.ts';
import { readKinds, refusedKinds } from './support/read-kinds.ts';
import { type Served, serve } from './support/served.ts';
import { type TwoWarehouses, twoWarehouses } from './support/two-warehouses.ts';

(citusUrl === null ? describe.skip : describe)(`A warehouse on Citus beside one on PostgreSQL${withoutCitus}`, () => {
  let warehouses: TwoWarehouses;
  /** Of TracebuzzCases, without the service root. */
  let link = '';
  const onCitus = (): string => warehouses.citus.connectionString;

  async function sameReplies(queries: readonly string[]): Promise<void> {
    const [one, other] = [await serve(warehouses.plain), await serve(onCitus())];
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
    warehouses = await twoWarehouses();
  });
  after(() => warehouses.close());

  it('tells without a change where tables would go', async function () {
    this.timeout(600_000);
    await warehouses.ingest('samples/tracebuzz');
    const output = await warehouses.command(onCitus(), 'place', '--dry-run');
    assert.match(output, /^TracebuzzCases: coordinator, to lie with tracebuzz on a worker, [1-9]\d* rows, /m);
    assert.match(output, /^Conversations: coordinator, for all sources, /m);
    assert.deepEqual(await asked(onCitus(), 'SELECT 1 FROM pg_dist_partition'), []);
  });

  it('takes a delta link of before placing', async () => {
    const served = await serve(onCitus());
    const { status, text } = await served.get('TracebuzzCases?$select=CaseId', { Prefer: 'odata.track-changes' });
    assert.equal(status, 200, text);
    link = deltaLinkOf(text);
    await served.close();
  });

  it('lays each group on one worker, rows that were loaded before and tables of none, and nothing twice', async function () {
    this.timeout(600_000);
    const output = await warehouses.command(onCitus(), 'place');
    for (const group of sourceGroups(catalogueOf(metadataFolder))) {
      const places = await asked(
        onCitus(),
        `SELECT DISTINCT nodename || ':' || nodeport AS server FROM citus_shards WHERE table_name::text = ANY($1)`,
        [group.sets.map(({ relation }) => `${relation.schema}."${relation.name}"`)],
      );
      assert.equal(places.length, 1, groupName(group));
      assert.ok(warehouses.citus.workers.includes(String(places[0]?.['server'])));
      assert.match(output, new RegExp(`^${group.sources.join(' . ')}: laid on a worker, `, 'm'));
    }
    const compiling = await asked(onCitus(), `SELECT DISTINCT result FROM run_command_on_workers('SHOW jit')`);
    assert.deepEqual(compiling, [{ result: 'off' }]);
    assert.match(await warehouses.command(onCitus(), 'place'), /^tracebuzz: lies where it lay$/m);
    assert.match(output, /^TracebuzzCases: [\w.]+:\d+, [1-9]\d* rows, /m);
    const [left] = await asked(onCitus(), `SELECT pg_relation_size('feed."TracebuzzCases"')::text AS bytes`);
    assert.equal(left?.['bytes'], '0', 'what lies on the worker lies here no more');
    await warehouses.sameTables();
  });

  it('goes on with delta links of before placing, also where the group has moved to another worker', async () => {
    const follow = async (): Promise<void> => {
      const served = await serve(onCitus());
      const { status, text } = await served.get(link);
      await served.close();
      assert.equal(status, 200, text);
      assert.match(text, /"value":\[\]/);
      link = deltaLinkOf(text);
    };
    await follow();
    const [placed] = await asked(
      onCitus(),
      `SELECT shardid::text AS shard, nodename AS host, nodeport AS port FROM citus_shards WHERE table_name = 'feed."TracebuzzCases"'::regclass`,
    );
    const [to = ''] = warehouses.citus.workers.filter((worker) => worker !== `${placed?.['host']}:${placed?.['port']}`);
    await asked(
      onCitus(),
      `SELECT citus_move_shard_placement($1, $2, $3, $4, $5, shard_transfer_mode => 'block_writes')`,
      [placed?.['shard'], placed?.['host'], placed?.['port'], to.split(':')[0], Number(to.split(':')[1])],
    );
    await follow();
    await warehouses.sameTables();
  });

  it('has the same rows after all loads, those before and those after placing', async function () {
    this.timeout(1_200_000);
    for (const source of readdirSync(path.join(warehouses.folder, 'samples'))) {
      await warehouses.ingest(`samples/${source}`);
    }
    await warehouses.sameTables();
  });

  it('changes no version where a start finds everything as it is', async () => {
    const versions = () => asked(onCitus(), 'SELECT entity_set, version FROM gateway.set_versions ORDER BY 1');
    const before = await versions();
    await warehouses.command(onCitus(), 'migrate');
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
            onCitus(), // What counts go by is noted in the ledger alone.
            `SELECT (to_jsonb(t) - '{removals_noted,removals_since}'::text[])::text AS row FROM ${table} t WHERE entity_set = ANY($1) ORDER BY 1`,
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
    const [one, other] = [await serve(warehouses.plain), await serve(onCitus())];
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

function deltaLinkOf(text: string): string {
  const { '@odata.deltaLink': link = '' } = JSON.parse(text) as { readonly '@odata.deltaLink'?: string };
  assert.match(link, /deltatoken/);
  return link.replace(/^.*\/odata\//, '');
}
