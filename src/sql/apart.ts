/**
 * Citus refuses a statement in which a condition on rows of a distributed table looks into a table of the session or of the coordinator by
 * EXISTS, a lateral join or a scalar subselect. Behind `OFFSET 0` that table is read first, and its rows go to the worker with the statement.
 * PostgreSQL without Citus would lose indexes and better plans to that, so such tables are marked where the statement is written, and fenced only where
 * tables are distributed.
 */
const mark = '/*apart*/';

/** Marks a table, as it stands in SQL before its alias, that is to be read apart from distributed ones. */
export const apart = (table: string): string => `${table} ${mark}`;

const marked = /((?:"(?:[^"]|"")+"|\w+)(?:\.(?:"(?:[^"]|"")+"|\w+))?) \/\*apart\*\//g;

/** The statement for a database with distributed tables. */
export const fencedApart = (text: string): string =>
  text.includes(mark) ? text.replace(marked, '(SELECT * FROM $1 OFFSET 0)') : text;

/** A part of a statement in which no table is a distributed one: there marked tables are joined as others are. */
export const joinedHere = (text: string): string => text.replaceAll(` ${mark}`, '');

/** What decides between forms of a statement. */
export interface Dialect {
  /** Tables may lie on workers of Citus. */
  readonly isDistributed: boolean;
}

/**
 * Ends an INSERT ... SELECT with ON CONFLICT of which the number of written rows matters: Citus counts those that were left out, too, unless they are
 * returned.
 */
export const countedRows = ({ isDistributed }: Dialect): string => (isDistributed ? ' RETURNING 1' : '');

/** Rows of a table that a table of the session names. */
export interface Meeting {
  /** The table, as it stands in SQL. */
  readonly table: string;
  /** The table of the session. */
  readonly by: string;
  /** When row `t` is named by row `o`. */
  readonly on: string;
  /** What is read of `t`; absent: all. */
  readonly columns?: string;
}

/**
 * What stands in place of a table, before its alias, where a table of the session is compared with it row by row. Of a distributed table the rows that it
 * names are fetched first: all of them would be, otherwise. `on` never names a row twice.
 */
export const metRows = ({ isDistributed }: Dialect, { table, by, on, columns = 't.*' }: Meeting): string =>
  isDistributed ? `(SELECT ${columns} FROM ${table} t JOIN ${by} o ON ${on} OFFSET 0)` : table;

/**
 * A table of the session of which one statement joins several distributed ones: `first` stands before the statement, `table` in place of the table. Citus sends its rows
 * to the worker for each place that names it, and in this way once.
 */
export const namedOnce = (
  { isDistributed }: Dialect,
  table: string,
): { readonly first: string; readonly table: string } =>
  isDistributed
    ? { first: `WITH named_once AS MATERIALIZED (SELECT * FROM ${table}) `, table: 'named_once' }
    : { first: '', table };
