import type { BoundContribution } from './bind-contribution.ts';
import { type BoundUnified, identityOf } from './bind-unified.ts';
import { idSpace } from './id-parts.ts';

/** Columns of a table of ids: what they are ids of, the whole id, and its parts, '' behind the last. */
export function idTableColumns({ from }: BoundUnified['derivation']): readonly string[] {
  const parts = Math.max(1, ...from.map(({ id }) => id.length));
  return ['_space', '_id', ...Array.from({ length: parts }, (_, place) => `_${place + 1}`)];
}

/** SELECT of the ids that rows `alias` of a contribution speak of; `parts`: those of the ids. */
export function selectedIds(
  unified: BoundUnified,
  bound: BoundContribution,
  { alias, parts }: { readonly alias: string; readonly parts: readonly string[] },
  { from, where }: { readonly from: string; readonly where: readonly string[] },
): string {
  const missing = idTableColumns(unified.derivation).length - 2 - parts.length;
  const cells = [
    `(${idSpace(identityOf(unified, bound), alias)})::text COLLATE "C"`,
    `concat_ws(':', ${parts.join(', ')}) COLLATE "C"`,
    ...parts,
    ...Array.from({ length: missing }, () => `''`),
  ];
  const present = parts.map((part) => `${part} IS NOT NULL`);
  return `SELECT DISTINCT ${cells.join(', ')} FROM ${from} WHERE ${[...where, ...present].join(' AND ')}`;
}
