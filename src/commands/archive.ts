import type { SetOutcome } from '../archive/archives.ts';
import type { CopyCounts } from '../archive/copy-set.ts';
import { forgetArchives } from '../archive/forget.ts';
import { archiveRecords } from '../archive/records.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { operatorMessage } from '../errors.ts';
import { runSchedules } from '../ingest/delivery/schedules.ts';
import { everyone } from '../observation/observe.ts';
import type { Database } from '../warehouse/database.ts';
import { addressSetting } from './feeds/withheld-sets.ts';
import { prepare } from './migrate.ts';
import { archiveWorks, type ConnectedArchives, connectArchives, isKept } from './serving/archive-works.ts';
import { storedRowsTo } from './support/console.ts';
import { exitCodes } from './support/exit-code.ts';
import { catalogueOf, type Surroundings, withExistingWarehouse, withWarehouse } from './support/surroundings.ts';

export interface ArchiveFlags {
  readonly once?: boolean;
  readonly set?: string;
  readonly dryRun?: boolean;
  readonly force?: boolean;
  readonly whole?: boolean;
  readonly forget?: boolean;
}

export interface ArchiveOptions {
  /** Resolves with the reason when the program is to stop. */
  readonly stop: Promise<string>;
}

/**
 * `gateway archive`: copies the rows of proxied sets that are kept, on their schedules until it is told to stop, or once. 1 where a set could not
 * be copied. A dry run says what is kept, and how far its copies are.
 */
export async function archiveCommand(
  surroundings: Surroundings,
  source: string | undefined,
  { stop, ...flags }: ArchiveFlags & ArchiveOptions,
): Promise<number> {
  const catalogue = catalogueOf(surroundings);
  const { print } = surroundings;
  if (source !== undefined && catalogue.sources.get(source)?.kind !== 'odata') {
    print(`There is no proxied source "${source}". Proxied: ${proxiedSources(catalogue).join(', ') || 'none'}.`);
    return exitCodes.failed;
  }
  if (flags.forget === true) {
    return forget(surroundings, source, flags.set);
  }
  if (!proxiedSources(catalogue).some((name) => (source === undefined || name === source) && isKept(catalogue, name))) {
    print('Nothing is kept of it: say archive: true in source.yaml, or for single sets, see docs/archive.md.');
    return exitCodes.failed;
  }
  return withWarehouse(surroundings, async ({ database }) => {
    await prepare(database, catalogue, { observe: everyone(surroundings.observe, storedRowsTo(print)) });
    const config = { ...surroundings.config, samples: false };
    for (const one of catalogue.sources.values()) {
      if (one.upstream?.url === null && (source === undefined || one.name === source)) {
        print(`${one.title}: ${addressSetting(one)} is not set, so nothing is copied; rows of a sandbox never are.`);
      }
    }
    // What the start of a gateway says of sets that are not served is not this command's to say: one beside it may serve a sandbox.
    const connected = await connectArchives({ ...surroundings, config, print: () => {} }, catalogue, database);
    try {
      if (flags.dryRun === true) {
        const { archives } = connected;
        const records = new Map((await archiveRecords(database)).map((record) => [record.set, record]));
        for (const { name, settings } of archives.setsOf(source, flags.set)) {
          const record = records.get(name);
          const how = settings.by === null ? 'compared whole' : `by ${settings.by}`;
          const far =
            record?.complete === true
              ? `copied at ${record.copiedAt?.toISOString() ?? '?'}`
              : notYet(record?.watermark);
          print(`${name}: ${how}, ${far}, served as ${settings.serve}`);
        }
        return exitCodes.ok;
      }
      const work = { surroundings, catalogue, connected, database, source, flags };
      return flags.once === true || flags.set !== undefined ? await runOnce(stop, work) : await runUntil(stop, work);
    } finally {
      await connected.proxied.close();
    }
  });
}

const notYet = (watermark: Date | null | undefined): string =>
  watermark == null ? 'not copied yet' : `copied up to ${watermark.toISOString()}`;

const proxiedSources = ({ sources }: Catalogue): readonly string[] =>
  [...sources.values()].flatMap(({ name, kind }) => (kind === 'odata' ? [name] : []));

interface Work {
  readonly surroundings: Surroundings;
  readonly catalogue: Catalogue;
  readonly connected: ConnectedArchives;
  readonly database: Database;
  readonly source: string | undefined;
  readonly flags: ArchiveFlags;
}

async function runOnce(stop: Promise<string>, { surroundings, connected, source, flags }: Work): Promise<number> {
  const { print } = surroundings;
  const stopping = new AbortController();
  void stop.then(() => stopping.abort());
  const { set, force = false, whole = false } = flags;
  const { archives, proxied } = connected;
  if (archives.setsOf(source, set).length === 0) {
    const unread = [...proxied.upstreams.values()].flatMap((one) => one.state().failure ?? []);
    print(['No set of it can be copied: its feed has no address, or was never reached.', ...unread].join(' '));
    return exitCodes.failed;
  }
  const outcomes = await archives.run({
    ...{ force, whole, signal: stopping.signal },
    ...(source === undefined ? {} : { source }),
    ...(set === undefined ? {} : { set }),
  });
  for (const outcome of outcomes) {
    print(outcomeText(outcome));
  }
  return outcomes.some(({ state }) => state === 'failed') ? exitCodes.failed : exitCodes.ok;
}

/** A line for people. */
export function outcomeText(outcome: SetOutcome): string {
  switch (outcome.state) {
    case 'busy':
      return `${outcome.set}: another gateway is copying it now`;
    case 'failed':
      return `${outcome.set}: ${outcome.error.code}: ${operatorMessage(outcome.error)}\n  ${outcome.error.remedy}`;
    case 'copied':
      return `${outcome.set}: ${countsText(outcome.counts)}`;
  }
}

function countsText({ read, inserted, updated, purged, deleted, erased }: CopyCounts): string {
  const more = [
    ...(purged === 0 ? [] : [`${purged} purged there`]),
    ...(deleted === 0 ? [] : [`${deleted} deleted`]),
    ...(erased === 0 ? [] : [`${erased} of erased persons left out`]),
  ];
  return [`${read} rows looked at`, `${inserted} new`, `${updated} changed`, ...more].join(', ');
}

async function runUntil(
  stop: Promise<string>,
  { surroundings, catalogue, connected, database, source }: Work,
): Promise<number> {
  const { print, observe } = surroundings;
  const stopping = new AbortController();
  const failed = (error: unknown, work: string): void =>
    observe({ event: 'scan-failed', work, reason: error instanceof Error ? error.message : String(error) });
  const works = archiveWorks(catalogue, connected.archives, { database, signal: stopping.signal, source });
  const schedules = runSchedules(works, failed);
  print('Archives are kept up to their feeds until this is stopped.');
  await stop;
  stopping.abort();
  await schedules.stop();
  return exitCodes.ok;
}

async function forget(
  surroundings: Surroundings,
  source: string | undefined,
  set: string | undefined,
): Promise<number> {
  const { print } = surroundings;
  if (source === undefined) {
    print('Name the source whose archived rows are to go.');
    return exitCodes.usage;
  }
  return withExistingWarehouse(surroundings, async ({ database }) => {
    const names = await forgetArchives(database, catalogueOf(surroundings), { source, set });
    print(names.length === 0 ? 'Nothing is archived of it.' : `Let go: ${names.join(', ')}.`);
    return exitCodes.ok;
  });
}
