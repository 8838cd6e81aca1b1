import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { type Config, ConfigError } from '../config.ts';
import { signInRoutes } from '../http/beside/sign-in-routes.ts';
import { feedCapabilities } from '../http/capabilities.ts';
import { connectRoutes } from '../http/connect/connect-routes.ts';
import { consoleRoutes } from '../http/console/console-routes.ts';
import { ReaderLimits } from '../http/edge/reader-limits.ts';
import { tlsFiles } from '../http/edge/tls-files.ts';
import { feedPath } from '../http/exchange.ts';
import type { Feed } from '../http/feed.ts';
import { httpListener } from '../http/listener.ts';
import { healthRoutes } from '../http/operations/health.ts';
import { ReplyCache, removeLeftReplies } from '../http/reply-cache/reply-cache.ts';
import { uploadRoutes } from '../http/upload/upload-routes.ts';
import { DropFolder } from '../ingest/delivery/folder/drop-folder.ts';
import { runSchedules } from '../ingest/delivery/schedules.ts';
import { removeLeftSpools } from '../ingest/delivery/take/left-spools.ts';
import type { Observation } from '../observation/observation.ts';
import { everyone, type Observe } from '../observation/observe.ts';
import { DataSources } from '../source/data-sources.ts';
import { ResultCache } from '../source/stored/result-cache.ts';
import type { Database } from '../warehouse/database.ts';
import { DatabaseProbe } from '../warehouse/database-probe.ts';
import { withHistories } from '../warehouse/placement/places.ts';
import { consoleWorks } from './browser-console/console-works.ts';
import type { GatewayMetrics } from './metrics/gateway-metrics.ts';
import { prepare } from './migrate.ts';
import { accessFaults, accessOf } from './serving/access-works.ts';
import { alertWorks } from './serving/alert-works.ts';
import { announce } from './serving/announce.ts';
import { archiveWorks, connectArchives } from './serving/archive-works.ts';
import { openAudit } from './serving/audit-trail.ts';
import { deliveryRounds, deliveryWorks, faultsOfDeliveries, spoolFolders } from './serving/deliveries.ts';
import { FeedWatch } from './serving/feed-watch.ts';
import { fillWithSamples } from './serving/first-samples.ts';
import { forgettingWorks } from './serving/forgetting-works.ts';
import { failureOf, requireSpace } from './serving/free-space.ts';
import { listenOn } from './serving/listen.ts';
import { type Loads, loadWarnings, occupancyWith, openLoads } from './serving/open-loads.ts';
import { openOperations } from './serving/open-operations.ts';
import { openUploads } from './serving/open-uploads.ts';
import { keepPrivate } from './serving/private-files.ts';
import { Readiness } from './serving/readiness.ts';
import { checkRowSecurity, openRowSecurity, rowSecurityWarnings } from './serving/row-security.ts';
import { callerFaults, servingFaults, uploadSourceFaults } from './serving/serving-faults.ts';
import { openSharing, signInPlace } from './sharing/open-sharing.ts';
import { openSignIn } from './sign-in/open-sign-in.ts';
import { preparationTo } from './support/console.ts';
import { exitCodes } from './support/exit-code.ts';
import { catalogueOf, openWarehouse, type Surroundings, type Warehouse, within } from './support/surroundings.ts';
import { programVersion } from './support/version.ts';

export interface ServeOptions {
  /** Resolves with the reason when the program is to stop. */
  readonly stop: Promise<string>;
  /** Told the feed's address once it answers, and the port that it listens on. */
  readonly onListening?: (address: string, port: number) => void;
  /** Milliseconds between two heartbeats. Absent: as usual; given by tests. */
  readonly beat?: number;
}

/** `gateway serve`: prepares the warehouse, serves the feed and takes in what is dropped, until it is told to stop. */
export async function serveCommand(surroundings: Surroundings, options: ServeOptions): Promise<number> {
  const { config } = surroundings;
  const faults = servingFaults(config);
  if (faults.length > 0) {
    throw new ConfigError(faults);
  }
  const catalogue = catalogueOf(surroundings);
  const rules = accessFaults(config, catalogue);
  const keyFaults = [...uploadSourceFaults(config, catalogue), ...callerFaults(config, catalogue), ...rules.faults];
  if (keyFaults.length > 0) {
    throw new ConfigError(keyFaults);
  }
  for (const warning of [...rules.warnings, ...rowSecurityWarnings(config, catalogue), ...loadWarnings(config)]) {
    surroundings.print(`warning: ${warning}`);
  }
  const readiness = new Readiness();
  void options.stop.then(() => readiness.stops());
  const operations = await openOperations(config, { health: readiness, observe: surroundings.observe });
  try {
    const { observe, metrics } = operations;
    return await serveCatalogue({ surroundings: { ...surroundings, observe }, options, catalogue, readiness, metrics });
  } finally {
    await operations.close();
  }
}

