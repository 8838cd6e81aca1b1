import type { Catalogue, Export } from '../../catalogue/catalogue.ts';
import { GatewayError } from '../../errors.ts';
import type { IngestEvent } from '../../observation/events/ingest.ts';
import { type Observe, unobserved } from '../../observation/observe.ts';
import type { Database, Transaction } from '../../warehouse/database.ts';
import { publishTogether } from '../../warehouse/placement/publish-together.ts';
import { requireTable } from '../../warehouse/tables/check-table.ts';
import type { UnpackLimits } from '../container/limits.ts';
import type { RowConverter } from '../convert/row-converter.ts';
import { examineFile, type FileFacts, requireUnchanged } from '../csv/file-facts.ts';
import { setsTouched } from '../derive/derived-sets.ts';
import { dataRows } from '../identify/data-rows.ts';
import type { Identification, IdentifyOptions } from '../identify/identify-export.ts';
import { identifyFile } from '../identify/identify-file.ts';
import type { HeaderMatch } from '../identify/match-header.ts';
import { fileTime, namedTime, type Period, periodOf } from '../identify/period.ts';
import { type DriftFinding, keepDrift } from '../ledger/drift.ts';
import { keepHeadersTrue } from '../ledger/known-headers.ts';
import {
  closeLoad,
  type EarlierLoad,
  earlierLoad,
  type FileReading,
  type LoadCounts,
  noteFile,
  openLoad,
} from '../ledger/ledger.ts';
import { keepPoliciesTrue } from '../ledger/personal-policies.ts';
import { dismissRejects, keepRejects } from '../ledger/rejects.ts';
import { lockSets } from '../ledger/set-version.ts';
import { policiesOf } from '../personal/treated-sets.ts';
import { type StoredTable, storedTable } from '../stored/stored-table.ts';
import { closeCarried, rejectShape } from './close-carried.ts';
import { judgeRejects } from './judge-file.ts';
import { raiseLoadAlerts } from './load-alerts.ts';
import { joinedMessages, outcomeOf } from './load-notes.ts';
import { loadSteps, type TellStep } from './load-steps.ts';
import { takeIn } from './take-in.ts';

export interface IngestContext {
  readonly catalogue: Catalogue;
  readonly database: Database;
  /** What may come out of a container. Default: `defaultLimits`. */
  readonly limits?: UnpackLimits;
}

export interface LoadOptions extends IdentifyOptions {
  /** `FROM..TO`, for exports whose rows do not say their period. */
  readonly period?: string;
  /** Path below the folder of the delivery, for the ledger, which is part of the feed: no path of this machine. Absent: the name. */
  readonly below?: string;
  /** Load the file however many rows it lacks, and however many of its rows are rejected. */
  readonly force?: boolean;
  /** Load bytes that were loaded before, once more: read as the metadata says now, in the place that they had among all files. */
  readonly again?: boolean;
  /** Absent: nobody listens. */
  readonly observe?: Observe<IngestEvent>;
  /** Asked while the file is read; throws what ends the load. */
  readonly mayGoOn?: () => void;
}

/** What became of one file. */
export type LoadResult =
  | {
      readonly state: 'loaded';
      readonly path: string;
      readonly loadId: string;
      readonly identified: Identification;
      readonly counts: LoadCounts;
      readonly drift: readonly DriftFinding[];
      /** The load of the same bytes that this one repeats; null: none. */
      readonly again: string | null;
      /** What the operator should know although the file was loaded. */
      readonly message: string | null;
    }
  | {
      readonly state: 'duplicate';
      readonly path: string;
      readonly loadId: string;
      readonly identified: Identification;
      /** The load of the same bytes. */
      readonly earlier: string;
      readonly message: string;
    }
  | {
      readonly state: 'refused';
      readonly path: string;
      readonly loadId: string;
      readonly error: GatewayError;
      /** As far as somebody could tell. */
      readonly source: string | null;
      readonly export: string | null;
    };

/**
 * Takes one file in, in one transaction: afterwards all of it is in, with its ledger row, or nothing. The same bytes
 * are never loaded twice, unless that is asked for. A file that cannot be taken (an error whose recovery is `skippable`) is `refused`, and
 * noted in the ledger with its reason. Throws what may pass when tried again (`retriable`: FileUnreadable, DatabaseUnavailable,
 * RestartNeeded and others) and defects (`fatal`).
 */
export async function loadFile(context: IngestContext, path: string, options: LoadOptions = {}): Promise<LoadResult> {
  return loadExamined(context, await examineFile(path), options);
}

/** The same for a file that was examined, whose name in `facts` may be another one than that of the file that its bytes are in. */
export async function loadExamined(
  context: IngestContext,
  facts: FileFacts,
  options: LoadOptions = {},
): Promise<LoadResult> {
  const tell = loadSteps(facts.path, options.observe ?? unobserved);
  let target: Export | null = null;
  try {
    const identified = await identifyFile(context.catalogue, facts, options);
    target = identified.export;
    tell('identified');
    const result = await loadIdentified(context, { facts, identified, options, tell });
    tell('committed');
    return result;
  } catch (error) {
    if (!(error instanceof GatewayError) || error.recovery !== 'skippable') {
      throw error;
    }
    const message = `${error.code}: ${error.message}`;
    const source = target?.source ?? saidSource(context.catalogue, options);
    const loadId = await noteFile(context.database, facts, {
      state: 'refused',
      code: error.code,
      ...{ target, source, message },
      below: options.below ?? facts.name,
    });
    return { state: 'refused', path: facts.path, loadId, error, source, export: target?.name ?? null };
  }
}

