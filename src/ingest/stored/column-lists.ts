import { quoteIdentifier } from '../../sql/identifier.ts';

/** `a.x = b.x AND a.y = b.y`, for columns of two tables by their aliases. */
export function sameKey(left: string, right: string, columns: readonly string[]): string {
  return columns.map((name) => `${left}.${quoteIdentifier(name)} = ${right}.${quoteIdentifier(name)}`).join(' AND ');
}

/** Columns between commas, of the table named by the alias where one is given. */
export function columnList(names: readonly string[], alias?: string): string {
  const prefix = alias === undefined ? '' : `${alias}.`;
  return names.map((name) => `${prefix}${quoteIdentifier(name)}`).join(', ');
}

/** Definition of a column of a temporary table: texts sort by their bytes, as in the tables made from metadata. */
export const columnDefinition = (name: string, sqlType: string): string =>
  `${quoteIdentifier(name)} ${sqlType}${sqlType === 'text' ? ' COLLATE "C"' : ''}`;