async function serveCatalogue(program: Omit<Serving, 'warehouse' | 'loads'>): Promise<number> {
  const { surroundings, options, catalogue, readiness } = program;
  const { config, print, observe } = surroundings;
  const delivering = await faultsOfDeliveries(catalogue, surroundings.environment);
  // One server that cannot be asked is no reason to serve nothing: its rounds say so, too.
  for (const fault of delivering) {
    print(`warning: ${fault}`);
  }
  await keepPrivate(surroundings, catalogue);
  const stop = options.stop.then((reason): End => ({ reason, code: exitCodes.ok }));
  const opening = openWarehouse(surroundings, { serves: true });
  const opened = await Promise.race([opening, stop]);
  if ('reason' in opened) {
    // The server lives only as long as this program, so one that is just starting ends with it.
    opening.then((warehouse) => warehouse.close(0)).catch(() => {});
    return opened.code;
  }
  const { database, server } = opened;
  const serverEnd = server?.failed.then((reason): End => ({ reason, code: exitCodes.failed })) ?? never;
  const end = Promise.race([stop, serverEnd]);
  let deadline = 0;
  void end.then(() => {
    readiness.stops();
    deadline = performance.now() + config.drainTime + config.shutdownTimeout;
  });
  let ended: End;
  let loads: Loads | null = null;
  try {
    const preparing = prepareToServe({ surroundings, catalogue, warehouse: opened });
    preparing.catch(() => {});
    const placed = preparing.then(async (made) => {
      loads = made;
      return withHistories(database, catalogue);
    });
    placed.catch(() => {});
    const early = await Promise.race([placed, end]);
    ended =
      'reason' in early
        ? early
        : await serveUntil(end, { ...program, catalogue: early, warehouse: opened, loads: (await preparing).database });
  } finally {
    // A load at hand may end until the deadline; then it is undone, and the next start has its file.
    const left = (): number | undefined => (deadline === 0 ? undefined : Math.max(0, deadline - performance.now()));
    await within(left(), endOf(loads));
    await opened.close(left());
  }
  observe({ event: 'stopped' });
  if (ended.code !== exitCodes.ok) {
    print(`The embedded PostgreSQL ended by itself and cannot be started again: ${ended.reason}`);
  }
  return ended.code;
}

const endOf = async (loads: Loads | null): Promise<void> => loads?.close();

/** Brings the warehouse to what is to be served, with samples where it is empty. Resolves to where files are taken in. */
async function prepareToServe(work: {
  readonly surroundings: Surroundings;
  readonly catalogue: Catalogue;
  readonly warehouse: Warehouse;
}): Promise<Loads> {
  const { surroundings, catalogue, warehouse } = work;
  const { database } = warehouse;
  const { config, print, observe } = surroundings;
  await checkRowSecurity(database, config);
  await prepare(database, catalogue, { observe: everyone(observe, preparationTo(print, 5)), serves: true });
  if (config.samples) {
    await fillWithSamples(surroundings, { catalogue, database });
  }
  return openLoads(warehouse, surroundings);
}

/** Why the program ends, and with which exit code. */
interface End {
  readonly reason: string;
  readonly code: number;
}

interface Serving {
  readonly surroundings: Surroundings;
  readonly options: ServeOptions;
  readonly catalogue: Catalogue;
  readonly warehouse: Warehouse;
  /** Where files are taken in. */
  readonly loads: Database;
  readonly readiness: Readiness;
  /** null: nobody asks for them. */
  readonly metrics: GatewayMetrics | null;
}

