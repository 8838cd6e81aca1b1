import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { Archives } from '../../../src/archive/archives.ts';
import { type ConnectedUpstreams, connectUpstreams } from '../../../src/commands/feeds/connect-upstreams.ts';
import { readConfig } from '../../../src/config.ts';
import type { Feed, FeedSettings } from '../../../src/http/feed.ts';
import { httpListener } from '../../../src/http/listener.ts';
import { openToAll } from '../../../src/http/sign-in/authentication.ts';
import type { RequestRecord, ServingEvent } from '../../../src/observation/events/http.ts';
import type { Observation } from '../../../src/observation/observation.ts';
import { everyone } from '../../../src/observation/observe.ts';
import { everything } from '../../../src/plan/grants.ts';
import { noArchives } from '../../../src/source/archived/archived-read.ts';
import { DataSources } from '../../../src/source/data-sources.ts';
import { ResultCache } from '../../../src/source/stored/result-cache.ts';
import type { Database } from '../../../src/warehouse/database.ts';
import { openDatabase } from '../../../src/warehouse/postgres-database.ts';
import { catalogueOf } from '../../support/catalogue-of.ts';
import { collect } from '../../support/collect-events.ts';
import { metadataFolder } from '../../support/gateway.ts';
import { RunningClock } from '../../support/idle-clock.ts';
import { provisionedDatabase } from '../../support/made-databases.ts';
import { unhurried } from '../../support/unhurried.ts';

/** Calls that an analyst has judged: stored, each of an agent and a call of the proxied feed. */
export const judgements = `set: Judgements
entity: Judgement
title: Judgements
description: Calls judged by an analyst.
files: [{ name: "^judgements.*[.]csv$", example: judgements.csv }]
write: { mode: upsert }
key: [JudgementId]
properties:
  JudgementId: { type: Int64, personalData: none, description: Key., example: "7" }
  CallId:
    type: String
    references: { set: buzzeasy.Calls, partner: Judgements }
    personalData: none
    description: The call.
    example: e715990e-aba9-49de-950d-4f33231a99cf
  AgentId:
    type: String
    references: { set: buzzeasy.Agents, partner: Judgements }
    personalData: employee
    description: The agent.
    example: 12ad7c5b-2f25-4bb1-a9c5-6ad9d6d2c3bd
  At: { type: DateTimeOffset, personalData: none, description: When., example: "2026-01-05T08:00:00Z" }
  Score: { type: Int32, personalData: none, description: Points., example: "4" }
`;

export interface JoinedGateway {
  readonly root: string;
  readonly database: Database;
  readonly proxied: ConnectedUpstreams;
  /** What is kept of the feeds that have an address; null: it was not asked for. */
  readonly archives: Archives | null;
  /** What the feeds are waited by. */
  readonly clock: RunningClock;
  readonly observed: Observation[];
  readonly log: RequestRecord[];
  readonly defects: Error[];
  readonly broken: string[];
  get(query: string, headers?: Readonly<Record<string, string>>): Promise<Response>;
  json(query: string, status?: number): Promise<Reply>;
  close(): Promise<void>;
}

export interface Reply {
  readonly value: readonly Record<string, unknown>[];
  readonly error: { readonly code: string; readonly message: string; readonly target: string };
  readonly [name: string]: unknown;
}

