import type { CellInput } from '../../json/cells/cell-input.ts';
import { cellEnd, cellText } from '../../json/cells/cell-text.ts';
import type { PagePosition } from '../../plan/model/read-plan.ts';
import type { CompiledQuery } from '../../sql/compiled-query.ts';

/**
 * The position of a row in the order of its query. `behind` is where the columns that are not served begin. Once for each
 * page.
 */
export function positionAt(
  input: CellInput,
  row: { readonly start: number; readonly behind: number },
  query: CompiledQuery,
): PagePosition {
  const { positionColumns, orderValues = Array.from({ length: positionColumns }, () => null) } = query;
  let next = row.behind;
  const values = orderValues.map((column) => {
    if (column !== null) {
      return cellText(input, columnAt(input, row.start, column), false);
    }
    const value = cellText(input, next, false);
    next = cellEnd(input, next, false) + 1;
    return value;
  });
  const rowId = values.pop() ?? '';
  return { values, rowId, remaining: query.remaining ?? null };
}

function columnAt(input: CellInput, start: number, column: number): number {
  let at = start;
  for (let passed = 0; passed < column; passed++) {
    at = cellEnd(input, at, false) + 1;
  }
  return at;
}
