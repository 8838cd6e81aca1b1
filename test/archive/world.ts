import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { type ArchiveContext, Archives } from '../../src/archive/archives.ts';
import { forgetArchives } from '../../src/archive/forget.ts';
import type { ArchiveSettings } from '../../src/catalogue/archive-settings.ts';
import type { Catalogue } from '../../src/catalogue/catalogue.ts';
import { withoutAddress } from '../../src/commands/feeds/withheld-sets.ts';
import type { Model } from '../../src/edm/model.ts';
import { feedCapabilities } from '../../src/http/capabilities.ts';
import { httpListener } from '../../src/http/listener.ts';
import { openToAll } from '../../src/http/sign-in/authentication.ts';
import { personalKey } from '../../src/ingest/personal/personal-key.ts';
import type { ArchiveEvent } from '../../src/observation/events/archive.ts';
import { everything } from '../../src/plan/grants.ts';
import { DataSources } from '../../src/source/data-sources.ts';
import { ResultCache } from '../../src/source/stored/result-cache.ts';
import type { Upstream } from '../../src/upstream/upstream.ts';
import type { Database } from '../../src/warehouse/database.ts';
import { openDatabase } from '../../src/warehouse/postgres-database.ts';
import { entitySet, entityType, modelOf, property } from '../edm/small-model.ts';
import { collect } from '../support/collect-events.ts';
import { migratedDatabase } from '../support/made-databases.ts';
import { unhurried } from '../support/unhurried.ts';
import { tenantCatalogue, tenantSource } from '../upstream/tenant.ts';
import { ModelFeed } from './model-feed.ts';

const usual: ArchiveSettings = {
  by: null,
  overlapSeconds: 3 * 86_400,
  serve: 'archive',
  wholeEverySeconds: 86_400,
  keep: null,
  personal: { byProperty: new Map(), byClass: new Map(), exact: new Set() },
  freshSeconds: 0,
};

export const thingModel = (): Model =>
  modelOf([
    {
      ...entitySet(
        'FarThings',
        entityType(
          'FarThing',
          ['id'],
          [
            property('id', 'Edm.Int64', { nullable: false }),
            property('at', 'Edm.DateTimeOffset'),
            property('text', 'Edm.String', { personalData: 'direct' }),
          ],
        ),
      ),
      searchable: ['text'],
    },
    entitySet(
      'FarNames',
      entityType(
        'FarName',
        ['id'],
        [property('id', 'Edm.String', { nullable: false }), property('name', 'Edm.String')],
      ),
    ),
  ]);

/** A catalogue whose proxied sets are kept. */
export function thingCatalogue(more: Partial<ArchiveSettings> = {}, model = thingModel()): Catalogue {
  const plain = tenantCatalogue(tenantSource({}), model);
  const sets = [...plain.sets.values()].map((set) => {
    const archive = { ...usual, ...more, by: set.name === 'FarThings' ? 'at' : null };
    return [set.name, { ...set, archive }] as const;
  });
  return { ...plain, sets: new Map(sets), personalKey: personalKey('a secret of thirty-two letters or so') };
}

export type Row = Readonly<Record<string, unknown>>;

/** A feed in memory, its archives on a real PostgreSQL, and the gateway over real HTTP. */
export interface World {
  readonly feed: ModelFeed;
  readonly database: Database;
  readonly events: ArchiveEvent[];
  readonly defects: Error[];
  readonly clock: { now: Date };
  archives: Archives;
  /** As it began: no row anywhere. */
  reset(): Promise<void>;
  /** What a gateway that starts now has. */
  restart(catalogue?: Catalogue, options?: { readonly addressless?: boolean }): Promise<void>;
  copy(options?: {
    readonly force?: boolean;
    readonly whole?: boolean;
    readonly set?: string;
  }): Promise<readonly string[]>;
  get(query: string, headers?: Readonly<Record<string, string>>): Promise<Response>;
  /** All pages. */
  rows(query: string): Promise<readonly Row[]>;
  ask<T extends Record<string, unknown>>(text: string): Promise<readonly T[]>;
  close(): Promise<void>;
}

/** `upstream`: the feed that rows are copied from, in place of the one in memory. */
export async function archiveWorld(more: Partial<ArchiveSettings> = {}, upstream?: Upstream): Promise<World> {
  const { connectionString, drop } = await migratedDatabase();
  const database = await openDatabase({ ...unhurried, connection: connectionString });
  const feed = new ModelFeed();
  const first = thingCatalogue(more);
  const events: ArchiveEvent[] = [];
  const defects: Error[] = [];
  const clock = { now: new Date('2026-03-01T12:00:00Z') };
  let live = first;
  const upstreams = new Map([['far', upstream ?? feed.asUpstream()]]);
  const context: ArchiveContext = {
    database,
    documents: first,
    live: () => live,
    feeds: upstreams,
    modelled: new Set(['far']),
    observe: (event) => events.push(event),
    now: () => clock.now,
  };
  const store = { database, results: new ResultCache(), timeout: 30_000 };
  const keeper = { freshen: (sets: readonly string[], signal: AbortSignal) => world.archives.freshen(sets, signal) };
  const app = httpListener({
    catalogue: () => world.archives.catalogue(),
    capabilities: feedCapabilities,
    sources: new DataSources(store, upstreams, keeper),
    authentication: openToAll,
    grantsOf: () => everything,
    settings: { pageSize: 4, publicUrl: null },
    replies: null,
    observe: collect({ defects }),
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const root = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}/odata/`;
  const get = (query: string, headers: Readonly<Record<string, string>> = {}) =>
    fetch(new URL(query, root), { headers });
  const world: World = {
    ...{ feed, database, events, defects, clock, get },
    archives: new Archives(context),
    reset: async () => {
      await forgetArchives(database, first, { source: 'far', set: undefined });
      await database.query('DELETE FROM gateway.erased_token; DELETE FROM gateway.erasure');
      feed.reset();
      events.length = 0;
      clock.now = new Date('2026-03-01T12:00:00Z');
      await world.restart(first);
    },
    restart: async (catalogue = live, { addressless = false } = {}) => {
      live = addressless ? withoutAddress(first, [...first.sources.values()]) : catalogue;
      const none = { feeds: new Map(), modelled: new Set<string>() };
      world.archives = new Archives({ ...context, ...(addressless ? none : {}) });
      await world.archives.look();
    },
    copy: async (options = {}) => {
      const running = world.archives.run({ ...options, signal: new AbortController().signal });
      const outcomes = await running.catch(async (error: unknown) => {
        // PostgreSQL lets go of the lock of a copy that was killed a moment later: until then another one would be told that it is busy.
        while ((await database.exclusively('archive FarThings', () => Promise.resolve(true))) === null) {
          await pause(10);
        }
        throw error;
      });
      return outcomes.map((one) => (one.state === 'failed' ? one.error.code : one.state));
    },
    rows: async (query) => {
      const rows: Row[] = [];
      for (let next: string | undefined = query; next !== undefined; ) {
        const reply = await get(next);
        const text = await reply.text();
        if (reply.status !== 200) {
          throw new Error(`${next}: ${reply.status} ${text}`);
        }
        const page = JSON.parse(text) as { value: Row[]; '@odata.nextLink'?: string };
        rows.push(...page.value);
        next = page['@odata.nextLink'];
      }
      return rows;
    },
    ask: async (text) => (await database.query(text)).rows as never,
    close: async () => {
      await app.close();
      await database.close();
      await drop();
    },
  };
  await world.archives.look();
  return world;
}
