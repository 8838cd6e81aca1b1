import type { Catalogue, Export } from '../../catalogue/catalogue.ts';
import { GatewayError } from '../../errors.ts';
import type { IngestEvent } from '../../observation/events/ingest.ts';
import type { Observe } from '../../observation/observe.ts';
import type { Database, Transaction } from '../../warehouse/database.ts';
import { requireTable } from '../../warehouse/tables/check-table.ts';
import { converterFor } from '../convert/converter-for.ts';
import type { RowConverter } from '../convert/row-converter.ts';
import { examineFile, type FileFacts, requireUnchanged } from '../csv/file-facts.ts';
import { setsTouched } from '../derive/derived-sets.ts';
import { dataRows, passedOverNote } from '../identify/data-rows.ts';
import type { Identification, IdentifyOptions } from '../identify/identify-export.ts';
import { identifyFile } from '../identify/identify-file.ts';
import type { Period } from '../identify/period.ts';
import { fileTime, periodOf } from '../identify/period.ts';
import { fileOrder } from '../ledger/file-order.ts';
import { keepHeadersTrue } from '../ledger/known-headers.ts';
import {
  closeLoad,
  type DriftFinding,
  dismissRejects,
  type EarlierLoad,
  earlierLoad,
  keepDrift,
  keepRejects,
  noteFile,
  openLoad,
  supersededPeriod,
} from '../ledger/ledger.ts';
import { lockSets } from '../ledger/set-version.ts';
import type { Decisions } from '../merge/decide-rows.ts';
import { shapeOf } from '../merge/file-shape.ts';
import { mergeRows } from '../merge/merge-rows.ts';
import { type Staged, stageRows } from '../merge/stage-rows.ts';
import { columnOf, type StoredTable, storedTable } from '../stored/stored-table.ts';
import { judgeRejects } from './judge-file.ts';
import { joinedMessages, removalMessage, removalOf, winnerMessage } from './load-notes.ts';

