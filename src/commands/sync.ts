import type { Catalogue } from '../catalogue/catalogue.ts';
import { GatewayError, operatorMessage } from '../errors.ts';
import { filesOf, type IngestResult, waitingRows } from '../ingest/delivery/ingest-result.ts';
import { runSchedules } from '../ingest/delivery/schedules.ts';
import { removeLeftSpools } from '../ingest/delivery/take/left-spools.ts';
import { KeptFileSweep } from '../ingest/erase/kept-file-sweep.ts';
import type { DeliveryRounds, RoundResult } from '../ingest/remote/delivery-rounds.ts';
import type { Looked, Verdict } from '../ingest/remote/look.ts';
import { everyone } from '../observation/observe.ts';
import type { Database } from '../warehouse/database.ts';
import { resultLines } from './ingest.ts';
import { prepare } from './migrate.ts';
import { deliveriesOf, deliveryRounds, deliveryWorks, faultsOfDeliveries, spoolFolders } from './serving/deliveries.ts';
import { eachMinute } from './serving/forgetting-works.ts';
import { takenFolders } from './serving/kept-folders.ts';
import { withLoads } from './serving/open-loads.ts';
import { storedRowsTo } from './support/console.ts';
import { exitCodes } from './support/exit-code.ts';
import { catalogueOf, type Surroundings, withWarehouse } from './support/surroundings.ts';

export interface SyncFlags {
  readonly once?: boolean;
  readonly dryRun?: boolean;
  readonly retryLogin?: boolean;
}

export interface SyncOptions {
  /** Resolves with the reason when the program is to stop. */
  readonly stop: Promise<string>;
}

/**
 * `gateway sync`: fetches files from the servers of all sources, or of one, on their schedules until it is told to stop, or once. 1 where a
 * server could not be asked or none is declared, 2 where files were refused, rows rejected, or uploads are stuck. A dry run lists, and says what would be fetched: nothing, and 0, where no server is declared at all.
 */
export async function syncCommand(
  surroundings: Surroundings,
  source: string | undefined,
  { once = false, dryRun = false, retryLogin = false, stop }: SyncFlags & SyncOptions,
): Promise<number> {
  const catalogue = catalogueOf(surroundings);
  const found = deliveriesOf(catalogue).filter((one) => source === undefined || one.source === source);
  if (found.length === 0) {
    surroundings.print(noDelivery(catalogue, source));
    return dryRun && source === undefined ? exitCodes.ok : exitCodes.failed;
  }
  return withWarehouse(surroundings, async (warehouse) => {
    const { database } = warehouse;
    await prepare(database, catalogue, {
      observe: everyone(surroundings.observe, storedRowsTo(surroundings.print)),
    });
    return withLoads(warehouse, surroundings, async (loads) => {
      const work = { surroundings, catalogue, database, loads, source, retryLogin };
      if (dryRun) {
        return previewAll(work);
      }
      await removeLeftSpools(spoolFolders(surroundings.config));
      return once ? runOnce(work) : runUntil(stop, work);
    });
  });
}

function noDelivery({ sources }: Catalogue, source: string | undefined): string {
  if (source !== undefined && !sources.has(source)) {
    const ofFiles = [...sources.values()].filter(({ kind }) => kind === 'files').map(({ name }) => name);
    return `There is no source "${source}". Sources of files: ${ofFiles.join(', ')}.`;
  }
  const whose = source === undefined ? 'No source has' : `${source} has no`;
  return `${whose} deliveries: declare a server in metadata/<source>/deliveries.yaml, see docs/deliveries.md.`;
}

interface Work {
  readonly surroundings: Surroundings;
  readonly catalogue: Catalogue;
  readonly database: Database;
  /** The same as who files are taken in as. */
  readonly loads: Database;
  readonly source: string | undefined;
  readonly retryLogin: boolean;
}

function roundsOf(
  { surroundings, catalogue, loads, source }: Work,
  options: Parameters<typeof deliveryRounds>[2],
): readonly DeliveryRounds[] {
  const context = { catalogue, database: loads, limits: surroundings.config.unpack };
  return deliveryRounds(surroundings, context, { ...options, ...(source === undefined ? {} : { source }) });
}

async function runOnce(work: Work): Promise<number> {
  const { print } = work.surroundings;
  let code: number = exitCodes.ok;
  const rounds = roundsOf(work, {
    onOutcome: (_arrival, { result }) => {
      resultLines(result).forEach(print);
      code = isPartial(result) ? worse(code, exitCodes.partial) : code;
    },
  });
  for (const one of rounds) {
    const result = await one.round({ retriesLogin: work.retryLogin });
    print(`${one.settings.id}: ${resultText(result)}`);
    code = result.state === 'failed' ? exitCodes.failed : code;
    code = (await stuckFiles(work.database, one.settings.id)) > 0 ? worse(code, exitCodes.partial) : code;
  }
  await keptFileSweep(work, { looksAtAll: false }).look();
  return code;
}

