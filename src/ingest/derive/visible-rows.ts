import { quoteIdentifier } from '../../sql/identifier.ts';
import type { StoredTable } from '../stored/stored-table.ts';

/** Whether the row `alias` of a source is one that the feed serves: others say nothing. */
export function visibleRows(source: StoredTable, alias: string): string {
  return source.set.hiddenBy === null ? 'true' : `${alias}.${quoteIdentifier(source.set.hiddenBy)} IS NULL`;
}
