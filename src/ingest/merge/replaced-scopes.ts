import { quoteIdentifier } from '../../sql/identifier.ts';
import { statedHere } from '../ledger/file-order.ts';
import { columnList } from '../stored/column-lists.ts';
import { columnOf } from '../stored/stored-table.ts';
import type { MergeInput } from './merge-input.ts';

/** Columns whose values are replaced together; null where rows stand alone. */
export function scopeColumns({ table, write }: Pick<MergeInput, 'table' | 'write'>): readonly string[] | null {
  if (write.mode === 'restate') {
    return write.period.map((property) => columnOf(table, property));
  }
  if (write.mode === 'delete-insert') {
    return write.parent.map((property) => columnOf(table, property));
  }
  return null;
}

/** Whether the file's name or the operator says the one period that it holds. */
export const literalScope = (input: Pick<MergeInput, 'table' | 'write' | 'period'>): boolean =>
  scopeColumns(input)?.every((name) => input.period.has(name)) ?? false;

/** The periods or parents that the file holds whole; its values are parameters from `$2` on. */
export function scopesQuery(input: Omit<MergeInput, 'notes'>): {
  readonly text: string;
  readonly values: readonly string[];
} {
  const { table, file } = input;
  const scope = scopeColumns(input) ?? [];
  if (literalScope(input)) {
    const types = new Map([...table.columns.values()].map((column) => [column.name, column.sqlType]));
    const values = scope.map(
      (name, index) => `$${index + 2}::${types.get(name) ?? 'text'} AS ${quoteIdentifier(name)}`,
    );
    return { text: `SELECT ${values.join(', ')}`, values: scope.map((name) => input.period.get(name) ?? '') };
  }
  // What the file said already of other periods and parents, it still says of them.
  const loaded = input.replayed
    ? ` UNION SELECT ${columnList(scope, 't')} FROM ${table.name} t WHERE ${statedHere(file, 't', '$1::timestamptz')}`
    : '';
  return { text: `SELECT DISTINCT ${columnList(scope)} FROM ${input.staged.name}${loaded}`, values: [] };
}
