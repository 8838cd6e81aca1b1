import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { Archives } from '../../src/archive/archives.ts';
import type { Catalogue } from '../../src/catalogue/catalogue.ts';
import { mergeUpstreamModel } from '../../src/catalogue/compile/upstream/merge-upstream-model.ts';
import { requireCatalogue } from '../../src/catalogue/read-metadata.ts';
import { feedCapabilities } from '../../src/http/capabilities.ts';
import { httpListener } from '../../src/http/listener.ts';
import { openToAll } from '../../src/http/sign-in/authentication.ts';
import { everything } from '../../src/plan/grants.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { DataSources } from '../../src/source/data-sources.ts';
import { ResultCache } from '../../src/source/stored/result-cache.ts';
import { connectUpstream } from '../../src/upstream/connect.ts';
import type { Upstream } from '../../src/upstream/upstream.ts';
import type { Database } from '../../src/warehouse/database.ts';
import { migrate } from '../../src/warehouse/migrate.ts';
import { openDatabase } from '../../src/warehouse/postgres-database.ts';
import { provision } from '../../src/warehouse/tables/provision.ts';
import { collect } from '../support/collect-events.ts';
import { metadataFolder } from '../support/gateway.ts';
import { testDatabase } from '../support/postgres.ts';

const source = 'buzzeasy';
type Row = Readonly<Record<string, unknown>>;

/** The documented sets of the product's metadata, over HTTP of another OData implementation, kept and served from PostgreSQL. */
describe('the archive of a whole feed', () => {
  let sandbox: Sandbox;
  let upstream: Upstream;
  let database: Database;
  let archives: Archives;
  let root: string;
  let close: () => Promise<void>;
  const defects: Error[] = [];

  before(async () => {
    const loaded = requireCatalogue(metadataFolder, {});
    sandbox = await startSandbox(loaded, source, { rows: 300, seed: 7 });
    const dataDir = await mkdtemp(path.join(os.tmpdir(), 'archive-'));
    let live: Catalogue = loaded;
    const given = loaded.sources.get(source);
    assert.ok(given?.upstream);
    const kept = (catalogue: Catalogue): Catalogue => ({
      ...catalogue,
      sets: new Map(
        [...catalogue.sets].map(([name, set]) => {
          const by = byOf(catalogue, name);
          const archive = {
            by,
            overlapSeconds: 86_400,
            serve: 'both',
            wholeEverySeconds: 3600,
            keep: null,
            personal: { byProperty: new Map(), byClass: new Map(), exact: new Set<string>() },
            freshSeconds: 3600,
          } as const;
          return [name, set.kind === 'upstream' ? { ...set, archive } : set] as const;
        }),
      ),
    });
    upstream = await connectUpstream({
      source: { ...given, upstream: { ...given.upstream, url: sandbox.url } },
      dataDir,
      catalogue: () => live,
      environment: {},
      adopt: (read) => {
        live = kept(mergeUpstreamModel(loaded, source, read.model).catalogue);
        return [];
      },
    });
    const { connectionString, drop } = await testDatabase();
    database = await openDatabase({ connection: connectionString });
    await migrate(database);
    await provision(database, loaded);
    const upstreams = new Map([[source, upstream]]);
    archives = new Archives({
      database,
      documents: loaded,
      live: () => live,
      feeds: upstreams,
      modelled: new Set([source]),
    });
    await archives.look();
    const app = httpListener({
      catalogue: () => archives.catalogue(),
      capabilities: feedCapabilities,
      sources: new DataSources({ database, results: new ResultCache(), timeout: 30_000 }, upstreams, archives),
      authentication: openToAll,
      grantsOf: () => everything,
      settings: { pageSize: 20_000, publicUrl: null },
      replies: null,
      observe: collect({ defects }),
    });
    await app.listen({ port: 0, host: '127.0.0.1' });
    root = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}/odata/`;
    close = async () => {
      await app.close();
      await upstream.close();
      await sandbox.close();
      await database.close();
      await drop();
      await rm(dataDir, { recursive: true, force: true });
    };
  });
  after(async () => close?.());

  function byOf(catalogue: Catalogue, name: string): string | null {
    const properties = [...(catalogue.model.entitySets.get(name)?.entityType.properties.values() ?? [])];
    return properties.find((one) => /utc$/i.test(one.name) && one.type === 'Edm.DateTimeOffset')?.name ?? null;
  }

  async function rows(query: string): Promise<readonly Row[]> {
    const found: Row[] = [];
    for (let next: string | undefined = new URL(query, root).href; next !== undefined; ) {
      const reply = await fetch(next);
      const text = await reply.text();
      assert.equal(reply.status, 200, `${query}: ${text}`);
      const page = JSON.parse(text) as { value: Row[]; '@odata.nextLink'?: string };
      found.push(...page.value);
      next = page['@odata.nextLink'];
    }
    return found;
  }

  it('gives every row of every set, value by value, and the same rows for every shape', async () => {
    const names = archives.setsOf().map(({ name }) => name);
    assert.ok(names.length >= 26);
    const live = new Map<string, readonly Row[]>();
    for (const name of names) {
      live.set(name, await rows(name));
    }
    const outcomes = await archives.run({ signal: new AbortController().signal });
    assert.deepEqual(
      outcomes.filter(({ state }) => state !== 'copied'),
      [],
    );
    for (const name of names) {
      const archived = (await rows(name)).map(({ PurgedAt, ...row }) => row);
      const sorted = (list: readonly Row[]): readonly string[] =>
        list.map((row) => JSON.stringify(comparable(row))).sort();
      assert.deepEqual(sorted(archived), sorted(live.get(name) ?? []), name);
      assert.equal((await rows(`${name}?$apply=aggregate($count as n)`))[0]?.['n'], archived.length, name);
    }
    assert.deepEqual(defects, []);
  });
});

/** Instants in UTC, as PostgreSQL keeps them. */
const comparable = (row: Row): Row =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]) => {
      const isTime = typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value);
      return [name, isTime ? new Date(value).toISOString() : value];
    }),
  );
