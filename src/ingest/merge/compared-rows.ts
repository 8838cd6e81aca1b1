import type { Dialect } from '../../sql/apart.ts';
import { quoteIdentifier } from '../../sql/identifier.ts';
import type { StoredTable } from '../stored/stored-table.ts';
import { isAction } from './actions.ts';
import type { Decisions } from './decide-rows.ts';
import type { FileShape } from './file-shape.ts';
import type { StagedRows } from './stage-rows.ts';

/** A set, and the columns that a file states of it. */
export interface Stating {
  readonly table: StoredTable;
  readonly shape: FileShape;
}

/**
 * Whether the cells of these columns of the stored row `t` stay as they are where it becomes what row `s` of the file says, as SQL. null where they may come out
 * otherwise: cells of several files are in one row, or an empty one does not overwrite.
 */
export function alikeCells({ table, shape }: Stating, columns: readonly string[]): string | null {
  const kept = new Set(table.kept.map(({ column }) => column));
  if (shape.others !== null || columns.some((name) => kept.has(name))) {
    return null;
  }
  const stated = columns.filter((name) => !table.key.includes(name) && !shape.absent.has(name)).map(quoteIdentifier);
  return stated.length === 0 ? 'true' : stated.map((name) => `t.${name} IS NOT DISTINCT FROM s.${name}`).join(' AND ');
}

interface Compared {
  /** Number of the stored row, as SQL. */
  readonly row: string;
  /** What follows FROM. */
  readonly from: string;
  /** Whether cells of columns stay as they are, as SQL; null: it cannot be told. */
  readonly alike: (columns: readonly string[]) => string | null;
  /** Rows of the set that the load adds, changes or removes, these among them. */
  readonly changes: number;
}

/**
 * The stored rows that a merge updates, and which of their cells stay. A worker of Citus has told it already with what becomes of the rows (`Decisions.alike`): otherwise they would be
 * compared there once more. null: there are none, or nobody knows.
 */
export function comparedRows(
  { isDistributed }: Dialect,
  {
    decisions,
    staged,
    cleared,
    ...stating
  }: Stating & {
    readonly decisions: Decisions;
    readonly staged: StagedRows;
    /** Rows that lose cells, beside those of the file. */
    readonly cleared: number;
  },
): Compared | null {
  const { counts, rows, alike } = decisions;
  if (stating.shape.others !== null || counts.updated === 0) {
    return null;
  }
  const changes = counts.inserted + counts.updated + counts.removed + cleared;
  // Rows that are stored and changed by the same file are new to whatever follows from them.
  const updated = `${isAction('d', 'update')} AND d._again IS NOT TRUE`;
  if (isDistributed) {
    const told = (columns: readonly string[]) => alike.get(alikeCells(stating, columns) ?? '') ?? null;
    return { row: 'd._target', from: `${rows} d WHERE ${updated}`, alike: told, changes };
  }
  const { name } = stating.table;
  return {
    row: 't._row',
    from: `${rows} d JOIN ${staged.name} s ON s._line = d._line JOIN ${name} t ON t._row = d._target WHERE ${updated}`,
    alike: (columns) => alikeCells(stating, columns),
    changes,
  };
}
