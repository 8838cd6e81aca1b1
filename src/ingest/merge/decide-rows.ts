import type { WriteDisposition } from '../../catalogue/catalogue.ts';
import type { KeptColumn } from '../../catalogue/kept-columns.ts';
import { apart, type Dialect, metRows } from '../../sql/apart.ts';
import { quoteIdentifier } from '../../sql/identifier.ts';
import { escapeText } from '../../sql/literal.ts';
import type { Transaction } from '../../warehouse/database.ts';
import {
  type FileOrder,
  isNewer,
  placeOf,
  statedBefore,
  statedHere,
  statedLater,
  storedPlace,
} from '../ledger/file-order.ts';
import { columnList, sameKey } from '../stored/column-lists.ts';
import { columnOf, type StoredTable } from '../stored/stored-table.ts';
import { type Action, actionLiteral, actions, isAction } from './actions.ts';
import { carriedExtras, extrasOf, filledCells, rebound, shapeColumns, shapeJoins } from './carried-cells.ts';
import type { FileShape } from './file-shape.ts';
import { filledFlag, filledLine, saysCell, takesCell } from './kept-cells.ts';
import { noteCondition } from './note-condition.ts';
import type { StagedRows } from './stage-rows.ts';

/** What a merge is about to do, settled before anything is written. Names are of temporary tables, as they stand in SQL. */
export interface Decisions {
  /**
   * A row for each staged one: `_line`, the stored row `_target` with its key (null: none), `_action` (see `actions`), whether that is of the file itself (`_again`); where loads differ in
   * what they state also `_dropped` and `_taken`, names of cells that older files keep and that this one gives an older row. `noteAbsences` adds stored rows.
   */
  readonly rows: string;
  /** The stored rows (`_target`) that leave. */
  readonly removals: string;
  readonly counts: MergeCounts;
  /** What is done with rows of the file that are not stored yet: of no other action there is a row. */
  readonly actions: ReadonlySet<Action>;
}

/** Rows of the file by what became of them; `removed`: stored rows that leave. */
export interface MergeCounts {
  readonly inserted: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly duplicate: number;
  readonly removed: number;
}

export interface MergeInput {
  readonly staged: StagedRows;
  readonly table: StoredTable;
  readonly write: WriteDisposition;
  readonly file: FileOrder;
  readonly shape: FileShape;
  /** Other rows of the file were loaded before; these are the ones that were rejected then. */
  readonly replayed: boolean;
  /** A newer file of the same period was loaded: nothing of this one counts any more. */
  readonly superseded: boolean;
  /** Whether rows that the file does not hold may be removed. */
  readonly removes: boolean;
  /** Rows that the file confirms may be noted beside them; and there are such notes about rows of the table. */
  readonly notes: { readonly may: boolean; readonly some: boolean };
  /** Literal period of the file, by column, where the rows do not say it themselves. */
  readonly period: ReadonlyMap<string, string>;
}

/**
 * Decides row by row, order of arrival left aside: the outcome is the one that loading the files in the order of their
 * times would give. Of rows with one key in one file the winner stays, else the last, also where one comes later by replay.
 */
export async function decideRows(transaction: Transaction, input: MergeInput): Promise<Decisions> {
  const [decided, removals] = ['decided_rows', 'removed_rows'];
  const { staged } = input;
  const dropped = await dropDuplicates(transaction, input);
  const { fileTime } = input.file;
  // Where the rows of the file were stored as they came, none is left to be compared with stored ones.
  const noneLeft = staged.stored > 0 && (await isEmpty(transaction, staged));
  await transaction.query(
    `CREATE TEMP TABLE ${decided} ON COMMIT DROP AS ${decisionQuery(input, transaction)}${noneLeft ? ' WITH NO DATA' : ''}`,
    [fileTime],
  );
  await transaction.query(`CREATE TEMP TABLE ${removals} (_target bigint NOT NULL) ON COMMIT DROP`);
  const removal = input.removes && !input.superseded ? removalQuery(input) : null;
  const removed =
    removal === null
      ? 0
      : (await transaction.query(`INSERT INTO ${removals} ${removal.text}`, [fileTime, ...removal.values])).rowCount;
  await transaction.query(`ANALYZE ${decided}`);
  const { rows } = await transaction.query<Counted>(
    `SELECT _action AS action, _again AS again, count(*)::text AS n FROM ${decided} GROUP BY 1, 2`,
  );
  const sum = (which: (row: Counted) => boolean): number =>
    rows.filter(which).reduce((total, { n }) => total + Number(n), 0);
  const count = (what: MergeCount): number => sum(({ action, again }) => !again && actions[action] === what);
  const [inserted, updated, unchanged] = [count('inserted') + staged.stored, count('updated'), count('unchanged')];
  const duplicate = dropped + sum(({ again }) => again);
  return {
    rows: decided,
    removals,
    counts: { inserted, updated, unchanged, duplicate, removed },
    actions: new Set(rows.map(({ action }) => action)),
  };
}

