import { chunkBits } from '../sql/row-chunk.ts';

/**
 * The statement that notes where rows leave a set's table, so that counts of the other rows stay known; run it before they are deleted. `from`: FROM
 * clause of the rows `t` that leave; `set` and `version`: SQL of the set's name and of the data version with which they leave.
 */
export function noteRemovedRows(
  from: string,
  { set = '$1', version = '$2' }: { readonly set?: string; readonly version?: string } = {},
): string {
  return `INSERT INTO gateway.removed_rows (entity_set, chunk, version) SELECT ${set}::text, t._row >> ${String(chunkBits)}, ${version}::bigint ${from} GROUP BY 2 ON CONFLICT (entity_set, chunk) DO UPDATE SET version = excluded.version`;
}
