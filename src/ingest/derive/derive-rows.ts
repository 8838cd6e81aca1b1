import type { Catalogue } from '../../catalogue/catalogue.ts';
import { bridgeQuery } from './bridge-rows.ts';
import { asDimension, type DerivedTable } from './derived-sets.ts';
import { type Deriving, dimensionQuery } from './dimension-rows.ts';

/** The SELECT of the derived set's rows for the affected keys or, of a dimension, all; columns in the order of `derivedColumns`. */
export function derivationQuery(catalogue: Catalogue, derived: DerivedTable, deriving: Deriving): string {
  const dimension = asDimension(derived);
  return dimension === null ? bridgeQuery(catalogue, derived) : dimensionQuery(catalogue, dimension, deriving);
}
