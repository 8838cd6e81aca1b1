import type { Catalogue } from '../../catalogue/catalogue.ts';
import { bridgeQuery } from './bridge-rows.ts';
import { asDimension, type DerivedTable } from './derived-sets.ts';
import { dimensionQuery } from './dimension-rows.ts';

/** The SELECT of the derived set's rows for the affected keys, columns in the order of `derivedColumns`. */
export function derivationQuery(catalogue: Catalogue, derived: DerivedTable): string {
  const dimension = asDimension(derived);
  return dimension === null ? bridgeQuery(catalogue, derived) : dimensionQuery(catalogue, dimension);
}
