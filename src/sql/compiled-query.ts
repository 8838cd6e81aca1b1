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
}

/** How to find out between which row numbers all rows of a query stand. */
export interface RowSpan {
  /** A SELECT of one text. */
  readonly probe: string;
  /** A statement of the same rows in the same order, for the text that the probe gave. */
  within(found: string): string;
}
