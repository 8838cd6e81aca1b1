import type { Catalogue } from '../catalogue/catalogue.ts';
import { type Config, checkExposure } from '../config.ts';
import { GatewayError } from '../errors.ts';
import { authentication, openToAll } from '../http/authentication.ts';
import { feedCapabilities } from '../http/capabilities.ts';
import { credentialFile } from '../http/credentials.ts';
import { feedPath } from '../http/exchange.ts';
import type { Feed } from '../http/feed.ts';
import { httpListener } from '../http/listener.ts';
import { scanDropFolder } from '../ingest/delivery/drop-folder.ts';
import { runOnSchedule } from '../ingest/schedule.ts';
import { type Observe, observer } from '../observation.ts';
import type { Database } from '../warehouse/database.ts';
import { connectUpstreams } from './connect-upstreams.ts';
import { exitCodes } from './exit-code.ts';
import { fillWithSamples, observeLoad } from './first-samples.ts';
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
    await prepare(database, catalogue, summary(print));
    if (config.samples) await fillWithSamples(surroundings, { catalogue, database, observe });
    const proxied = await connectUpstreams(surroundings, catalogue);
    const app = httpListener({
      catalogue: proxied.catalogue,
      capabilities: feedCapabilities,
      database,
      upstreams: proxied.upstreams,
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
    await proxied.close();
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

/** The first start makes a hundred tables: nobody reads them all. */
function summary(print: (line: string) => void): (line: string) => void {
  let printed = 0;
  return (line) => {
    printed += 1;
    if (printed <= 5) print(line);
    if (printed === 6) print('... (`gateway migrate` prints all changes)');
  };
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

interface Scan {
  readonly config: Config;
  readonly catalogue: Catalogue;
  readonly database: Database;
  readonly observe: Observe;
}

async function scanOnce({ config, catalogue, database, observe }: Scan): Promise<void> {
  await scanDropFolder({ catalogue, database }, config.dropDir, { onResult: (result) => observeLoad(observe, result) });
}

function eventsOf(observe: Observe): Feed['events'] {
  return {
    request: (record) => observe({ event: 'request', ...record }),
    broken: (id, reason) => observe({ event: 'request-broken', id, reason }),
    defect: (id, error) => observe({ event: 'defect', id, error }),
  };
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
