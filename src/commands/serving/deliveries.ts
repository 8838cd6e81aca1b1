import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { DeliverySettings } from '../../catalogue/delivery-settings.ts';
import { GatewayError, operatorMessage } from '../../errors.ts';
import { isCronExpression } from '../../ingest/delivery/schedule.ts';
import type { ScheduledWork } from '../../ingest/delivery/schedules.ts';
import type { IngestContext } from '../../ingest/load/load-file.ts';
import { deliveryFaults, tryDelivery } from '../../ingest/remote/delivery-faults.ts';
import { DeliveryRounds, type RoundsOptions } from '../../ingest/remote/delivery-rounds.ts';
import { ServerTurns } from '../../ingest/remote/server-turns.ts';
import type { Database } from '../../warehouse/database.ts';
import { oncePerMoment } from '../../warehouse/shared/scheduled-work.ts';
import type { Surroundings } from '../support/surroundings.ts';

/** All servers that are asked for files, in a stable order. */
export const deliveriesOf = (catalogue: Catalogue): readonly DeliverySettings[] =>
  [...catalogue.sources.values()].flatMap(({ deliveries = [] }) => deliveries);

/** Rounds of all deliveries of a source, or of all sources. What is fetched lies below the data folder until it is loaded. */
export function deliveryRounds(
  { config, environment, observe }: Surroundings,
  context: IngestContext,
  options: Pick<RoundsOptions, 'signal' | 'mayGoOn' | 'onOutcome'> & { readonly source?: string },
): readonly DeliveryRounds[] {
  const { source, ...rest } = options;
  const wanted = deliveriesOf(context.catalogue).filter((one) => source === undefined || one.source === source);
  if (wanted.length === 0) {
    return [];
  }
  const spoolFolder = path.join(config.dataDir, 'spool');
  mkdirSync(spoolFolder, { recursive: true });
  const turns = new ServerTurns();
  return wanted.map(
    (settings) =>
      new DeliveryRounds(context, settings, {
        ...rest,
        ...{ environment, observe, turns, spoolFolder, keepIn: config.dropDir },
      }),
  );
}

/** Milliseconds over which rounds are spread that are due at once: not all gateways of the world come to a server at the full hour. */
const jitter = 20_000;

/**
 * The works of schedules that run these rounds, each moment of a schedule once among the gateways of a database. One whose schedule is none
 * (`faultsOfDeliveries` tells it) keeps the others from nothing.
 */
export function deliveryWorks(
  rounds: readonly Pick<DeliveryRounds, 'settings' | 'round'>[],
  database: Pick<Database, 'query' | 'exclusively'>,
  signal: AbortSignal,
): readonly ScheduledWork[] {
  const scheduled = rounds.filter(({ settings }) => isCronExpression(settings.schedule));
  return scheduled.map((one) => {
    const name = `delivery ${one.settings.id}`;
    // A server that is asked for another delivery is asked for this one afterwards.
    const round = async (): Promise<boolean> => (await one.round()).state !== 'busy';
    const run = async (moment: Date | null): Promise<void> => {
      await pause(Math.random() * jitter, undefined, { signal }).catch(() => {});
      if (!signal.aborted) {
        await oncePerMoment(database, { name, moment, signal }, round);
      }
    };
    return { name, expression: one.settings.schedule, atStart: true, run };
  });
}

/** Folders with files of this machine that are fetched or unpacked. */
export const spoolFolders = ({ dataDir }: { readonly dataDir: string }): readonly string[] => [
  path.join(dataDir, 'spool'),
  tmpdir(),
];

/** What is wrong with deliveries that can be told without a connection, one line each. */
export async function faultsOfDeliveries(
  catalogue: Catalogue,
  environment: Surroundings['environment'],
): Promise<readonly string[]> {
  const faults: string[] = [];
  for (const settings of deliveriesOf(catalogue)) {
    if (!isCronExpression(settings.schedule)) {
      faults.push(`${settings.id}: schedule "${settings.schedule}" is no cron expression: it is never asked.`);
    }
    for (const error of await deliveryFaults(settings, environment)) {
      faults.push(`${settings.id}: ${operatorMessage(error)}.`);
    }
  }
  return faults;
}

/** What works, and should not be so. */
export const warningsOfDeliveries = (catalogue: Catalogue): readonly string[] =>
  deliveriesOf(catalogue)
    .filter(({ protocol }) => protocol === 'ftp')
    .map(
      ({ id, host }) =>
        `${id}: ftp sends password and files to ${host} for everybody on the way to read; prefer ftps or sftp`,
    );

/** Connects to each server and lists its files. Resolves to how many could not be. */
export async function connectDeliveries(
  catalogue: Catalogue,
  environment: Surroundings['environment'],
  print: Surroundings['print'],
): Promise<number> {
  let failed = 0;
  for (const settings of deliveriesOf(catalogue)) {
    const where = `${settings.id} at ${settings.host}:${settings.port}`;
    try {
      const { files, cut } = await tryDelivery(settings, environment, catalogue);
      print(`${where}: ${files.length} files${cut === null ? '' : `, and the server left some out: ${cut}`}`);
    } catch (error) {
      if (!(error instanceof GatewayError)) {
        throw error;
      }
      print(`${where}: ${error.code}: ${operatorMessage(error)}`);
      print(`  ${error.remedy}`);
      failed += 1;
    }
  }
  return failed;
}