const isEmpty = async (transaction: Transaction, { name }: StagedRows): Promise<boolean> =>
  (await transaction.query(`SELECT 1 FROM ${name} WHERE _code IS NULL LIMIT 1`)).rowCount === 0;

interface Counted extends Record<string, unknown> {
  readonly action: Action;
  readonly again: boolean;
  readonly n: string;
}

type MergeCount = NonNullable<(typeof actions)[Action]>;

/** Stored rows that a merge concerns, each a SELECT of their numbers. */
export interface RowChanges {
  /** They change or leave. */
  readonly changing: string;
  /** They stay as they are, and this file says the same of them. */
  readonly restated: string;
}

export const rowChanges = ({ rows, removals }: Decisions): RowChanges => ({
  changing: `SELECT _target FROM ${rows} d WHERE ${isAction('d', 'update', 'fill', 'clear')} AND _again IS NOT TRUE UNION ALL SELECT _target FROM ${removals}`,
  restated: `SELECT _target FROM ${rows} d WHERE ${isAction('d', 'same', 'noted')}`,
});

async function dropDuplicates(transaction: Transaction, { staged, table, write }: MergeInput): Promise<number> {
  const winner = write.winner === null ? '' : `${quoteIdentifier(columnOf(table, write.winner))} DESC NULLS LAST, `;
  const ranked = `row_number() OVER (PARTITION BY ${columnList(table.key)} ORDER BY ${winner}_line DESC)`;
  for (const kept of table.kept) {
    const column = quoteIdentifier(kept.column);
    const said = kept.winner === null ? '' : `, ${quoteIdentifier(kept.winner.column)} AS _winner`;
    const winnerMark =
      kept.winner === null ? '' : `, ${filledFlag(kept)} = true, ${quoteIdentifier(kept.winner.mark)} = n._winner`;
    const mark = `, ${filledLine(kept)} = n._from${winnerMark}`;
    const newest = `SELECT DISTINCT ON (${columnList(table.key)}) ${columnList(table.key)}, ${column}, _line AS _from${said} FROM ${staged.name} s WHERE _code IS NULL AND ${saysCell(kept)} ORDER BY ${columnList(table.key)}, ${winner}_line DESC`;
    await transaction.query(
      `UPDATE ${staged.name} s SET ${column} = n.${column}${mark} FROM (${newest}) n WHERE s._code IS NULL AND NOT ${saysCell(kept)} AND ${sameKey('s', 'n', table.key)}`,
    );
  }
  const { rowCount } = await transaction.query(
    `DELETE FROM ${staged.name} s USING (SELECT _line, ${ranked} AS place FROM ${staged.name} WHERE _code IS NULL) d WHERE d._line = s._line AND d.place > 1`,
  );
  return rowCount;
}

