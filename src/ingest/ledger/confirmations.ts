import type { KeptColumn } from '../../catalogue/kept-columns.ts';
import { apart } from '../../sql/apart.ts';
import { quoteIdentifier } from '../../sql/identifier.ts';
import { escapeText } from '../../sql/literal.ts';
import type { Transaction } from '../../warehouse/database.ts';
import { type FileOrder, placeAt } from './file-order.ts';

// A file that says of a row what is stored makes it as new as the file. That is noted beside the rows, a few bytes for thousands of
// them, since most loads of an export state most rows again. Only files that are newer than all that is noted note something themselves:
// between these and a stored row it does not matter whether the row is as new as it says or newer. Before any other file is merged, what
// is noted of the rows that it concerns is written into them and forgotten here: they are settled.

/** A stored set, as far as notes about its rows need it. */
export interface ConfirmedTable {
  readonly set: { readonly name: string };
  /** Schema and table, quoted. */
  readonly name: string;
  readonly kept: readonly KeptColumn[];
}

/** What is noted of a set, as a file meets it. */
export interface Noted {
  /** There are notes. */
  readonly some: boolean;
  /** Some are as new as the file, or newer. */
  readonly late: boolean;
}

export async function notedOf(transaction: Transaction, set: string, fileTime: string): Promise<Noted> {
  const { rows } = await transaction.query<{ some: boolean; late: boolean }>(
    `SELECT max(file_time) IS NOT NULL AS some, coalesce(max(file_time) >= $2, false) AS late FROM gateway.confirmation WHERE entity_set = $1`,
    [set, fileTime],
  );
  return { some: rows[0]?.some === true, late: rows[0]?.late === true };
}

/** Those of the sets of whose rows something is noted. */
export async function notedAmong(transaction: Transaction, sets: readonly string[]): Promise<ReadonlySet<string>> {
  const { rows } = await transaction.query<{ name: string }>(
    `SELECT name FROM unnest($1::text[]) AS name WHERE EXISTS (SELECT FROM gateway.confirmation WHERE entity_set = name)`,
    [sets],
  );
  return new Set(rows.map(({ name }) => name));
}

const chunkOf = (row: string): string => `(${row} >> 13)`;
const offsetOf = (row: string): string => `(${row} & 8191)::integer`;
const rangesOf = (row: string): string => `range_agg(int4range(${offsetOf(row)}, ${offsetOf(row)}, '[]'))`;

/** Joins the note `alias` about the row `t`, or about one of its cells. It counts where it is newer than `stamp`. */
export const noteJoin = (
  { set }: Pick<ConfirmedTable, 'set'>,
  { alias, cell = '', stamp = 't._stamp' }: { readonly alias: string; readonly cell?: string; readonly stamp?: string },
): string =>
  ` LEFT JOIN gateway.confirmation ${alias} ON ${alias}.entity_set = ${escapeText(set.name)} AND ${alias}.chunk = ${chunkOf('t._row')} AND ${alias}.cell = ${escapeText(cell)} AND ${alias}.rows @> ${offsetOf('t._row')} AND ${alias}.file_time > coalesce(${stamp}, '-infinity')`;

/** How new the row `t`, or another alias, is. */
export const trueStamp = ({ set }: Pick<ConfirmedTable, 'set'>, alias = 't'): string =>
  `greatest(${alias}._stamp, (SELECT n.file_time FROM ${apart('gateway.confirmation')} n WHERE n.entity_set = ${escapeText(set.name)} AND n.chunk = ${chunkOf(`${alias}._row`)} AND n.cell = '' AND n.rows @> ${offsetOf(`${alias}._row`)}))`;

/** Rows that a file confirms. */
export interface Confirming {
  readonly table: ConfirmedTable;
  readonly file: FileOrder;
  /** What follows FROM: `d._target` is a row's number, `d._line` its line in the file. */
  readonly from: string;
  readonly where: string;
  /** Temporary table with the rows of the file, rejected ones included. */
  readonly staged: string;
  /** For each kept column whether a row says its cell, as SQL. */
  readonly says: ReadonlyMap<string, string>;
}