export interface IngestContext {
  readonly catalogue: Catalogue;
  readonly database: Database;
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

export interface LoadCounts {
  readonly read: number;
  readonly inserted: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly rejected: number;
  readonly duplicate: number;
  /** Stored rows that left with this file; not part of the sum. */
  readonly removed: number;
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
      readonly message: string;
    }
  | { readonly state: 'refused'; readonly path: string; readonly loadId: string; readonly error: GatewayError };

/**
 * Takes one file in, in one transaction: afterwards all of it is in, with its ledger row, or nothing. The same bytes
 * are never loaded twice, unless that is asked for. A file that cannot be taken (an error whose recovery is `skippable`) is `refused`, and
 * noted in the ledger with its reason. Throws what may pass when tried again (`retriable`: FileUnreadable, DatabaseUnavailable,
 * RestartNeeded and others) and defects (`fatal`).
 */
export async function loadFile(context: IngestContext, path: string, options: LoadOptions = {}): Promise<LoadResult> {
  const facts = await examineFile(path);
  let target: Export | null = null;
  try {
    const identified = await identifyFile(context.catalogue, facts, options);
    target = identified.export;
    return await loadIdentified(context, { facts, identified, options });
  } catch (error) {
    if (!(error instanceof GatewayError) || error.recovery !== 'skippable') {
      throw error;
    }
    const message = `${error.code}: ${error.message}`;
    const loadId = await noteFile(context.database, facts, {
      state: 'refused',
      code: error.code,
      target,
      message,
      below: options.below ?? facts.name,
    });
    return { state: 'refused', path, loadId, error };
  }
}

interface Work {
  readonly facts: FileFacts;
  readonly identified: Identification;
  readonly options: LoadOptions;
}

async function loadIdentified(context: IngestContext, work: Work): Promise<LoadResult> {
  const { facts, identified, options } = work;
  const target = identified.export;
  const table = storedTable(context.catalogue, target.set);
  const period = periodOf(target, facts.name, options.period ?? null);
  return context.database.transaction(async (transaction) => {
    await lockSets(transaction, setsTouched(context.catalogue, target.set));
    await requireTable(transaction, context.catalogue, target.set);
    const earlier = await earlierLoad(transaction, target, { facts, period });
    if (earlier !== null && options.again !== true) {
      const message = `same bytes as load ${earlier.loadId} (${earlier.fileName})`;
      const loadId = await noteFile(transaction, facts, {
        state: 'duplicate',
        target,
        message,
        below: options.below ?? facts.name,
      });
      return { state: 'duplicate', path: facts.path, loadId, identified, message };
    }
    return loadNew(transaction, context.catalogue, { ...work, table, period, again: earlier });
  });
}

async function loadNew(
  transaction: Transaction,
  catalogue: Catalogue,
  work: Work & { readonly table: StoredTable; readonly period: Period | null; readonly again: EarlierLoad | null },
): Promise<LoadResult> {
  const { facts, identified, options, table, period, again } = work;
  const target = identified.export;
  const moment = again?.fileTime ?? fileTime(target, facts).toISOString();
  const loadId = await openLoad(transaction, {
    facts,
    identified,
    period,
    fileTime: moment,
    below: options.below ?? facts.name,
    again,
  });
  if (again !== null) {
    await dismissRejects(transaction, again);
  }
  const converter = converterFor(catalogue, identified.match, period);
  const hasHeader = identified.match.cells.length > 0;
  const onBytes = (bytes: number): void => {
    options.mayGoOn?.();
    options.observe?.({ event: 'load-progress', file: facts.path, bytes, totalBytes: facts.bytes });
  };
  const { records, passedOver } = dataRows(facts, identified, { onBytes });
  const staged = await stageRows(transaction, records, { table, converter });
  await requireUnchanged(facts);
  if (options.force !== true) {
    await judgeRejects(transaction, target, staged);
  }
  await keepRejects(transaction, loadId);
  const drift = driftOf(identified, converter);
  await keepDrift(transaction, { loadId, target }, drift);
  const file = await fileOrder(transaction, catalogue, { set: target.set, loadId, fileTime: moment });
  const shape = await shapeOf(transaction, catalogue, { table, match: identified.match });
  const superseded = await supersededPeriod(transaction, target, { period, file });
  const removes = staged.keyless === 0 && hasHeader;
  const decisions = await mergeRows(transaction, {
    catalogue,
    target,
    table,
    file,
    shape,
    replayed: false,
    superseded,
    removes,
    period: periodValues(target, table, converter),
    force: options.force ?? false,
  });
  const counts = countsOf(staged, decisions);
  const removal = removalOf({ write: target.write, hasHeader, superseded, keyless: staged.keyless });
  const outcome = {
    removal,
    removalMessage: removalMessage(removal, staged.keyless),
    message: joinedMessages([winnerMessage(identified.match), passedOverNote(passedOver)]),
  };
  await closeLoad(transaction, { loadId, staged, decisions, ...outcome });
  await keepHeadersTrue(transaction, catalogue, target);
  return {
    state: 'loaded',
    path: facts.path,
    loadId,
    identified,
    counts,
    drift,
    again: again?.loadId ?? null,
    message: joinedMessages([outcome.removalMessage, outcome.message]),
  };
}

/** Values of the computed period columns, the same in every row, so known even where there is none. */
export function periodValues(target: Export, table: StoredTable, converter: RowConverter): ReadonlyMap<string, string> {
  const constants = converter.constants();
  return new Map(
    target.computed
      .filter((one) => one.kind === 'period')
      .flatMap((one) => {
        const value = constants.get(one.property);
        return value === undefined ? [] : [[columnOf(table, one.property), value] as const];
      }),
  );
}

function countsOf(staged: Staged, { removed, inserted, updated, unchanged, duplicate }: Decisions): LoadCounts {
  const counts = { read: staged.read, inserted, updated, unchanged, rejected: staged.rejected, duplicate, removed };
  const sum = inserted + updated + unchanged + staged.rejected + duplicate;
  if (sum !== staged.read) {
    throw new GatewayError('LoadCountMismatch', `${staged.read} rows were read but ${sum} are accounted for`);
  }
  return counts;
}

/** Headers that the file and its export do not share. */
export function driftOf(identified: Identification, converter: RowConverter): readonly DriftFinding[] {
  if (identified.match.cells.length === 0) {
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
    ...identified.match.missing.map((header): DriftFinding => ({ header, kind: 'missing', sample: null })),
  ];
}