function decisionQuery(input: MergeInput, database: Dialect): string {
  const { table, write } = input;
  const isOlder = input.superseded ? 'true' : `NOT (${newerCondition(input)})`;
  const stale = staleScopes(input);
  const taken = [
    ...table.kept.map((kept) => takesCell(kept, cellFile(input))),
    ...(input.shape.others === null ? [] : ['x.taken IS NOT NULL']),
  ];
  const filled = [...table.kept.map((kept) => cellChanges(kept, input)), ...filledCells(input)];
  const revived =
    write.mode === 'snapshot' ? ' OR (t._deleted_at IS NOT NULL AND $1::timestamptz >= t._deleted_at)' : '';
  // A period that a newer file has replaced keeps no place for a row that file did not hold.
  const [insert, older] = [actionLiteral('insert'), actionLiteral('older')];
  const fresh = input.superseded
    ? older
    : stale === null
      ? insert
      : `CASE WHEN z IS NULL THEN ${insert} ELSE ${older} END`;
  const outdated = stale === null ? isOlder : `z IS NOT NULL OR ${isOlder}`;
  const outdatedAction =
    taken.length === 0
      ? older
      : `CASE WHEN ${filled.join(' OR ') || 'false'} THEN ${actionLiteral('fill')} WHEN ${taken.join(' OR ')} THEN ${actionLiteral('confirm')} ELSE ${older} END`;
  const action = `CASE WHEN t._row IS NULL THEN ${fresh} WHEN ${outdated} THEN ${outdatedAction} WHEN ${changedCondition(input)}${revived} THEN ${actionLiteral('update')}${input.notes.may ? ` WHEN ${noteCondition(input)} THEN ${actionLiteral('noted')}` : ''} ELSE ${actionLiteral('same')} END`;
  const named = `(SELECT ${columnList(table.key)} FROM ${input.staged.name} WHERE _code IS NULL)`;
  const stored = metRows(database, { table: table.name, by: named, on: sameKey('t', 'o', table.key) });
  const again = input.staged.stored === 0 ? 'false' : `coalesce(t._load_id = ${BigInt(input.file.loadId)}, false)`;
  return `SELECT s._line, t._row AS _target, ${action} AS _action, ${again} AS _again${shapeColumns(input)} FROM ${input.staged.name} s LEFT JOIN ${stored} t ON ${sameKey('s', 't', table.key)}${shapeJoins(input, isOlder)}${stale ?? ''} WHERE s._code IS NULL AND $1::timestamptz IS NOT NULL`;
}

/** The greater winner value counts, then the newer file, then the later line. */
function newerCondition({ table, write, file }: MergeInput): string {
  const staged = { stamp: '$1::timestamptz', place: placeOf(file, 's._line') };
  const newerFile = isNewer(file, staged, { stamp: 't._stamp', place: storedPlace('t') });
  if (write.mode !== 'upsert' || write.winner === null) {
    return newerFile;
  }
  const winner = quoteIdentifier(columnOf(table, write.winner));
  return `CASE WHEN s.${winner} IS NOT DISTINCT FROM t.${winner} THEN ${newerFile} ELSE t.${winner} IS NULL OR coalesce(s.${winner} > t.${winner}, false) END`;
}

const cellFile = ({ file }: MergeInput) => ({ file, fileTime: '$1' });

const cellChanges = (kept: KeptColumn, input: MergeInput): string =>
  `(${takesCell(kept, cellFile(input))} AND s.${quoteIdentifier(kept.column)} IS DISTINCT FROM t.${quoteIdentifier(kept.column)})`;

function changedCondition(input: MergeInput): string {
  const { table, shape } = input;
  const names = [...table.columns.values()]
    .map((column) => column.name)
    .filter((name) => !table.key.includes(name) && !shape.absent.has(name));
  if (names.length === 0) {
    return 'false';
  }
  const extras = extrasOf(table, shape);
  const changed = names.map((name) => {
    if (extras === quoteIdentifier(name)) {
      return `${carriedExtras(extras, shape)} IS DISTINCT FROM t.${extras}`;
    }
    const kept = table.kept.find((one) => one.column === name);
    return kept === undefined
      ? `s.${quoteIdentifier(name)} IS DISTINCT FROM t.${quoteIdentifier(name)}`
      : cellChanges(kept, input);
  });
  return `(${[...changed, ...rebound(shape)].join(' OR ')})`;
}

/** Columns whose values are replaced together; null where rows stand alone. */
export function scopeColumns({ table, write }: Pick<MergeInput, 'table' | 'write'>): readonly string[] | null {
  if (write.mode === 'restate') {
    return write.period.map((property) => columnOf(table, property));
  }
  if (write.mode === 'delete-insert') {
    return write.parent.map((property) => columnOf(table, property));
  }
  return null;
}

