import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import pg from 'pg';
import type { Catalogue } from '../../src/catalogue/catalogue.ts';
import type { ReaderLimits } from '../../src/http/edge/reader-limits.ts';
import type { TlsIdentity } from '../../src/http/edge/server.ts';
import type { Feed, FeedSettings } from '../../src/http/feed.ts';
import { httpListener } from '../../src/http/listener.ts';
import type { ReplyCache } from '../../src/http/reply-cache/reply-cache.ts';
import type { Authentication } from '../../src/http/sign-in/authentication.ts';
import { openToAll } from '../../src/http/sign-in/authentication.ts';
import type { RequestRecord, ServingEvent } from '../../src/observation/events/http.ts';
import type { Observation } from '../../src/observation/observation.ts';
import { everyone, type Observe, unobserved } from '../../src/observation/observe.ts';
import { everything } from '../../src/plan/grants.ts';
import { DataSources } from '../../src/source/data-sources.ts';
import { ResultCache } from '../../src/source/stored/result-cache.ts';
import type { EvaluationLimits } from '../../src/source/stored/stored-read.ts';
import type { Upstream } from '../../src/upstream/upstream.ts';
import { type DatabaseSettings, openDatabase } from '../../src/warehouse/postgres-database.ts';
import { catalogue, createTables } from '../sql/small-model.ts';
import { collect } from '../support/collect-events.ts';
import { guarded } from '../support/guarded.ts';
import { migratedDatabase } from '../support/made-databases.ts';
import { unhurried } from '../support/unhurried.ts';

/** Tables of the small model, empty, in a database that was migrated: its schemas and versions are there. */
export async function makeSmallModel(client: Pick<pg.Client, 'query'>): Promise<void> {
  await client.query(
    createTables()
      .replace(/CREATE SCHEMA \w+;/g, '')
      .replace(/CREATE TABLE gateway[^;]*;/, ''),
  );
  await client.query('GRANT SELECT ON ALL TABLES IN SCHEMA feed TO gateway_reader');
  await client.query("INSERT INTO gateway.set_versions VALUES ('Cases', 1), ('Agents', 1), ('Messages', 1)");
}

/** The whole feed over real HTTP on a fresh database of a real PostgreSQL, with the small model of `test/sql`. */
export interface TestServer {
  /** Service root with its final slash. */
  readonly root: string;
  readonly port: number;
  /** As the owner of the tables. */
  readonly client: pg.Client;
  readonly log: RequestRecord[];
  readonly defects: Error[];
  readonly broken: string[];
  /** Requests that have come so far, answered or not. */
  arrived(): number;
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Response>;
  close(): Promise<void>;
}

export interface TestServerOptions {
  readonly rows?: string;
  readonly settings?: Partial<FeedSettings>;
  /** Milliseconds. */
  readonly statementTimeout?: number;
  readonly authentication?: Authentication;
  readonly grantsOf?: Feed['grantsOf'];
  /** Absent: the small model with all its sets. */
  readonly catalogue?: () => Catalogue;
  /** Of the catalogue's proxied sets. Absent: it has none. */
  readonly upstreams?: ReadonlyMap<string, Upstream>;
  /** Absent: the usual limits. */
  readonly evaluation?: EvaluationLimits;
  readonly capabilities?: Feed['capabilities'];
  readonly replies?: ReplyCache;
  readonly onForgetting?: NonNullable<Feed['onForgetting']>;
  /** Told of everything, besides the lists below. */
  readonly observe?: Observe<Observation>;
  /** Connections, admission and what reads may take. */
  readonly database?: Partial<DatabaseSettings>;
  /** Registers plugins beside the feed. */
  readonly readers?: ReaderLimits;
  readonly audit?: NonNullable<Feed['audit']>;
  /** Absent: plain HTTP. */
  readonly tls?: TlsIdentity;
  readonly beside?: (app: FastifyInstance) => void;
  /** PostgreSQL has policies for rows, and each read says which ones it may see. */
  readonly rowLevelSecurity?: boolean;
  /** What lies between the feed and PostgreSQL. */
  readonly proxy?: (connectionString: string) => Promise<{ readonly connectionString: string }>;
}

export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const { connectionString, drop } = await migratedDatabase();
  const proxied = await options.proxy?.(connectionString);
  const connection = proxied?.connectionString ?? connectionString;
  const statesRights = options.rowLevelSecurity ?? false;
  const opened = await openDatabase({
    statesRights,
    ...(options.observe === undefined ? {} : { observe: options.observe }),
    ...unhurried,
    ...options.database,
    connection,
  });
  const client = new pg.Client({ connectionString });
  await client.connect();
  await client.query("SET TimeZone = 'UTC'");
  await makeSmallModel(client);
  await client.query(options.rows ?? '');
  const database = statesRights ? await guarded(opened, options.catalogue?.() ?? catalogue) : opened;
  const log: RequestRecord[] = [];
  const defects: Error[] = [];
  const broken: string[] = [];
  const app = httpListener(
    {
      catalogue: options.catalogue ?? (() => catalogue),
      capabilities: options.capabilities ?? null,
      grantsOf: options.grantsOf ?? (() => everything),
      sources: new DataSources(
        {
          database,
          statesRights,
          results: new ResultCache(),
          timeout: options.statementTimeout ?? 30_000,
          ...(options.evaluation && { evaluation: options.evaluation }),
        },
        options.upstreams ?? new Map(),
      ),
      authentication: options.authentication ?? openToAll,
      settings: { pageSize: 20_000, publicUrl: null, ...options.settings },
      ...(options.readers === undefined ? {} : { readers: options.readers }),
      audit: options.audit ?? null,
      replies: options.replies ?? null,
      ...(options.onForgetting === undefined ? {} : { onForgetting: options.onForgetting }),
      observe: everyone<ServingEvent>(collect({ log, broken, defects }), options.observe ?? unobserved),
    },
    options.tls ?? null,
  );
  options.beside?.(app);
  let arrived = 0;
  app.server.on('request', () => {
    arrived += 1;
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
  const root = `http://127.0.0.1:${port}/odata/`;
  return {
    root,
    port,
    client,
    log,
    defects,
    broken,
    arrived: () => arrived,
    get: (path, headers = {}) => fetch(new URL(path, root), { headers }),
    close: async () => {
      await app.close();
      await client.end();
      await database.close();
      await drop();
    },
  };
}
