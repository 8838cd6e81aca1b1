import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { type Config, checkExposure } from '../config.ts';
import { GatewayError } from '../errors.ts';
import { authentication, openToAll } from '../http/authentication.ts';
import { credentialFile } from '../http/credentials.ts';
import { feedPath } from '../http/exchange.ts';
import type { Feed } from '../http/feed.ts';
import { httpListener } from '../http/listener.ts';
import { scanDropFolder } from '../ingest/delivery/drop-folder.ts';
import { type IngestResult, ingestPaths } from '../ingest/delivery/ingest-paths.ts';
import { runOnSchedule } from '../ingest/schedule.ts';
import { type Observe, observer } from '../observation.ts';
import { writeSamples } from '../samples/write-samples.ts';
import { connectUpstream } from '../upstream/connect.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { Database } from '../warehouse/database.ts';
import { exitCodes } from './exit-code.ts';
import { prepare } from './migrate.ts';
import { catalogueOf, openWarehouse, type Surroundings } from './surroundings.ts';

export interface ServeOptions {
  /** Resolves with the reason when the program is to stop. */
  readonly stop: Promise<string>;
  readonly observe?: Observe;
  /** Told the feed's address once it answers. */
  readonly onListening?: (address: string) => void;
}

/** `gateway serve`: prepares the warehouse, serves the feed and takes in what is dropped, until it is told to stop. */
export async function serveCommand(surroundings: Surroundings, options: ServeOptions): Promise<number> {
  const { config, print } = surroundings;
  checkExposure(config);
  const observe = options.observe ?? observer(config);
  const catalogue = catalogueOf(surroundings);
  const guard = guardOf(config);
  const warehouse = await openWarehouse(surroundings);
  try {
    const { database } = warehouse;
    await prepare(database, catalogue, print);
    if (config.samples) await fillWithSamples(surroundings, { catalogue, database, observe });
    const upstreams = await connectUpstreams(surroundings, catalogue);
    const app = httpListener({
      catalogue: () => catalogue,
      capabilities: null,
      database,
      upstreams,
      authentication: guard,
      settings: config,
      events: eventsOf(observe),
    });
    const address = await listen(app, config);
    announce(address, surroundings);
    observe({ event: 'listening', address });
    options.onListening?.(address);
    const scan = (): Promise<unknown> => scanOnce({ config, catalogue, database, observe });
    const failed = (error: unknown): void => observe({ event: 'scan-failed', reason: reasonOf(error) });
    const schedule = runOnSchedule(config.ingestSchedule, scan, failed);
    const first = scan().catch(failed);
    const reason = await Promise.race([options.stop, warehouse.server?.failed ?? never]);
    observe({ event: 'stopping', reason });
    await stopListening(app, config.shutdownTimeout);
    await schedule.stop();
    await first;
    await Promise.all([...upstreams.values()].map((upstream) => upstream.close()));
  } finally {
    await warehouse.close();
  }
  observe({ event: 'stopped' });
  return exitCodes.ok;
}

const never = new Promise<string>(() => {});

function guardOf(config: Config): Feed['authentication'] {
  if (config.basicFile === null && config.keyFile === null) return openToAll;
  const open = (file: string | null) => (file === null ? null : credentialFile(file));
  return authentication({ basic: open(config.basicFile), keys: open(config.keyFile) }, config.keyName);
}

/** Throws GatewayError AddressInUse with what to do about it. */
async function listen(app: ReturnType<typeof httpListener>, { host, port, publicUrl }: Config): Promise<string> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code !== 'EADDRINUSE' && code !== 'EACCES' && code !== 'EADDRNOTAVAIL') throw error;
    const why = code === 'EADDRINUSE' ? 'is used by another program' : `cannot be listened on (${code})`;
    throw new GatewayError('AddressInUse', `Port ${port} of ${host} ${why}`, { target: 'PORT', cause: error });
  }
  const bound = app.server.address();
  const at = typeof bound === 'object' && bound !== null ? bound.port : port;
  const name = host.includes(':') ? `[${host}]` : host;
  return `${publicUrl ?? `http://${name === '0.0.0.0' || name === '[::]' ? 'localhost' : name}:${at}`}${feedPath}`;
}

/** Running replies may end until the deadline; then their transfers are broken. */
async function stopListening(app: ReturnType<typeof httpListener>, deadline: number): Promise<void> {
  const hurry = setTimeout(() => app.server.closeAllConnections(), deadline);
  await app.close();
  clearTimeout(hurry);
}

function announce(address: string, { print, config }: Surroundings): void {
  print('');
  print(`The feed is ready. Paste this address into Power BI or Excel (Get data > OData feed):`);
  print(`  ${address}`);
  print(`Exports dropped into ${config.dropDir} are loaded by themselves.`);
}

/** A first look at the feed without files of one's own: only where nothing was ever loaded. */
async function fillWithSamples(
  { print }: Surroundings,
  { catalogue, database, observe }: { catalogue: Catalogue; database: Database; observe: Observe },
): Promise<void> {
  const { rows } = await database.query('SELECT 1 FROM gateway.load LIMIT 1');
  if (rows.length > 0) return;
  const folder = await mkdtemp(path.join(os.tmpdir(), 'gateway-samples-'));
  try {
    const report = await writeSamples(catalogue, folder);
    const results = await ingestPaths({ catalogue, database }, [folder]);
    const loaded = results.filter(({ state }) => state === 'loaded').length;
    print(`SAMPLES: the warehouse was empty, so ${loaded} made-up sample files with ${report.rows} rows were loaded.`);
    print('To start empty, stop, remove the data folder (or use another database), and start with SAMPLES=off.');
    for (const result of results)
      if (result.state === 'failed' || result.state === 'refused') observeLoad(observe, result);
    observe({ event: 'samples-loaded', rows: report.rows });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function connectUpstreams(
  { config }: Surroundings,
  catalogue: Catalogue,
): Promise<ReadonlyMap<string, Upstream>> {
  const connected = new Map<string, Upstream>();
  for (const source of catalogue.sources.values()) {
    if (source.upstream === undefined || source.upstream.url === null) continue;
    // The seam where an upstream's model enters the catalogue: until it is written, the catalogue's own model is served.
    const upstream = await connectUpstream({
      source,
      dataDir: config.dataDir,
      catalogue: () => catalogue,
      adopt: () => [],
    });
    connected.set(source.name, upstream);
  }
  return connected;
}

interface Scan {
  readonly config: Config;
  readonly catalogue: Catalogue;
  readonly database: Database;
  readonly observe: Observe;
}

async function scanOnce({ config, catalogue, database, observe }: Scan): Promise<void> {
  await scanDropFolder({ catalogue, database }, config.dropDir, { onResult: (result) => observeLoad(observe, result) });
}

function observeLoad(observe: Observe, result: IngestResult): void {
  const message = 'error' in result ? `${result.error.code}: ${result.error.message}` : (result.message ?? '');
  observe({ event: 'load', file: result.path, outcome: result.state, message });
}

function eventsOf(observe: Observe): Feed['events'] {
  return {
    request: (record) => observe({ event: 'request', ...record }),
    broken: (id, reason) => observe({ event: 'request-broken', id, reason }),
    defect: (id, error) => observe({ event: 'defect', id, error }),
  };
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