/** Joins `z`: a row for each period or parent of the file of which the table holds rows of a newer one. */
function staleScopes(input: MergeInput): string | null {
  const scope = scopeColumns(input);
  if (scope === null) {
    return null;
  }
  const staged = `SELECT 1 FROM ${apart(input.staged.name)} p WHERE ${sameKey('p', 'n', scope)}`;
  const newer = `SELECT DISTINCT ${columnList(scope, 'n')} FROM ${input.table.name} n WHERE ${statedLater(input.file, 'n', '$1::timestamptz')} AND EXISTS (${staged})`;
  return ` LEFT JOIN (${newer}) z ON ${sameKey('s', 'z', scope)}`;
}

/** Rows in the file's scope that it does not hold, as far as it is not older than they are. */
function removalQuery(input: MergeInput): { readonly text: string; readonly values: readonly string[] } | null {
  const { staged, table, write, file } = input;
  const absent = `NOT EXISTS (SELECT 1 FROM ${apart(staged.name)} s WHERE ${sameKey('s', 't', table.key)})`;
  const older = statedBefore(file, 't', '$1::timestamptz');
  if (write.mode === 'snapshot') {
    const shown = '(t._deleted_at IS NULL OR t._deleted_at > $1::timestamptz)';
    return {
      text: `SELECT t._row FROM ${table.name} t WHERE t._load_id IS NOT NULL AND ${shown} AND ${older} AND ${absent}${notSeeded(table)}`,
      values: [],
    };
  }
  const scope = scopeColumns(input);
  if (scope === null) {
    return null;
  }
  const scopes = scopesQuery(input);
  // Asked of each scope, of which there are few: asked of each row, PostgreSQL reads the whole table for it.
  const stale = `EXISTS (SELECT 1 FROM ${table.name} n WHERE ${sameKey('n', 'q', scope)} AND ${statedLater(file, 'n', '$1::timestamptz')})`;
  const current = `SELECT ${columnList(scope, 'q')} FROM (${scopes.text}) q WHERE NOT ${stale}`;
  return {
    text: `SELECT t._row FROM ${table.name} t JOIN (${current}) p ON ${sameKey('p', 't', scope)} WHERE t._load_id IS NOT NULL AND ${older} AND ${absent}`,
    values: scopes.values,
  };
}

/** Whether the file's name or the operator says the one period that it holds. */
export const literalScope = (input: Pick<MergeInput, 'table' | 'write' | 'period'>): boolean =>
  scopeColumns(input)?.every((name) => input.period.has(name)) ?? false;

/** The periods or parents that the file holds whole; its values are parameters from `$2` on. */
export function scopesQuery(input: Omit<MergeInput, 'notes'>): {
  readonly text: string;
  readonly values: readonly string[];
} {
  const { table, file } = input;
  const scope = scopeColumns(input) ?? [];
  if (literalScope(input)) {
    const types = new Map([...table.columns.values()].map((column) => [column.name, column.sqlType]));
    const values = scope.map(
      (name, index) => `$${index + 2}::${types.get(name) ?? 'text'} AS ${quoteIdentifier(name)}`,
    );
    return { text: `SELECT ${values.join(', ')}`, values: scope.map((name) => input.period.get(name) ?? '') };
  }
  // What the file said already of other periods and parents, it still says of them.
  const loaded = input.replayed
    ? ` UNION SELECT ${columnList(scope, 't')} FROM ${table.name} t WHERE ${statedHere(file, 't', '$1::timestamptz')}`
    : '';
  return { text: `SELECT DISTINCT ${columnList(scope)} FROM ${input.staged.name}${loaded}`, values: [] };
}

/** Rows that the metadata gives are never missing from a snapshot, even where a file stated them once. */
function notSeeded({ set, key, columns }: StoredTable): string {
  const properties = [...set.columns.keys()];
  const types = new Map([...columns.values()].map((column) => [column.name, column.sqlType]));
  const places = key.map((name) => properties.findIndex((property) => columns.get(property)?.name === name));
  return (set.seedRows ?? [])
    .map((row) => {
      const same = key.map((name, index) => {
        const value = escapeText(row[places[index] ?? -1] ?? '');
        return `t.${quoteIdentifier(name)} = ${value}::${types.get(name) ?? 'text'}`;
      });
      return ` AND NOT (${same.join(' AND ')})`;
    })
    .join('');
}
