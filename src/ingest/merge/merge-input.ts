import type { WriteDisposition } from '../../catalogue/catalogue.ts';
import type { FileOrder } from '../ledger/file-order.ts';
import type { StoredTable } from '../stored/stored-table.ts';
import type { FileShape } from './file-shape.ts';
import type { StagedRows } from './stage-rows.ts';

/** What a merge is decided by. */
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
  /** Conditions about a stored row `t` and the row `s` of the file that it becomes; workers of Citus tell of them, where they decide. */
  readonly alike: readonly string[];
  /** Literal period of the file, by column, where the rows do not say it themselves. */
  readonly period: ReadonlyMap<string, string>;
}
