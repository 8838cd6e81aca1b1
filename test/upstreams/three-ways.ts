import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { Archives } from '../../src/archive/archives.ts';
import type { Catalogue, SetBinding } from '../../src/catalogue/catalogue.ts';
import { mergeUpstreamModel } from '../../src/catalogue/compile/upstream/merge-upstream-model.ts';
import { feedCapabilities } from '../../src/http/capabilities.ts';
import { httpListener } from '../../src/http/listener.ts';
import { openToAll } from '../../src/http/sign-in/authentication.ts';
import type { UpstreamEvent } from '../../src/observation/events/upstream.ts';
import type { Observe } from '../../src/observation/observe.ts';
import { everything } from '../../src/plan/grants.ts';
import { DataSources } from '../../src/source/data-sources.ts';
import { ResultCache } from '../../src/source/stored/result-cache.ts';
import { connectUpstream } from '../../src/upstream/connect.ts';
import { openDatabase } from '../../src/warehouse/postgres-database.ts';
import { collect } from '../support/collect-events.ts';
import { valuesOf } from '../support/gateway.ts';
import { IdleClock } from '../support/idle-clock.ts';
import { provisionedDatabase } from '../support/made-databases.ts';

/** How the sets of a feed are served: live, as they were copied, or as copied and brought up to the feed first. */
export const ways = ['proxy', 'archive', 'both'] as const;
export type Way = (typeof ways)[number];
export type ServedRow = Readonly<Record<string, unknown>>;

/** Three gateways before one feed, on one database; as `serve` makes them. */
export interface ThreeWays {
  /** Names of the sets of the feed. */
  readonly names: readonly string[];
  /** Copies the sets, or all. Throws where one could not be copied. */
  copy(sets?: readonly string[]): Promise<void>;
  get(way: Way, query: string): Promise<Response>;
  /** Rows over all pages, without what says of which type a value is. Throws on any other reply than 200. */
  rows(way: Way, query: string): Promise<readonly ServedRow[]>;
  /** A reply that is not paged. */
  text(way: Way, query: string): Promise<string>;
  close(): Promise<void>;
}

interface Before {
  readonly documented: Catalogue;
  readonly source: string;
  readonly url: string;
  readonly pageSize?: number;
  /** Told what happens at the feed. */
  readonly observe?: Observe<UpstreamEvent>;
}

export async function threeWays({
  documented,
  source: name,
  url,
  pageSize = 20_000,
  observe,
}: Before): Promise<ThreeWays> {
  const given = documented.sources.get(name);
  if (given?.upstream === undefined) {
    throw new TypeError(`${name} is no proxied source`);
  }
  const source = { ...given, upstream: { ...given.upstream, url, signIn: { kind: 'none' as const } } };
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'three-ways-'));
  let live = servedAs(documented);
  const upstream = await connectUpstream({
    source,
    dataDir,
    catalogue: () => live.proxy,
    adopt: ({ model }) => {
      live = servedAs(mergeUpstreamModel(documented, name, model).catalogue);
      return [];
    },
    time: new IdleClock(),
    random: () => 0.5,
    ...(observe === undefined ? {} : { observe }),
  });
  const { connectionString, drop } = await provisionedDatabase(documented);
  const database = await openDatabase({ connection: connectionString });
  const upstreams = new Map([[name, upstream]]);
  const defects: Error[] = [];
  const gateways = await Promise.all(
    ways.map(async (way) => {
      const archives = new Archives({
        ...{ database, documents: documented, live: () => live[way], feeds: upstreams, modelled: new Set([name]) },
      });
      await archives.look();
      const app = httpListener({
        catalogue: () => archives.catalogue(),
        capabilities: feedCapabilities,
        sources: new DataSources({ database, results: new ResultCache(), timeout: 30_000 }, upstreams, archives),
        authentication: openToAll,
        grantsOf: () => everything,
        settings: { pageSize, publicUrl: null },
        replies: null,
        observe: collect({ defects }),
      });
      await app.listen({ port: 0, host: '127.0.0.1' });
      const root = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}/odata/`;
      return [way, { archives, app, root }] as const;
    }),
  );
  const byWay = new Map<Way, (typeof gateways)[number][1]>(gateways);
  const of = (way: Way) => byWay.get(way) ?? Promise.reject(new TypeError(way));
  const get = async (way: Way, query: string): Promise<Response> => fetch(new URL(query, (await of(way)).root));
  const text = async (way: Way, query: string): Promise<string> => {
    const reply = await get(way, query);
    const body = await reply.text();
    if (reply.status !== 200) {
      throw new Error(`${way} ${query}: ${reply.status} ${body}`);
    }
    return body;
  };
  return {
    names: [...live.proxy.sets.values()].flatMap((set) =>
      set.kind === 'upstream' && set.source === name ? [set.name] : [],
    ),
    get,
    text,
    async copy(sets) {
      const { archives } = await of('archive');
      const { signal } = new AbortController();
      for (const set of sets ?? [undefined]) {
        const outcomes = await archives.run({ signal, ...(set === undefined ? {} : { set }) });
        const failed = outcomes.flatMap((one) => (one.state === 'failed' ? [`${one.set}: ${one.error.message}`] : []));
        if (failed.length > 0) {
          throw new Error(failed.join('; '));
        }
      }
      await (await of('both')).archives.look();
    },
    async rows(way, query) {
      const rows: ServedRow[] = [];
      for (let next: string | undefined = query; next !== undefined; ) {
        const page = valuesOf(await text(way, next)) as { value: ServedRow[]; '@odata.nextLink'?: string };
        rows.push(...page.value);
        next = page['@odata.nextLink'];
      }
      return rows;
    },
    async close() {
      await Promise.all(gateways.map(([, { app }]) => app.close()));
      await upstream.close();
      await database.close();
      await drop();
      await rm(dataDir, { recursive: true, force: true });
      if (defects[0] !== undefined) {
        throw defects[0];
      }
    },
  };
}

/** The catalogue with its proxied sets served in each of the ways; a copy is never fresh, so `both` asks the feed for each request. */
function servedAs(catalogue: Catalogue): Readonly<Record<Way, Catalogue>> {
  const as = (way: Way): Catalogue => {
    const sets = [...catalogue.sets].map(([name, set]): [string, SetBinding] => {
      if (set.kind !== 'upstream') {
        return [name, set];
      }
      const { archive, ...rest } = set;
      const kept = archive ?? usual;
      return [name, way === 'proxy' ? rest : { ...rest, archive: { ...kept, serve: way, freshSeconds: 0 } }];
    });
    return { ...catalogue, sets: new Map(sets) };
  };
  return { proxy: as('proxy'), archive: as('archive'), both: as('both') };
}

const usual = {
  ...{ by: null, overlapSeconds: 86_400, serve: 'both', wholeEverySeconds: 3600, keep: null, freshSeconds: 0 },
  personal: { byProperty: new Map(), byClass: new Map(), exact: new Set<string>() },
} as const;

/** Points in time in UTC, as PostgreSQL keeps them, without the mark of what is purged. */
export function comparable({ PurgedAt, ...row }: ServedRow): ServedRow {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => {
      if (typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value)) {
        return [name, new Date(value).toISOString()];
      }
      if (Array.isArray(value)) {
        return [name, value.map((one: unknown) => (isRow(one) ? comparable(one) : one))];
      }
      return [name, isRow(value) ? comparable(value) : value];
    }),
  );
}

const isRow = (value: unknown): value is ServedRow =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
