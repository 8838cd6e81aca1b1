import type { Transaction } from '../../warehouse/database.ts';
import { leaveTables, takeNames } from '../../warehouse/left-tables.ts';
import { columnDefinition, columnList } from '../stored/column-lists.ts';
import { columnOf, type StoredTable } from '../stored/stored-table.ts';
import type { TakenApart } from './direct-lines.ts';
import { storeFresh } from './fresh-rows.ts';
import { newMark, stagingMarks } from './kept-cells.ts';
import { type Straight, storeStraight } from './straight-rows.ts';

/**
 * A temporary table with the rows of a file: `_line`, `_byte_start`, `_byte_end`, the fault of a rejected row (`_code`, `_property`,
 * `_header`, `_message`, `_raw`; null: it is accepted), the columns of the set without their constraints, and the marks of kept cells.
 */
export interface StagedRows {
  /** Of the table, as it stands in SQL. Lives until the transaction ends, or somebody drops it. */
  readonly name: string;
  /** Columns of the set that the file's rows filled. */
  readonly columns: readonly string[];
  /** Rows of the file that are stored already, and not in the table: their keys were new. */
  readonly stored: number;
}

/** Where rows are staged for. */
export interface Staging {
  readonly table: StoredTable;
  /** Columns whose values are replaced together. */
  readonly scope: readonly string[];
  /** Rows of new keys need no decision; null: all rows do. */
  readonly straight: Straight | null;
}

/** Lines of the text format of COPY; a chunk is whole lines. */
export interface StagingLines {
  /** Properties of the set, in the order in which the lines have their values, behind the eight columns of place and fault. */
  readonly properties: readonly string[];
  /** Columns of the table whose values stand behind them: marks of kept cells, of rows that are new. */
  readonly marks: readonly string[];
  readonly lines: AsyncIterable<Uint8Array>;
  /** The same rows, in place of them, for a table that takes all that can be stored; a line ends with `constants`. */
  readonly direct: (constants: string) => AsyncIterable<TakenApart>;
}

/**
 * Creates the table and fills it. The lines stream through: memory does not grow with them. With `straight`, rows of new keys
 * are stored at once. Rejects with what reading the lines throws.
 */
export async function stageRows(
  transaction: Transaction,
  { table, scope, straight }: Staging,
  { properties, marks, lines, direct }: StagingLines,
): Promise<StagedRows> {
  const [name, piece] = ['staged_rows', 'straight_rows'];
  const all = [...table.columns.values()].map((column) => columnDefinition(column.name, column.sqlType));
  await transaction.query(
    `CREATE TEMP TABLE ${name} (_line integer NOT NULL, _byte_start bigint, _byte_end bigint, _code text, _property text, _header text, _message text, _raw text, ${[...all, ...stagingMarks(table.kept)].join(', ')}) ON COMMIT DROP`,
  );
  const columns = properties.map((property) => columnOf(table, property));
  const copyText = (into: string): string =>
    `COPY ${into} (_line, _byte_start, _byte_end, _code, _property, _header, _message, _raw, ${[columnList(columns), ...marks.map(newMark)].join(', ')}) FROM STDIN`;
  let stored = 0;
  if (straight === null) {
    await transaction.copyIn(copyText(name), lines);
  } else if (straight.fresh !== null) {
    stored = await storeFresh(
      transaction,
      { ...straight, fresh: straight.fresh },
      { direct, tables: { staged: name, copyText, columns, marks } },
    );
  } else {
    await takeNames(transaction, [piece]);
    await transaction.query(`CREATE TEMP TABLE ${piece} (LIKE ${name} INCLUDING DEFAULTS) ON COMMIT DROP`);
    stored = await storeStraight(transaction, straight, {
      lines,
      tables: { piece, staged: name, copyText, columns, marks },
    });
    await leaveTables(transaction, [piece]);
  }
  // Rows are joined by these columns; the others' values decide no plan.
  await transaction.query(`ANALYZE ${name} (_line, _code, ${columnList([...new Set([...table.key, ...scope])])})`);
  return { name, columns, stored };
}
