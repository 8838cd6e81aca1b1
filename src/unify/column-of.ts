import type { StoredSet } from '../catalogue/catalogue.ts';
import { GatewayError } from '../errors.ts';

/** Column of a property. */
export function columnOf(set: StoredSet, property: string): string {
  const column = set.columns.get(property);
  if (column === undefined) {
    throw new GatewayError('Internal', `${set.name} has no column for ${property}.`);
  }
  return column.name;
}
