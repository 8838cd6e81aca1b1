import type { Catalogue, Export } from '../../catalogue/catalogue.ts';
import { GatewayError } from '../../errors.ts';
import type { Transaction } from '../../warehouse/database.ts';
import { FreshTables } from '../../warehouse/tables/fresh-tables.ts';
import { converterFor } from '../convert/converter-for.ts';
import type { RowConverter } from '../convert/row-converter.ts';
import { convertedRows, propertiesOf, type ReadRows } from '../convert/staging-lines.ts';
import type { TextRecord } from '../csv/read-records.ts';
import { derivedFrom } from '../derive/derived-sets.ts';
import { addedByRows, EarlyRows } from '../derive/early-rows.ts';
import { maintainDerived } from '../derive/maintain-derived.ts';
import { manyChanges, noteAffected } from '../derive/note-affected.ts';
import { comparedColumns } from '../derive/untouched-rows.ts';
import type { HeaderMatch } from '../identify/match-header.ts';
import type { Period } from '../identify/period.ts';
import { type FileOrder, fileOrder } from '../ledger/file-order.ts';
import { nextSnapshot, supersededPeriod } from '../ledger/ledger.ts';
import { nextVersion, publishVersion } from '../ledger/set-version.ts';
import { noteAbsences } from '../merge/absences.ts';
import { applyDecisions } from '../merge/apply-decisions.ts';
import { checkRemovals } from '../merge/check-removals.ts';
import { alikeCells, comparedRows, type Stating } from '../merge/compared-rows.ts';
import { decideRows, type MergeCounts, rowChanges } from '../merge/decide-rows.ts';
import { shapeOf } from '../merge/file-shape.ts';
import type { MergeInput } from '../merge/merge-input.ts';
import { scopeColumns } from '../merge/replaced-scopes.ts';
import { rowMarks } from '../merge/row-marks.ts';
import { settleBefore, settleCarried } from '../merge/settle-merge.ts';
import { type StagedRows, stageRows } from '../merge/stage-rows.ts';
import { columnOf, type StoredTable, storedTable } from '../stored/stored-table.ts';
import { mayCarry } from './close-carried.ts';
import { eraserOf } from './erased-records.ts';
import { statedCells, statesOf } from './stated-cells.ts';

/** Where records go: the load that they are rows of, its export and table, and how they are read. */
export interface Target {
  readonly catalogue: Catalogue;
  readonly table: StoredTable;
  /** Its row in the ledger is written. `fileTime`: ISO text of the moment that the file speaks of. */
  readonly load: { readonly loadId: string; readonly fileTime: string };
  /** The header of the file, and the export that it is one of. */
  readonly match: HeaderMatch;
  /** Of the file. */
  readonly delimiter: string;
  readonly period: Period | null;
  /** Other rows of the load were taken in before; these are the ones that were rejected then. */
  readonly replayed?: boolean;
  /** No file that is newer counts: its set is made anew, in the order of the files. */
  readonly alone?: boolean;
  /** Removes however much the file lacks. */
  readonly force: boolean;
  /** How long the file is; null: only some of its rows are taken in. */
  readonly bytes: number | null;
  /**
   * Told when all records are staged and before they meet the table: what is rejected is judged, kept or marked here. Resolves to whether
   * stored rows that the file does not hold may be removed. Whatever it throws is thrown.
   */
  readonly onStaged: (staged: StagedRows, rows: ReadRows, converter: RowConverter) => Promise<boolean>;
}

/** What became of records. */
export interface TakenIn extends ReadRows, MergeCounts {
  /** Rows of persons who were erased: they are left out, and part of no count. */
  readonly erased: number;
  /** A newer file of the same period was loaded before: no row counts. */
  readonly superseded: boolean;
  /** Temporary tables that are left until the transaction ends: only one taking-in goes on in a transaction. */
  readonly tables: readonly string[];
}

/**
 * Takes records into their set, and what is derived from it: read, converted, staged, decided upon, written. The one way of a load, of
 * rejected rows that are replayed and of a file that is loaded once more by `rebuild`; the ledger row is the caller's. The sets touched are
 * locked. Throws what reading throws, SnapshotTooSmall and PeriodTooSmall, and LoadCountMismatch where a row is not accounted for.
 */
export async function takeIn(
  transaction: Transaction,
  records: AsyncIterable<readonly TextRecord[]>,
  target: Target,
): Promise<TakenIn> {
  const { load, match } = target;
  const { set, write } = match.export;
  const replayed = target.replayed === true;
  const file = await fileOrder(transaction, target.catalogue, { set, ...load });
  const straight =
    write.mode === 'upsert' && !replayed && !(await mayCarry(transaction, target.catalogue, { set, file }));
  const fresh = straight ? await freshTables(transaction, target) : null;
  const catalogue = fresh?.catalogue ?? target.catalogue;
  const taken = await takeRows(transaction, records, {
    ...{ ...target, catalogue, table: storedTable(catalogue, set) },
    ...{ file, straight, fresh, replayed },
  });
  await fresh?.settle(transaction);
  return taken;
}

/** Files of more bytes go into tables without indexes where theirs are empty: making and changing tables costs as much as some hundred rows. */
const manyBytes = 1024 * 1024;

