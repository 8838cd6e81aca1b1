import type { Catalogue } from '../../catalogue/catalogue.ts';
import { bridgeQuery } from './bridge-rows.ts';
import { asDimension, type NamedTable } from './derived-sets.ts';
import { type Deriving, dimensionQuery } from './dimension-rows.ts';

/** The SELECT of the derived set's rows for the affected keys or, of a dimension, all; columns in the order of `derivedColumns`. */
export function derivationQuery(catalogue: Catalogue, derived: NamedTable, deriving: Deriving): string {
  const dimension = asDimension(derived);
  return dimension === null ? bridgeQuery(catalogue, derived) : dimensionQuery(catalogue, dimension, deriving);
}