/** The source that somebody named, or in whose folder a file lies; null: nobody did, or there is none of this name. */
export const saidSource = (catalogue: Catalogue, { source }: Pick<LoadOptions, 'source'>): string | null =>
  source !== undefined && catalogue.sources.has(source) ? source : null;

interface Work {
  readonly facts: FileFacts;
  readonly identified: Identification;
  readonly options: LoadOptions;
  readonly tell: TellStep;
}

async function loadIdentified(context: IngestContext, work: Work): Promise<LoadResult> {
  const { facts, identified, options } = work;
  const target = identified.export;
  const table = storedTable(context.catalogue, target.set);
  const period = periodOf(target, facts.name, options.period ?? null);
  const touched = setsTouched(context.catalogue, target.set);
  return context.database.transaction(async (transaction) => {
    await lockSets(transaction, touched);
    await requireTable(transaction, context.catalogue, target.set);
    const earlier = await earlierLoad(transaction, target, {
      ...{ file: facts, period },
      fileTime: fileTime(target, facts),
      namedTime: namedTime(target, facts.name),
    });
    if (earlier !== null && options.again !== true) {
      const message = `same bytes as load ${earlier.loadId} (${earlier.fileName})`;
      const loadId = await noteFile(transaction, facts, {
        ...{ state: 'duplicate', target, message, period },
        below: options.below ?? facts.name,
        fileTime: fileTime(target, facts),
      });
      return { state: 'duplicate', path: facts.path, loadId, identified, earlier: earlier.loadId, message };
    }
    return publishTogether(transaction, touched, () =>
      loadNew(transaction, context.catalogue, { ...work, table, period, again: earlier }),
    );
  });
}

async function loadNew(
  transaction: Transaction,
  catalogue: Catalogue,
  work: Work & { readonly table: StoredTable; readonly period: Period | null; readonly again: EarlierLoad | null },
): Promise<LoadResult> {
  const { facts, identified, options, tell, table, period, again } = work;
  const { match } = identified;
  const target = identified.export;
  const moment = again?.fileTime ?? fileTime(target, facts).toISOString();
  const below = options.below ?? facts.name;
  const reading = readingOf(identified);
  const loadId = await openLoad(transaction, { file: facts, below, target, reading, period, fileTime: moment, again });
  if (again !== null) {
    await dismissRejects(transaction, again, loadId);
  }
  const onBytes = (bytes: number): void => {
    options.mayGoOn?.();
    options.observe?.({ event: 'load-progress', file: facts.path, bytes, totalBytes: facts.bytes });
  };
  const { records, passedOver } = dataRows(facts, identified, { onBytes });
  let drift: readonly DriftFinding[] = [];
  let newDrift: readonly DriftFinding[] = [];
  const taken = await takeIn(transaction, records, {
    ...{ catalogue, table, match, period, delimiter: reading.delimiter },
    load: { loadId, fileTime: moment },
    force: options.force ?? false,
    bytes: facts.bytes,
    onStaged: async (staged, rows, converter) => {
      tell('staged', rows.read);
      await requireUnchanged(facts);
      if (options.force !== true) {
        await judgeRejects(transaction, target, { ...rows, staged: staged.name });
      }
      const skip = target.files.onRowError === 'skip';
      await keepRejects(transaction, loadId, { staged: staged.name, shape: rejectShape(table, target), skip });
      await closeCarried(transaction, catalogue, {
        ...{ table, match, staged: staged.name },
        load: { loadId, fileTime: moment },
      });
      drift = driftOf(match, converter);
      newDrift = await keepDrift(transaction, { loadId, target }, drift);
      return rows.keyless === 0 && match.cells.length > 0;
    },
  });
  tell('merged', taken.read);
  const outcome = outcomeOf({ match, passedOver, ...taken });
  await closeLoad(transaction, { loadId, counts: taken, outcome });
  await raiseLoadAlerts(transaction, { loadId, file: facts.name, target, counts: taken, drift: newDrift });
  await keepHeadersTrue(transaction, catalogue, target);
  const touched = setsTouched(catalogue, target.set);
  await keepPoliciesTrue(transaction, touched, policiesOf(catalogue, touched));
  const { read, inserted, updated, unchanged, rejected, duplicate, removed } = taken;
  return {
    state: 'loaded',
    path: facts.path,
    loadId,
    identified,
    counts: { read, inserted, updated, unchanged, rejected, duplicate, removed },
    drift,
    again: again?.loadId ?? null,
    message: joinedMessages([outcome.removalMessage, outcome.message]),
  };
}

/** How the text of a file was read, for the ledger. */
export const readingOf = ({ layout, match }: Identification): FileReading => ({
  encoding: layout.encoding,
  delimiter: layout.delimiter,
  header: match.cells.map((cell) => cell.text),
});

/** Headers that the file and its export do not share. */
export function driftOf(match: HeaderMatch, converter: RowConverter): readonly DriftFinding[] {
  if (match.cells.length === 0) {
    return [];
  }
  return [
    ...converter.unknownHeaders.map(
      (header): DriftFinding => ({
        header,
        kind: 'unknown',
        sample: converter.samples.get(header) ?? null,
      }),
    ),
    ...match.missing.map((header): DriftFinding => ({ header, kind: 'missing', sample: null })),
  ];
}
