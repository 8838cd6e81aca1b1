import { quoteIdentifier } from '../../sql/identifier.ts';
import type { StoredTable } from '../stored/stored-table.ts';
import { isAction } from './actions.ts';
import type { Decisions } from './decide-rows.ts';
import type { FileShape } from './file-shape.ts';
import type { StagedRows } from './stage-rows.ts';

/**
 * The stored rows that a merge updates beside what they become: what follows FROM with rows `t`, and for columns whether their cells stay, as SQL. null where
 * columns may come out otherwise than the file says them: cells of several files are in one row, or (of a column) an empty one does not overwrite.
 */
export function comparedRows({
  decisions,
  staged,
  table,
  shape,
}: {
  readonly decisions: Decisions;
  readonly staged: StagedRows;
  readonly table: StoredTable;
  readonly shape: FileShape;
}): { readonly from: string; readonly alike: (columns: readonly string[]) => string | null } | null {
  if (shape.others !== null || decisions.counts.updated === 0) {
    return null;
  }
  const kept = new Set(table.kept.map(({ column }) => column));
  // Rows that are stored and changed by the same file are new to whatever follows from them.
  const updated = `${isAction('d', 'update')} AND d._again IS NOT TRUE`;
  return {
    from: `${decisions.rows} d JOIN ${staged.name} s ON s._line = d._line JOIN ${table.name} t ON t._row = d._target WHERE ${updated}`,
    alike: (columns) => {
      if (columns.some((name) => kept.has(name))) {
        return null;
      }
      const stated = columns
        .filter((name) => !table.key.includes(name) && !shape.absent.has(name))
        .map(quoteIdentifier);
      return stated.length === 0
        ? 'true'
        : stated.map((name) => `t.${name} IS NOT DISTINCT FROM s.${name}`).join(' AND ');
    },
  };
}
