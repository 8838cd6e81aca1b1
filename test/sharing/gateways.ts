import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { serveCommand } from '../../src/commands/serve.ts';
import { readConfig } from '../../src/config.ts';
import type { Observation } from '../../src/observation/observation.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { until } from '../support/until.ts';

/** A gateway that serves in this process. */
export interface ServingGateway {
  /** Scheme, host and port. */
  readonly origin: string;
  readonly root: string;
  /** A data folder of its own. */
  readonly folder: string;
  readonly events: readonly Observation[];
  get(path: string, headers?: Readonly<Record<string, string>>, method?: string): Promise<Response>;
  stop(): Promise<number>;
}

/** Several gateways on one database, each with a data folder of its own, as `gateway serve` starts them. */
export interface Gateways {
  readonly all: readonly ServingGateway[];
  /** Another one. */
  start(environment?: Readonly<Record<string, string>>): Promise<ServingGateway>;
  close(): Promise<void>;
}

/** One set of one export, `AcmeThings`; `title` is of it. */
export function shopMetadata(folder: string): string {
  const metadata = path.join(folder, 'metadata');
  const text = { type: 'String', personalData: 'none', description: 'Of the test.', example: 'x' };
  const about = { title: 'Acme', description: 'Of the test.', kind: 'files', prefix: 'Acme' };
  const set = {
    ...{ source: { name: 'acme', ...about }, set: 'Things', title: 'Things', description: 'Of the test.' },
    ...{ key: ['ThingId'], write: { mode: 'upsert' } },
    properties: { ThingId: { ...text, header: 'Id' }, Title: text },
  };
  mkdirSync(metadata);
  writeFileSync(path.join(metadata, 'things.yaml'), JSON.stringify(set));
  return metadata;
}

export async function startGateways(
  count: number,
  database: Pick<TestDatabase, 'connectionString'>,
  common: (folder: string) => Readonly<Record<string, string>> = () => ({}),
): Promise<Gateways> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-several-'));
  const metadata = shopMetadata(folder);
  const all: ServingGateway[] = [];
  const start = async (environment: Readonly<Record<string, string>> = {}): Promise<ServingGateway> => {
    const own = mkdtempSync(path.join(folder, 'data-'));
    const given = {
      ...{ DATABASE_URL: database.connectionString, METADATA_DIR: metadata, SAMPLES: 'off', PORT: '0', DATA_DIR: own },
      ...{ ...common(folder), ...environment },
    };
    const events: Observation[] = [];
    let stop = (_reason: string): void => {};
    const stopped = new Promise<string>((resolve) => {
      stop = resolve;
    });
    let ended: Promise<number> = Promise.resolve(0);
    const address = await new Promise<string>((resolve, reject) => {
      const surroundings = {
        config: readConfig(given),
        environment: given,
        print: () => {},
        progress: () => {},
        observe: (event: Observation) => void events.push(event),
      };
      ended = serveCommand(surroundings, {
        stop: stopped,
        onListening: (_, port) => resolve(`http://127.0.0.1:${port}/odata/`),
        beat: 100,
      });
      ended.then(() => reject(new Error('it ended')), reject);
    });
    const gateway: ServingGateway = {
      ...{ origin: new URL(address).origin, root: address, folder: own, events },
      get: (where, headers = {}, method = 'GET') =>
        fetch(new URL(where, address), { headers, method, redirect: 'manual' }),
      stop: () => {
        stop('the test ends');
        return ended;
      },
    };
    all.push(gateway);
    return gateway;
  };
  for (let n = 0; n < count; n++) {
    await start();
  }
  await acquainted(database, count);
  return {
    all,
    start,
    close: async () => {
      await Promise.all(all.map((one) => one.stop()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Several gateways on a database of their own, for all tests of a suite. */
export interface SharedWarehouse {
  readonly database: TestDatabase;
  /** Of the owner, to look behind their backs. */
  readonly client: pg.Client;
  readonly gateways: Gateways;
}

/** Registers `before` and `after` that make and end them; the function that is returned may be called in between. */
export function useGateways(count: number, environment: Parameters<typeof startGateways>[2]): () => SharedWarehouse {
  let shared: SharedWarehouse | null = null;
  before(async () => {
    const database = await testDatabase();
    const client = new pg.Client({ connectionString: database.connectionString });
    await client.connect();
    shared = { database, client, gateways: await startGateways(count, database, environment) };
  });
  after(async () => {
    await shared?.client.end();
    await shared?.gateways.close();
    await shared?.database.drop();
  });
  return () => {
    if (shared === null) {
      throw new Error('the gateways are not there yet');
    }
    return shared;
  };
}

/** The Cookie header that a browser sends after these replies. */
export function cookieOf(reply: Response): string {
  return reply.headers
    .getSetCookie()
    .filter((set) => !set.includes('Max-Age=0'))
    .map((set) => set.split(';')[0])
    .join('; ');
}

/** Resolves when so many gateways are there and each has looked for the others since the last one came. */
async function acquainted({ connectionString }: Pick<TestDatabase, 'connectionString'>, count: number): Promise<void> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  await until('they know of each other', async () => {
    const { rows } = await client.query(
      `SELECT FROM gateway.instance WHERE seen_at > (SELECT max(started_at) + interval '50 ms' FROM gateway.instance)`,
    );
    return rows.length >= count;
  });
  await client.end();
}