/** The tables that the file fills without their indexes: its own, and those that rows are added to as they are made of its own. */
async function freshTables(
  transaction: Transaction,
  {
    catalogue,
    match: {
      export: { set },
    },
    alone,
    bytes,
  }: Target,
): Promise<FreshTables | null> {
  if (bytes === null || bytes < manyBytes || alone === true) {
    return null;
  }
  const source = storedTable(catalogue, set);
  const unified = derivedFrom(catalogue, set).filter(({ derivation }) => derivation.kind === 'unified');
  const others = [...addedByRows(catalogue, source), ...unified].map(({ table }) => table.set.name);
  return FreshTables.open(transaction, catalogue, [set, ...new Set(others)]);
}

interface Taking extends Target {
  readonly file: FileOrder;
  /** Rows of new keys need no decision. */
  readonly straight: boolean;
  readonly fresh: FreshTables | null;
  readonly replayed: boolean;
}

async function takeRows(
  transaction: Transaction,
  records: AsyncIterable<readonly TextRecord[]>,
  target: Taking,
): Promise<TakenIn> {
  const { catalogue, table, match, period, file, fresh, replayed } = target;
  const converter = converterFor(catalogue, match, { period, delimiter: target.delimiter });
  const eraser = await eraserOf(transaction, catalogue, target);
  const extras = table.columns.has('Extras');
  const marks = target.straight ? rowMarks(table, file, propertiesOf(converter, extras)) : null;
  const { counts: rows, ...lines } = convertedRows(eraser?.rows(records) ?? records, converter, { extras, marks });
  const { write } = match.export;
  const version = await nextVersion(transaction, table.set.name);
  const sets = fresh === null ? [] : addedByRows(catalogue, table).filter((one) => fresh.has(one.table.set.name));
  const early = sets.length === 0 ? null : new EarlyRows(transaction, catalogue, { source: table, sets, marks: file });
  const staging = {
    ...{ table, scope: scopeColumns({ table, write }) ?? [] },
    straight: target.straight ? { table, file, version, fresh, made: early } : null,
  };
  const staged = await stageRows(transaction, staging, { ...lines, marks: marks?.columns ?? [] });
  const removes = await target.onStaged(staged, rows, converter);
  const states = statedCells(table, match);
  const shape = await shapeOf(transaction, catalogue, { table, states, statesOf: statesOf(table) });
  const superseded = target.alone !== true && (await supersededPeriod(transaction, match.export, { period, file }));
  const input = {
    ...{ staged, table, file, shape, superseded, removes, write, replayed },
    alike: transaction.isDistributed ? alikeConditions(catalogue, { table, shape }) : [],
    period: periodValues(match.export, table, converter),
  };
  // A set that is made anew is no part of what is noted of the one that is there.
  const notes = target.alone === true ? { may: false, some: false } : await settleBefore(transaction, input);
  const { counts, tables } = await mergeRows(transaction, { ...target, version, early }, { ...input, notes });
  const sum = counts.inserted + counts.updated + counts.unchanged + counts.duplicate + rows.rejected;
  if (sum !== rows.read) {
    throw new GatewayError('LoadCountMismatch', `${rows.read} rows were read but ${sum} are accounted for`);
  }
  return { ...rows, ...counts, erased: eraser?.left ?? 0, superseded, tables: [staged.name, ...tables] };
}

/** Whether what each set that is derived from the table reads of a row stays, as far as it can be told. */
const alikeConditions = (catalogue: Catalogue, stating: Stating): readonly string[] =>
  comparedColumns(derivedFrom(catalogue, stating.table.set.name), stating.table).flatMap(
    (columns) => alikeCells(stating, columns) ?? [],
  );

interface Merged {
  readonly counts: MergeCounts;
  readonly tables: readonly string[];
}

/** Merges the staged rows into their set and what is derived from it. */
async function mergeRows(
  transaction: Transaction,
  target: Taking & { readonly version: string; readonly early: EarlyRows | null },
  input: MergeInput,
): Promise<Merged> {
  const { catalogue, match, force, version } = target;
  const { table, file, write, staged } = input;
  const decisions = await decideRows(transaction, input);
  const { counts } = decisions;
  const absences = await noteAbsences(transaction, catalogue, { input, target: match.export, decisions });
  if (!force) {
    await checkRemovals(transaction, { table, write, decisions });
  }
  const bulk = counts.updated + counts.removed > manyChanges;
  const { fileTime } = file;
  const { cleared } = absences;
  const rows = { ...rowChanges(decisions), compared: comparedRows(transaction, { ...input, decisions, cleared }) };
  await settleCarried(transaction, input, decisions);
  const { restated, untouched } = await noteAffected(transaction, catalogue, { source: table, rows, fileTime, bulk });
  await applyDecisions(transaction, {
    ...{ staged, decisions, table, version, file, shape: input.shape, write, absences },
    soft: write.mode === 'snapshot',
    goneSince: await nextSnapshot(transaction, match.export, file),
  });
  const changed = counts.inserted + counts.updated + counts.removed + cleared > 0;
  if (changed) {
    await publishVersion(transaction, table.set.name, version);
  }
  if (changed || restated > 0) {
    const onlyNew = counts.updated + counts.removed + cleared + restated === 0;
    await maintainDerived(transaction, catalogue, {
      source: table,
      version,
      marks: file,
      bulk,
      onlyNew,
      fresh: target.fresh,
      early: target.early,
      untouched,
    });
  }
  return { counts, tables: [decisions.rows, decisions.removals] };
}

/** Values of the computed period columns, the same in every row, so known even where there is none. */
function periodValues(target: Export, table: StoredTable, converter: RowConverter): ReadonlyMap<string, string> {
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
