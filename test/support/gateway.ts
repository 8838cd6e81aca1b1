import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { Catalogue } from '../../src/catalogue/catalogue.ts';
import type { Feed, FeedSettings } from '../../src/http/feed.ts';
import { httpListener } from '../../src/http/listener.ts';
import { openToAll } from '../../src/http/sign-in/authentication.ts';
import { everything } from '../../src/plan/grants.ts';
import { DataSources } from '../../src/source/data-sources.ts';
import { ResultCache } from '../../src/source/stored/result-cache.ts';
import type { Database } from '../../src/warehouse/database.ts';
import { openDatabase } from '../../src/warehouse/postgres-database.ts';
import { catalogueOf } from './catalogue-of.ts';
import { collect } from './collect-events.ts';
import { guarded } from './guarded.ts';
import { provisionedDatabase } from './made-databases.ts';
import { readTwice } from './read-twice.ts';
import { unhurried } from './unhurried.ts';

/** The product's own metadata. */
export const metadataFolder = path.resolve(import.meta.dirname, '../../metadata');

/**
 * The feed of a metadata folder, as a client sees it, on a fresh database of a real PostgreSQL. With READ_DATABASE_URL each `get` asks two feeds, one of them
 * on that standby of TEST_DATABASE_URL, and they have to say the same.
 */
export interface TestGateway {
  readonly catalogue: Catalogue;
  readonly database: Database;
  readonly connectionString: string;
  /** Service root with its final slash. */
  readonly root: string;
  /** The rows of a collection over all of its pages, as `valuesOf` gives them. `query` starts with the set's name. Throws on any other reply than 200. */
  rows(query: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  get(query: string, headers?: Readonly<Record<string, string>>): Promise<Response>;
  /** Throws the first defect that a request has met; `close` does too. */
  check(): void;
  close(): Promise<void>;
}

interface Page {
  readonly value: readonly Readonly<Record<string, unknown>>[];
  readonly '@odata.nextLink'?: string;
}

/**
 * The JSON of a reply without what it says of the types of single values, e.g. `Total@odata.type`: aggregated and computed values
 * have that, and are compared with plain ones.
 */
export function valuesOf(json: string): unknown {
  return JSON.parse(json, (name, value: unknown) => (/.@odata\.type$/.test(name) ? undefined : value));
}

/** `TestGateway.rows` by way of some `get`. */
export async function rowsOf(
  get: TestGateway['get'],
  query: string,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const rows: Readonly<Record<string, unknown>>[] = [];
  for (let next: string | undefined = query; next !== undefined; ) {
    const reply = await get(next);
    if (reply.status !== 200) {
      throw new Error(`${next}: ${reply.status} ${await reply.text()}`);
    }
    const page = valuesOf(await reply.text()) as Page;
    rows.push(...page.value);
    next = page['@odata.nextLink'];
  }
  return rows;
}

interface GatewayParts extends Pick<Feed, 'authentication' | 'grantsOf'> {
  /** What is served instead of the whole catalogue. */
  readonly served: () => Catalogue;
  readonly reportingTimeZone: string;
  readonly results: ResultCache;
  /** PostgreSQL has policies for rows, and each read says which ones it may see. */
  readonly rowLevelSecurity: boolean;
  /** Registers plugins beside the feed. */
  readonly beside: (app: FastifyInstance, feed: Feed, database: Database) => void;
}

export async function testGateway(
  folder = metadataFolder,
  {
    replies = null,
    reportingTimeZone = 'UTC',
    beside,
    authentication = openToAll,
    grantsOf = () => everything,
    served,
    results,
    rowLevelSecurity: statesRights = false,
    ...settings
  }: Partial<FeedSettings & Pick<Feed, 'replies'> & GatewayParts> = {},
  capabilities: Feed['capabilities'] = null,
): Promise<TestGateway> {
  const read = catalogueOf(folder);
  const catalogue = reportingTimeZone === 'UTC' ? read : { ...read, reportingTimeZone };
  const { connectionString, drop } = await provisionedDatabase(catalogue);
  const opened = { ...unhurried, connection: connectionString, statesRights };
  const twice = statesRights ? null : await readTwice(opened);
  const database = twice?.database ?? (await openDatabase(opened));
  const defects: Error[] = [];
  const feedOf = (database: Database): Feed => ({
    catalogue: served ?? (() => catalogue),
    capabilities,
    sources: new DataSources(
      { database, statesRights, results: results ?? new ResultCache(), timeout: 30_000 },
      new Map(),
    ),
    authentication,
    grantsOf,
    settings: { pageSize: 20_000, publicUrl: null, ...settings },
    replies,
    observe: collect({ defects }),
  });
  const listen = async (on: Database): Promise<{ readonly app: FastifyInstance; readonly root: string }> => {
    const feed = feedOf(on);
    const app = httpListener(feed);
    beside?.(app, feed, on);
    await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.server.address() as AddressInfo;
    return { app, root: `http://127.0.0.1:${port}/odata/` };
  };
  const { app, root } = await listen(statesRights ? await guarded(database, catalogue) : database);
  const other = twice === null ? null : await listen(twice.alone);
  const check = () => {
    if (defects.length > 0) {
      throw defects[0];
    }
  };
  const get = (query: string, headers: Readonly<Record<string, string>> = {}) =>
    twice === null || other === null
      ? fetch(new URL(query, root), { headers })
      : twice.get([root, other.root], query, { headers });
  return {
    catalogue,
    database,
    connectionString,
    root,
    get,
    rows: (query) => rowsOf(get, query),
    check,
    async close() {
      await app.close();
      await other?.app.close();
      await (twice ?? database).close();
      await drop();
      check();
    },
  };
}
