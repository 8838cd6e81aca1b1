import type { StoredSet } from '../../catalogue/catalogue.ts';
import type { EntitySet, Property } from '../../edm/model.ts';
import { quoteIdentifier, quoteRelation } from '../../sql/identifier.ts';
import type { BroughtRows } from '../database.ts';
import { copyIntoTwin, createTemporaryTwin } from './twin-table.ts';

/**
 * The statements that make a temporary twin of a set for one read, fill it with rows that have the texts of `properties`, and let the read
 * role see it. A row that a feed gave twice, on two of its pages, is there once: sums would count it twice.
 */
export function broughtRows(
  twin: StoredSet,
  { entityType }: EntitySet,
  { properties, lines }: { readonly properties: readonly Property[] } & Pick<BroughtRows, 'lines'>,
): BroughtRows {
  const table = quoteRelation(twin.relation);
  const key = entityType.key.flatMap((name) => {
    const column = twin.columns.get(name);
    return column === undefined ? [] : [quoteIdentifier(column.name)];
  });
  return {
    create: createTemporaryTwin(twin),
    copy: copyIntoTwin(twin, properties),
    settle: [
      ...(key.length === 0 ? [] : [withoutRepeats(table, quoteIdentifier(twin.rowId), key)]),
      `GRANT SELECT ON ${table} TO gateway_reader`,
      `ANALYZE ${table}`,
    ],
    lines,
  };
}

function withoutRepeats(table: string, row: string, key: readonly string[]): string {
  const numbered = `SELECT ${row}, row_number() OVER (PARTITION BY ${key.join(', ')} ORDER BY ${row}) AS n FROM ${table}`;
  return `DELETE FROM ${table} WHERE ${row} IN (SELECT ${row} FROM (${numbered}) AS r WHERE n > 1)`;
}