/** A feed for the proxied source: the variables that name it; empty: the sandbox of the product. */
export interface StartedFeed {
  readonly environment: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** What `serve` starts where nothing names a feed. */
export const sandboxFeed = async (): Promise<StartedFeed> => ({ environment: {}, close: async () => undefined });

export interface JoinedOptions {
  readonly settings?: Partial<FeedSettings>;
  readonly grantsOf?: Feed['grantsOf'];
  readonly environment?: Readonly<Record<string, string>>;
  /** More metadata: text by path below the folder. */
  readonly metadata?: ReadonlyMap<string, string>;
  /** How long the proxied feed may keep silent. */
  readonly timeoutSeconds?: number;
  /** Kept after closing where given. */
  readonly dataDir?: string;
  /** Sets whose metadata says so are archived, by the clock of the feeds. */
  readonly archived?: boolean;
}

/** The product's metadata and one file more, on a fresh database, over real HTTP; proxied sources as `serve` connects them. */
export async function joinedGateway(options: JoinedOptions = {}): Promise<JoinedGateway> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'joined-'));
  const metadataDir = path.join(folder, 'metadata');
  cpSync(metadataFolder, metadataDir, { recursive: true });
  writeFileSync(path.join(metadataDir, 'tracebuzz', 'judgements.yaml'), judgements);
  const sourceFile = path.join(metadataDir, 'buzzeasy', 'source.yaml');
  writeFileSync(
    sourceFile,
    readFileSync(sourceFile, 'utf8').replace('timeoutSeconds: 120', `timeoutSeconds: ${options.timeoutSeconds ?? 120}`),
  );
  for (const [file, text] of options.metadata ?? []) {
    mkdirSync(path.dirname(path.join(metadataDir, file)), { recursive: true });
    writeFileSync(path.join(metadataDir, file), text);
  }
  const environment = options.environment ?? {};
  const config = {
    ...readConfig({ DATA_DIR: options.dataDir ?? path.join(folder, 'data'), METADATA_DIR: metadataDir }),
    ...options.settings,
  };
  const loaded = catalogueOf(metadataDir, environment);
  const { connectionString, drop } = await provisionedDatabase(loaded);
  const database = await openDatabase({ ...unhurried, connection: connectionString });
  const observed: Observation[] = [];
  const surroundings = {
    config,
    environment,
    print: () => undefined,
    progress: () => undefined,
    observe: (one: Observation) => void observed.push(one),
  };
  const clock = new RunningClock();
  const proxied = await connectUpstreams(surroundings, loaded, { time: clock, readsOptions: true });
  const archives =
    options.archived === true
      ? new Archives({
          ...{ database, documents: loaded, live: proxied.catalogue, feeds: proxied.feeds, modelled: proxied.modelled },
          observe: surroundings.observe,
          now: () => new Date(clock.now()),
        })
      : null;
  await archives?.look();
  const log: RequestRecord[] = [];
  const defects: Error[] = [];
  const broken: string[] = [];
  const app = httpListener({
    catalogue: () => archives?.catalogue() ?? proxied.catalogue(),
    capabilities: null,
    sources: new DataSources(
      { database, results: new ResultCache(), timeout: config.statementTimeout },
      proxied.upstreams,
      archives ?? noArchives,
    ),
    authentication: openToAll,
    grantsOf: options.grantsOf ?? (() => everything),
    settings: config,
    observe: everyone<ServingEvent>(collect({ log, broken, defects }), (one) => observed.push(one)),
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
  const root = `http://127.0.0.1:${port}/odata/`;
  const get = (query: string, headers: Readonly<Record<string, string>> = {}) =>
    fetch(new URL(query, root), { headers });
  return {
    root,
    database,
    proxied,
    archives,
    clock,
    observed,
    log,
    defects,
    broken,
    get,
    async json(query, status = 200) {
      const reply = await get(query);
      const text = await reply.text();
      if (reply.status !== status) {
        throw new Error(`${query}: ${reply.status} ${text}`);
      }
      return JSON.parse(text) as Reply;
    },
    async close() {
      await app.close();
      await proxied.close();
      await database.close();
      await drop();
      rmSync(folder, { recursive: true, force: true });
      if (defects.length > 0) {
        throw defects[0];
      }
    },
  };
}

/** Puts judgements in: `[id, call, agent, score]`. */
export async function judge(
  database: Database,
  rows: readonly (readonly [number, string | null, string | null, number])[],
): Promise<void> {
  await database.query(
    `INSERT INTO feed."TracebuzzJudgements" ("JudgementId", "CallId", "AgentId", "Score")
     SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::int[])`,
    [0, 1, 2, 3].map((column) => rows.map((row) => row[column])),
  );
}
