import type { ControlShape, RowShape } from '../json/row-shape.ts';

/**
 * What the compiler hands to the reader: one SELECT without bind parameters (COPY takes none; literals are rendered by
 * `literal.ts` alone), and the shape that turns its COPY text columns into OData JSON.
 */
export interface CompiledQuery {
  /** A SELECT, without a trailing semicolon. Run as `COPY (text) TO STDOUT`. */
  readonly text: string;
  readonly shape: RowShape;
  /** Key columns of the row itself, before the columns of `shape`, when ids were asked for; absent or null: none. */
  readonly control?: ControlShape | null;
  /**
   * How many rows may be written. A further row is never written: it only says that there is a next page. Absent or
   * null: all rows are written.
   */
  readonly limit?: number | null;
  /**
   * `$top` rows still wanted after this page (`remaining` of the next `PagePosition`); null: no `$top`.
   * Absent like null.
   */
  readonly remaining?: number | null;
  /**
   * Columns appended after the shape's own that are not served: the order values and the tie-breaker, from which the
   * `$skiptoken` of the last row is made. 0 where no page can follow, not even one that ends early.
   */
  readonly positionColumns: number;
  /**
   * Where each order value stands, in the order of the keys: the number of a column that the row serves anyway, or null
   * for the next of the columns behind. Absent: all stand behind. Writing out a time twice for each row costs.
   */
  readonly orderValues?: readonly (number | null)[];
  /** A quicker way to the same rows; absent or null: none. */
  readonly span?: RowSpan | null;
  /** Of a count: how it is kept where the rows change; absent or null: it is not. */
  readonly blocks?: CountByBlocks | null;
}

/** A count kept by blocks of row numbers: a row is of the block `number >> shift`. After a load the blocks that changed are counted again. */
export interface CountByBlocks {
  /** Whose data version says which rows are new. */
  readonly set: string;
  /**
   * A SELECT of one text: the greatest row number, a blank, and what rows it is about: since when the server runs, for another start may be that of one with
   * another history, and the table, for one of the same name may have been restored in its place.
   */
  readonly probe: string;
  /** A SELECT of one text: all blocks that have rows that count, as `block rows,block rows`; null: none. */
  all(shift: number): string;
  /**
   * The same of the blocks in which something changed after a data version, also those that have no such rows any more; `all` where they are too many,
   * or nobody knows which. `blocks`: how many there were.
   */
  changed(known: { readonly version: bigint; readonly shift: number; readonly blocks: number }): string;
}

/** How to find out where the rows of a query stand: between which row numbers, or which numbers they have. */
export interface RowSpan {
  /** A SELECT of one text. */
  readonly probe: string;
  /** A statement of the same rows in the same order, for the text that the probe gave. */
  within(found: string): string;
}
