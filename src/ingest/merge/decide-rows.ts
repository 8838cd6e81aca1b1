import { apart } from '../../sql/apart.ts';
import { quoteIdentifier } from '../../sql/identifier.ts';
import { escapeText } from '../../sql/literal.ts';
import type { Transaction } from '../../warehouse/database.ts';
import { statedBefore, statedLater } from '../ledger/file-order.ts';
import { columnList, sameKey } from '../stored/column-lists.ts';
import { columnOf, type StoredTable } from '../stored/stored-table.ts';
import { type Action, actions, isAction } from './actions.ts';
import { decisionQuery, toldAlike } from './decision-query.ts';
import { filledFlag, filledLine, saysCell } from './kept-cells.ts';
import type { MergeInput } from './merge-input.ts';
import { scopeColumns, scopesQuery } from './replaced-scopes.ts';
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
  /** Columns of `rows` that tell of updated ones whether a condition of `MergeInput.alike` holds, by that. */
  readonly alike: ReadonlyMap<string, string>;
}

/** Rows of the file by what became of them; `removed`: stored rows that leave. */
export interface MergeCounts {
  readonly inserted: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly duplicate: number;
  readonly removed: number;
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
    alike: toldAlike(input, transaction),
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
