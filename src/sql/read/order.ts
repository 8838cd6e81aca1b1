import type { PrimitiveTypeName } from '../../edm/model.ts';
import { canBeNull } from '../../plan/logic/three-valued.ts';
import type { BoundExpression, OrderKey } from '../../plan/model/read-plan.ts';
import { value } from '../expression/expression.ts';
import { copiedLiteral, integerLiteral } from '../literal.ts';
import type { Scope } from '../scope.ts';

/** One key of a total order. */
export interface SortKey {
  readonly sql: string;
  readonly type: PrimitiveTypeName;
  readonly direction: 'asc' | 'desc';
  readonly nullable: boolean;
}

/**
 * Characters of a text that decide its place in an order; texts that begin with the same ones stand in load order. The
 * order values of a page's last row become part of the link to the next page, which has to fit into a URL.
 */
export const orderedLength = 512;

export function sortKeys(keys: readonly OrderKey[], scope: Scope): SortKey[] {
  return keys.map(({ expression, direction }) => {
    const sql = value(expression, scope);
    const type = expression.type === 'null' ? 'Edm.String' : expression.type;
    const bounded = type === 'Edm.String' && !isShort(expression) ? `left(${sql}, ${orderedLength}) COLLATE "C"` : sql;
    return { sql: orderable(bounded), type, direction, nullable: canBeNull(expression) };
  });
}

/**
 * Text that is short anyway stays a plain column, whose order an index can give: declared so, or a key or foreign key,
 * which PostgreSQL keeps in an index and so bounds.
 */
function isShort(expression: BoundExpression): boolean {
  if (expression.kind === 'Constant') {
    return (expression.value?.length ?? 0) <= orderedLength;
  }
  if (expression.kind !== 'PropertyValue') {
    return false;
  }
  const { property, row } = expression;
  if (property.maxLength !== undefined && property.maxLength <= orderedLength) {
    return true;
  }
  const { key, navigationProperties } = (row.steps.at(-1)?.set ?? row.variable.set).entityType;
  const joined = [...navigationProperties.values()].some(({ join }) =>
    join.some((pair) => pair.property === property.name),
  );
  return joined || key.includes(property.name);
}

/**
 * Nulls come first ascending and last descending (Protocol 11.2.6.2). Where there are none the words are left out:
 * only then can PostgreSQL read the order from an ordinary index.
 */
export function orderBy(keys: readonly SortKey[]): string {
  const parts = keys.map(({ sql, direction, nullable }) => {
    if (direction === 'asc') {
      return nullable ? `${sql} ASC NULLS FIRST` : sql;
    }
    return nullable ? `${sql} DESC NULLS LAST` : `${sql} DESC`;
  });
  return `ORDER BY ${parts.join(', ')}`;
}

/** The condition "comes after the position" in the order of `keys`; `position` has one COPY text for each key. */
export function afterPosition(keys: readonly SortKey[], position: readonly (string | null)[]): string {
  const literals = keys.map((key, index) => copiedLiteral(position[index] ?? null, key.type));
  const at = (index: number): string | null => position[index] ?? null;
  const alternatives: string[] = [];
  for (const [index, key] of keys.entries()) {
    const beyond = after(key, at(index), `${literals[index]}`);
    if (beyond === null) {
      continue;
    }
    const ties = keys.slice(0, index).map((tied, tie) => same(tied, at(tie), `${literals[tie]}`));
    alternatives.push([...ties, beyond].join(' AND '));
  }
  const [first] = keys;
  if (alternatives.length === 1 || first === undefined) {
    return `(${alternatives[0] ?? 'FALSE'})`;
  }
  const bound = leadingBound(first, at(0), `${literals[0]}`);
  return `${bound === null ? '' : `${bound} AND `}(${alternatives.map((sql) => `(${sql})`).join(' OR ')})`;
}

function after({ sql, direction, nullable }: SortKey, text: string | null, literal: string): string | null {
  if (direction === 'asc') {
    return text === null ? `${sql} IS NOT NULL` : `${sql} > ${literal}`;
  }
  if (text === null) {
    return null;
  }
  return nullable ? `(${sql} < ${literal} OR ${sql} IS NULL)` : `${sql} < ${literal}`;
}

function same({ sql }: SortKey, text: string | null, literal: string): string {
  return text === null ? `${sql} IS NULL` : `${sql} = ${literal}`;
}

/** What every row after the position fulfils, in a form that an index on the first key answers. */
function leadingBound({ sql, direction, nullable }: SortKey, text: string | null, literal: string): string | null {
  if (direction === 'asc') {
    return text === null ? null : `${sql} >= ${literal}`;
  }
  if (text === null) {
    return `${sql} IS NULL`;
  }
  return nullable ? null : `${sql} <= ${literal}`;
}

/** A bare constant in ORDER BY would be a column number or an error. */
function orderable(sql: string): string {
  if (/^\(?(TRUE|FALSE)\)?$/.test(sql)) {
    return `${sql}::boolean`;
  }
  return sql === 'NULL' ? 'NULL::text' : sql;
}

/** ` LIMIT n OFFSET m`, each only where it changes something. */
export function limitOffset(limit: number | null, offset: number | null): string {
  const skip = offset === null || offset === 0 ? '' : ` OFFSET ${integerLiteral(offset)}`;
  return `${limit === null ? '' : ` LIMIT ${integerLiteral(limit)}`}${skip}`;
}
