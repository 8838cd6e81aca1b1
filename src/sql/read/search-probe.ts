import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { BoundSearch, CollectionPlan } from '../../plan/model/read-plan.ts';
import { wholeSet } from '../../plan/model/restricted-set.ts';
import { fromWhere } from '../expression/collection.ts';
import { openScope } from '../expression/open-scope.ts';
import { searchCondition } from '../expression/search.ts';
import { rowId } from '../scope.ts';

/** Rows that a statement names one by one, and rows that it looks up before it orders them. */
const [named, few] = [100, 5000];
const numbers = /^=(?<ids>(?:\d+(?:,\d+)*)?)$/;

/** The search of a collection that an index of its whole set answers; null for other reads. */
export function searchOf({ source, restriction, since }: CollectionPlan): BoundSearch | null {
  const { search } = restriction;
  // The index has what is masked as it is, and rows that are led to are found by what leads to them.
  const isIndexed = source.kind === 'Set' && since === null;
  return isIndexed && search?.properties.every(({ shown }) => shown === undefined) === true ? search : null;
}

/**
 * Which rows a search finds if they are few, answered by its index alone: `=` and their numbers, or `few`, or `many ` and what `otherwise`, a SELECT of one text, says.
 * PostgreSQL takes a word of which it knows nothing for one row in 200, so for the first 100 rows of such a word it goes through a set in its order, all of it where the word is rare:
 * two minutes for ten million rows.
 */
export function searchProbe(
  search: BoundSearch,
  plan: CollectionPlan,
  { catalogue, otherwise }: { readonly catalogue: Catalogue; readonly otherwise: string | null },
): string {
  const many = otherwise === null ? `'many '` : `concat('many ', (${otherwise}))`;
  const list = `concat('=', string_agg(f.id::text, ',' ORDER BY f.id))`;
  return `SELECT CASE WHEN count(*) <= ${named} THEN ${list} WHEN count(*) <= ${few} THEN 'few' ELSE ${many} END FROM (${foundRows(search, plan, catalogue)} LIMIT ${few + 1}) AS f`;
}

/** What a probe found: the rows, as text of their numbers; that they are few; or what its `otherwise` said. */
export type Found =
  | { readonly kind: 'named'; readonly ids: string }
  | { readonly kind: 'few' }
  | { readonly kind: 'many'; readonly otherwise: string };

/** Reads the text that `searchProbe` gave. */
export function readFound(text: string): Found {
  const ids = numbers.exec(text)?.groups?.['ids'];
  if (ids !== undefined) {
    return { kind: 'named', ids };
  }
  return text === 'few' ? { kind: 'few' } : { kind: 'many', otherwise: text.slice('many '.length) };
}

/** Whether a row is among those found. `id`: its number, as SQL. */
export function isFound(
  id: string,
  found: Exclude<Found, { readonly kind: 'many' }>,
  {
    search,
    plan,
    catalogue,
  }: { readonly search: BoundSearch; readonly plan: CollectionPlan; readonly catalogue: Catalogue },
): string {
  return found.kind === 'named'
    ? `${id} = ANY ('{${found.ids}}'::bigint[])`
    : `${id} = ANY (ARRAY(${foundRows(search, plan, catalogue)}))`;
}

/** Also rows that are not served: the search is only wider, and its index alone answers. */
function foundRows(search: BoundSearch, { selection, restriction }: CollectionPlan, catalogue: Catalogue): string {
  const scope = openScope(catalogue);
  const row = scope.table(wholeSet(selection.set), restriction.variable ?? selection.variable);
  scope.where.splice(0, scope.where.length, searchCondition(search, row));
  return `SELECT ${rowId(row)} AS id ${fromWhere(scope)}`;
}
