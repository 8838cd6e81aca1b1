import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { CollectionPlan } from '../../plan/model/read-plan.ts';
import { wholeSet } from '../../plan/model/restricted-set.ts';
import { openScope } from '../expression/open-scope.ts';
import type { Row, Scope } from '../scope.ts';

/** The table of a collection with all of its rows, also those that are not served: what is found there is only wider, and an index alone answers. */
export function openWholeTable(
  { selection, restriction }: CollectionPlan,
  catalogue: Catalogue,
): { readonly scope: Scope; readonly row: Row } {
  const scope = openScope(catalogue);
  const row = scope.table(wholeSet(selection.set), restriction.variable ?? selection.variable);
  scope.bind(selection.variable, row);
  scope.where.length = 0;
  return { scope, row };
}
