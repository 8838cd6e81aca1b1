import { evaluateToken, type SandboxRow, type Scalar } from './evaluate-token.ts';
import { sandboxLibrary, type Token } from './library.ts';

/** Rows for a query, and how many there are before `$top` and `$skip`. */
export interface SelectedRows {
  readonly rows: readonly SandboxRow[];
  readonly count: number;
}

/**
 * Applies `$filter`, `$orderby`, `$skip` and `$top`. The library hands every option over twice (its `deepmerge` joins
 * arrays since version 2), the second time decoded, so the last of a kind is taken; and it has changed the literals in
 * their trees, so they are parsed again from their text.
 */
export function selectRows(rows: readonly SandboxRow[], query: Token | null): SelectedRows {
  const texts = new Map(optionsOf(query).map((option) => [option.type, option.raw]));
  const used = [...texts].filter(([type]) => ['Filter', 'OrderBy', 'Skip', 'Top'].includes(type)).map(([, raw]) => raw);
  const parsed = used.length === 0 ? null : sandboxLibrary.ODataServer.parser.query(used.join('&'));
  const options = new Map(optionsOf(parsed).map((option) => [option.type, option]));
  const filter = options.get('Filter')?.value as Token | undefined;
  const found = filter === undefined ? [...rows] : rows.filter((row) => evaluateToken(filter, row) === true);
  const order = (options.get('OrderBy')?.value as { items: readonly Token[] } | undefined)?.items ?? [];
  if (order.length > 0) {
    found.sort((left, right) => compareRows(left, right, order));
  }
  const skip = countOf(options.get('Skip')) ?? 0;
  const top = countOf(options.get('Top')) ?? found.length;
  return { rows: found.slice(skip, skip + top), count: found.length };
}

function optionsOf(query: Token | null): readonly Token[] {
  const value = query?.value as { options?: readonly Token[] } | null | undefined;
  return value?.options ?? [];
}

function countOf(option: Token | undefined): number | null {
  return option === undefined ? null : Number((option.value as Token).raw);
}

function compareRows(left: SandboxRow, right: SandboxRow, order: readonly Token[]): number {
  for (const item of order) {
    const { expr, direction } = item.value as { expr: Token; direction: number };
    const result = compareScalars(evaluateToken(expr, left), evaluateToken(expr, right)) * direction;
    if (result !== 0) {
      return result;
    }
  }
  return 0;
}

/** Null comes before every value (Protocol 4.0, 11.2.5.2). */
function compareScalars(left: Scalar, right: Scalar): number {
  if (left === right) {
    return 0;
  }
  if (left === null) {
    return -1;
  }
  if (right === null) {
    return 1;
  }
  return left < right ? -1 : 1;
}