/** What is fetched may hold persons who were erased, and there may be no gateway that serves to look at the copies that are kept. */
const keptFileSweep = (
  { surroundings, catalogue, database }: Work,
  options: { readonly looksAtAll: boolean },
): KeptFileSweep => new KeptFileSweep({ catalogue, database }, takenFolders(surroundings.config), options);

/** Failure is worse than a part that was refused. */
const worse = (one: number, other: number): number => (one === exitCodes.failed ? one : other);

function isPartial(result: IngestResult): boolean {
  return (
    result.state === 'refused' ||
    filesOf(result).some(
      (file) =>
        file.state === 'refused' || file.state === 'failed' || (file.state === 'loaded' && waitingRows(file) > 0),
    )
  );
}

function resultText(result: RoundResult): string {
  switch (result.state) {
    case 'busy':
      return 'another gateway is asking it now';
    case 'failed':
      return failureText(result.error);
    default:
      return `${result.found} files there, ${result.fetched} fetched, ${result.waiting} not complete yet`;
  }
}

const failureText = (error: GatewayError): string => `${error.code}: ${operatorMessage(error)}\n  ${error.remedy}`;

async function stuckFiles(database: Database, delivery: string): Promise<number> {
  const { rows } = await database.query<{ n: number }>(
    'SELECT count(*)::int AS n FROM gateway.delivery_file WHERE delivery = $1 AND told_at IS NOT NULL',
    [delivery],
  );
  return rows[0]?.n ?? 0;
}

async function previewAll(work: Work): Promise<number> {
  const { print } = work.surroundings;
  let code: number = exitCodes.ok;
  for (const one of roundsOf(work, {})) {
    try {
      const looked = await one.preview({ retriesLogin: work.retryLogin });
      previewLines(one, looked).forEach(print);
      const partial = looked.listed.cut !== null || looked.verdicts.some(({ stuck }) => stuck);
      code = partial ? worse(code, exitCodes.partial) : code;
    } catch (error) {
      if (!(error instanceof GatewayError)) {
        throw error;
      }
      print(`${one.settings.id}: ${failureText(error)}`);
      code = exitCodes.failed;
    }
  }
  return code;
}

/** What a round would do, a line for each file that is not left alone because it is known. */
function previewLines({ settings }: DeliveryRounds, { listed, verdicts }: Looked): readonly string[] {
  const { id, protocol, user, host, port, directory, afterLoad, archiveDirectory } = settings;
  const known = verdicts.filter(({ fate }) => fate === 'known').length;
  const then = { leave: 'left there', delete: 'deleted there', archive: `moved to ${archiveDirectory}` }[afterLoad];
  const line = ({ path, size, fate, reason, stuck }: Verdict): string =>
    `  ${fate === 'fetch' ? 'would fetch' : fate === 'wait' ? 'waits' : 'left alone'}: ${path}, ${size ?? '?'} bytes: ${reason}${stuck ? ' (for too long)' : ''}`;
  return [
    `${id}: ${protocol}://${user}@${host}:${port}, directory ${directory}: ${listed.files.length} files; what is taken in is ${then}`,
    ...verdicts.filter(({ fate }) => fate !== 'known').map(line),
    ...(known === 0 ? [] : [`  left alone: ${known} files that were fetched before, with the same size and time`]),
    ...listed.passedOver.map(({ message }) => `  ${message}`),
    ...(listed.cut === null ? [] : [`  The server left files out of its listing: ${listed.cut}`]),
  ];
}

async function runUntil(stop: Promise<string>, work: Work): Promise<number> {
  const { print, observe } = work.surroundings;
  const stopping = new AbortController();
  const rounds = roundsOf(work, {
    signal: stopping.signal,
    onOutcome: (_arrival, { result }) => resultLines(result).forEach(print),
  });
  const failed = (error: unknown, name: string): void =>
    observe({ event: 'scan-failed', work: name, reason: error instanceof Error ? error.message : String(error) });
  const sweep = keptFileSweep(work, { looksAtAll: true });
  const schedules = runSchedules(
    [
      ...deliveryWorks(rounds, work.database, stopping.signal),
      { name: 'erasures', expression: eachMinute, run: () => sweep.look(), atStart: true },
    ],
    failed,
  );
  for (const fault of await faultsOfDeliveries(work.catalogue, work.surroundings.environment)) {
    print(`warning: ${fault}`);
  }
  print(`Files are fetched for ${rounds.map(({ settings }) => settings.id).join(', ')} until this is stopped.`);
  await stop;
  stopping.abort();
  await schedules.stop();
  return exitCodes.ok;
}