/** Serves and loads until `end`; whatever it started has ended afterwards, also where it throws. */
async function serveUntil(end: Promise<End>, serving: Serving): Promise<End> {
  const { surroundings, options, catalogue, warehouse, loads, readiness, metrics } = serving;
  const { config, observe } = surroundings;
  const { database } = warehouse;
  // Of the embedded server's files; null: the server is somewhere else.
  const folder = warehouse.server?.folders.cluster ?? null;
  const feeds = new FeedWatch();
  const watched = { ...surroundings, observe: everyone(observe, feeds.observe) };
  const sharing = await openSharing(warehouse, options.beat);
  const signIn = await openSignIn(config, observe, signInPlace(surroundings, sharing));
  const { proxied, archives } = await connectArchives(watched, catalogue, database);
  const stored = await openRowSecurity(database, config, {
    own: sharing?.beat.id ?? null,
    catalogue: () => archives.catalogue(),
    observe,
  });
  const access = accessOf(config, { catalogue, signsIn: signIn.authentication.signsIn, observe });
  const replies = await openReplies(config, observe);
  const audit = openAudit(config, database, { signsIn: signIn.authentication.signsIn, observe });
  const probe = new DatabaseProbe(warehouse.connection, catalogue);
  let forget = async (): Promise<void> => {};
  // A listener that is left would keep a program alive that serves nothing.
  let leave = async (): Promise<void> => {};
  try {
    const feed: Feed = {
      onForgetting: (forgetting) => {
        forget = forgetting;
      },
      catalogue: () => archives.catalogue(),
      capabilities: feedCapabilities,
      sources: new DataSources(
        {
          ...stored,
          results: new ResultCache(),
          timeout: config.statementTimeout,
          evaluation: config.evaluation,
        },
        proxied.upstreams,
        archives,
      ),
      authentication: signIn.authentication,
      grantsOf: (principal, served) => access.grantsOf(principal, served),
      settings: { ...config, namesServer: config.readDatabaseUrls.length > 0 && isDebug(config) },
      readers: new ReaderLimits(config.readers, undefined, sharing?.use(config.readers.requestsPerMinute) ?? null),
      replies,
      asyncRequests: sharing?.requests ?? null,
      audit: audit.add,
      observe,
    };
    const app = httpListener(
      feed,
      config.tls === null ? null : tlsFiles(config.tls, observe),
      () => readiness.isStopping,
    );
    healthRoutes(app, readiness);
    connectRoutes(app, feed);
    signInRoutes(app, feed, signIn.browser);
    const loading = { catalogue, database: loads, limits: config.unpack };
    const requireRoom = (): void => requireSpace(folder);
    consoleRoutes(
      app,
      feed,
      consoleWorks(loading, { config, proxied, access, owner: database, requireSpace: requireRoom }),
    );
    const sent = openUploads(loading, { config, health: readiness, observe, access, requireSpace: requireRoom });
    uploadRoutes(app, sent?.service ?? null);
    metrics?.serves(app.server, database, undefined, occupancyWith(database, loads));
    const { address, port } = await listen(app, config);
    const stopping = new AbortController();
    leave = async () => {
      stopping.abort();
      await stopListening(app, 0);
    };
    readiness.serves(() => probe.look());
    readiness.reads(database);
    announce(address, surroundings, { folder, absent: archives.absent() });
    observe({ event: 'listening', address, version: programVersion() });
    options.onListening?.(address, port);
    const drop = new DropFolder(loading, config.dropDir, {
      ...(config.dropMinimumAge === null ? {} : { minimumAge: config.dropMinimumAge }),
      observe,
      mayGoOn: requireRoom,
      signal: stopping.signal,
    });
    const scan = async (): Promise<unknown> => {
      requireRoom();
      return drop.scan();
    };
    const failed = (error: unknown, work: string): void =>
      observe({ event: 'scan-failed', work, reason: failureOf(error, folder) });
    await removeLeftSpools(spoolFolders(config));
    const asked = deliveryRounds(surroundings, loading, { signal: stopping.signal, mayGoOn: requireRoom });
    const schedules = runSchedules(
      [
        ...deliveryWorks(asked, database, stopping.signal),
        { name: 'drop folder', expression: config.ingestSchedule, run: scan, atStart: true },
        ...(sent === null
          ? []
          : [{ name: 'uploads', expression: config.ingestSchedule, run: () => sent.uploads.round(), atStart: true }]),
        ...archiveWorks(catalogue, archives, { database, signal: stopping.signal }),
        ...forgettingWorks(config, { catalogue, database }, () => forget()),
        feeds.work(database),
        ...audit.works,
        ...alertWorks({ database, catalogue }, surroundings, { observe, access, signal: stopping.signal }),
      ],
      failed,
    );
    const ended = await end;
    observe({ event: 'stopping', reason: ended.reason });
    // Whoever is in front is told by /health/ready, and sends nothing more; what comes until then is answered.
    await pause(ended.code === exitCodes.ok ? config.drainTime : 0);
    stopping.abort();
    sent?.uploads.stop();
    const until = performance.now() + config.shutdownTimeout;
    leave = async () => {};
    await stopListening(app, config.shutdownTimeout);
    await within(Math.max(0, until - performance.now()), schedules.stop());
    return ended;
  } finally {
    await leave();
    stored.close();
    await audit.close();
    await probe.close();
    await replies?.close();
    await proxied.close();
    await signIn.close();
    await sharing?.close();
  }
}

/** Whoever looks into a fault sees it, too: replies say more. */
const isDebug = ({ logLevel }: Config): boolean => logLevel === 'debug' || logLevel === 'trace';

const never = new Promise<End>(() => {});

/** Files of replies have no names, so that none outlives the program; where a system keeps names, the last run's go here. */
async function openReplies(
  { dataDir, replyCacheBytes }: Config,
  observe: Observe<Observation>,
): Promise<ReplyCache | null> {
  const folder = path.join(dataDir, 'replies');
  await removeLeftReplies(folder);
  if (replyCacheBytes === 0) {
    return null;
  }
  return new ReplyCache({ folder, totalBytes: replyCacheBytes, observe });
}

/** The address that clients use. */
async function listen(
  app: ReturnType<typeof httpListener>,
  { host, port, publicUrl, tls }: Config,
): Promise<{ readonly address: string; readonly port: number }> {
  const at = await listenOn(app, { host, port, setting: 'PORT' });
  const name = host.includes(':') ? `[${host}]` : host;
  const own = `${tls === null ? 'http' : 'https'}://${name === '0.0.0.0' || name === '[::]' ? 'localhost' : name}:${at}`;
  return { address: `${publicUrl ?? own}${feedPath}`, port: at };
}

/** Running replies may end until the deadline; then their transfers are broken. */
async function stopListening(app: ReturnType<typeof httpListener>, deadline: number): Promise<void> {
  const hurry = setTimeout(() => app.server.closeAllConnections(), deadline);
  await app.close();
  clearTimeout(hurry);
}