/** Notes that a file confirms rows; what older ones noted of them goes, so notes do not grow with the number of files. */
export async function noteConfirmations(transaction: Transaction, confirming: Confirming): Promise<void> {
  const { table, file, from, where, staged, says } = confirming;
  const { name: set } = table.set;
  const rejected = await transaction.query(`SELECT FROM ${staged} WHERE _code IS NOT NULL LIMIT 1`);
  // Lines matter between a row and one of the same file that was rejected and is replayed, and nowhere else.
  const lines = `SELECT _line, coalesce(max(_line) FILTER (WHERE _code IS NOT NULL) OVER (ORDER BY _line) + 1, 0) AS _after FROM ${staged}`;
  const [line, join] = rejected.rowCount === 0 ? ['0', ''] : ['l._after', ` JOIN (${lines}) l ON l._line = d._line`];
  for (const [cell, said] of [['', 'true'] as const, ...says]) {
    const noted = `SELECT ${chunkOf('d._target')} AS chunk, ${line} AS line, ${rangesOf('d._target')} AS rows FROM ${from}${join} WHERE ${where} AND ${said} GROUP BY 1, 2`;
    await transaction.query(
      `INSERT INTO gateway.confirmation (entity_set, chunk, cell, load_id, line, file_time, rows) SELECT $1, chunk, $2, $3, line, $4, rows FROM (${noted}) n`,
      [set, cell, file.loadId, file.fileTime],
    );
    await forget(transaction, {
      rows: `SELECT chunk, range_agg(rows) AS rows FROM gateway.confirmation WHERE entity_set = $1 AND cell = $2 AND load_id = $3 GROUP BY chunk`,
      which: 'c.cell = $2 AND c.load_id <> $3',
      values: [set, cell, file.loadId],
    });
  }
}

/** Takes rows (`chunk`, `rows`) out of the notes of the set `$1`. */
async function forget(
  transaction: Transaction,
  { rows, which, values }: { readonly rows: string; readonly which: string; readonly values: readonly unknown[] },
): Promise<void> {
  const matching = `c.entity_set = $1 AND ${which} AND c.chunk = n.chunk`;
  await transaction.query(
    `DELETE FROM gateway.confirmation c USING (${rows}) n WHERE ${matching} AND c.rows <@ n.rows`,
    values,
  );
  await transaction.query(
    `UPDATE gateway.confirmation c SET rows = c.rows - n.rows FROM (${rows}) n WHERE ${matching} AND c.rows && n.rows`,
    values,
  );
}

/** A SELECT of row numbers with the values of its parameters. */
export interface RowQuery {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Writes what is noted of rows into them, as if their last file had written it, and forgets it; null: of all rows of the set. */
export async function settleConfirmations(
  transaction: Transaction,
  table: ConfirmedTable,
  rows: RowQuery | null,
): Promise<void> {
  const settling = 'settling_rows';
  if (rows !== null) {
    await transaction.query(`DROP TABLE IF EXISTS pg_temp.${settling}`);
    await transaction.query(
      `CREATE TEMP TABLE ${settling} ON COMMIT DROP AS SELECT DISTINCT _row FROM (${rows.text}) r(_row)`,
      rows.values,
    );
    await transaction.query(`ANALYZE ${settling}`);
  }
  await transaction.query(settlingUpdate(table, rows === null ? '' : ` JOIN ${settling} r ON r._row = t._row`));
  if (rows === null) {
    await forgetConfirmations(transaction, table.set.name);
    return;
  }
  await forget(transaction, {
    rows: `SELECT ${chunkOf('_row')} AS chunk, ${rangesOf('_row')} AS rows FROM ${settling} GROUP BY 1`,
    which: 'true',
    values: [table.set.name],
  });
  await transaction.query(`DROP TABLE ${settling}`);
}

function settlingUpdate(table: ConfirmedTable, restriction: string): string {
  const marks = [
    { stamp: '_stamp', place: '_place', cell: '' },
    ...table.kept.map(({ stamp, place, column }) => ({
      stamp: quoteIdentifier(stamp),
      place: quoteIdentifier(place),
      cell: column,
    })),
  ].map((mark, index) => ({ ...mark, alias: `c${index}` }));
  const joins = marks.map(({ alias, cell, stamp }) => noteJoin(table, { alias, cell, stamp: `t.${stamp}` }));
  const values = marks.map(
    ({ alias, stamp, place }) =>
      `coalesce(${alias}.file_time, t.${stamp}) AS ${stamp}, coalesce(${placeAt(`${alias}.load_id`)} + ${alias}.line, t.${place}) AS ${place}`,
  );
  const assigned = marks.map(({ stamp, place }) => `${stamp} = n.${stamp}, ${place} = n.${place}`);
  const found = marks.map(({ alias }) => `${alias}.load_id IS NOT NULL`).join(' OR ');
  return `UPDATE ${table.name} t SET ${assigned.join(', ')} FROM (SELECT t._row, ${values.join(', ')} FROM ${table.name} t${restriction}${joins.join('')} WHERE ${found}) n WHERE n._row = t._row`;
}

/** Forgets all notes of a set: its rows say themselves how new they are, or are made anew. */
export async function forgetConfirmations(transaction: Transaction, set: string): Promise<void> {
  await transaction.query(`DELETE FROM gateway.confirmation WHERE entity_set = $1`, [set]);
}
