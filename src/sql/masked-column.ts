import { maskOf } from '../edm/mask.ts';
import type { Property } from '../edm/model.ts';

/** A column masked as its property is: SQL of the same type, null where nothing is left of a value. */
export function maskedColumn(column: string, property: Property): string {
  switch (maskOf(property)) {
    case 'length':
      return `"gateway"."masked_content"(${column}) COLLATE "C"`;
    case 'shape':
      return `"gateway"."masked_text"(${column}) COLLATE "C"`;
    case 'year':
      return property.type === 'Edm.Date'
        ? `date_trunc('year', ${column}::timestamp)::date`
        : `date_trunc('year', ${column}, 'UTC')`;
    case null:
      return nothing(column);
  }
}

interface Case {
  /** SQL that is TRUE where the case holds; null: always. */
  readonly when: string | null;
  readonly sql: string;
}

/** The value of the first case that holds, null where none does; of the type of `column`. */
export function firstOf(column: string, cases: readonly Case[]): string {
  const [only] = cases;
  if (only !== undefined && only.when === null) {
    return only.sql;
  }
  const branches = cases.map(({ when, sql }) => (when === null ? `ELSE ${sql}` : `WHEN ${when} THEN ${sql}`));
  return branches.length === 0 ? nothing(column) : `CASE ${branches.join(' ')} END`;
}

/** Null with the type, and the collation, of the column. */
const nothing = (column: string): string => `CASE WHEN FALSE THEN ${column} END`;
