import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { BoundSearch, CollectionPlan, SearchNode } from '../../plan/model/read-plan.ts';
import { fromWhere } from '../expression/collection.ts';
import { indexedSearchCondition, searchCondition } from '../expression/search.ts';
import { rowId } from '../scope.ts';
import { openWholeTable } from './whole-table.ts';

/** Rows that a statement names one by one, and rows that it looks up before it orders them. */
const [named, few] = [100, 5000];
/** A word is common where so many of the first rows have it: the first pages are quickest found in the order of the rows. */
const common = { of: 1000, least: 10 };
const numbers = /^=(?<ids>(?:\d+(?:,\d+)*)?)$/;

/** The search of a collection that an index of its whole set answers; null for other reads. */
export function searchOf(
  { source, restriction, since, selection }: CollectionPlan,
  catalogue: Catalogue,
): BoundSearch | null {
  const { search } = restriction;
  // Rows that are led to are found by what leads to them.
  if (source.kind !== 'Set' || since !== null || search === null) {
    return null;
  }
  const { name } = selection.set;
  const stored = catalogue.sets.get(name);
  // What was brought into a temporary table has no index.
  const hasIndexes = stored?.kind === 'stored' && stored.relation.schema !== 'pg_temp';
  // The index is of all texts that are looked into, none of them masked: for who is not to see one of them there is none.
  const all = catalogue.model.entitySets.get(name)?.searchable ?? [];
  const asked = search.properties.filter(({ shown }) => shown === undefined).map((property) => property.name);
  return hasIndexes && asked.join('/') === all.join('/') ? search : null;
}

/**
 * Which rows a search finds if they are few, answered by its index: `=` and their numbers, or `few`, or `many ` and what `otherwise`, a SELECT of one text, says.
 * PostgreSQL takes a word of which it knows nothing for one row in 200, so for the first 100 rows of such a word it goes through a set in its order, all of it where the word is rare:
 * two minutes for ten million rows.
 */
export function searchProbe(
  search: BoundSearch,
  plan: CollectionPlan,
  { catalogue, otherwise }: { readonly catalogue: Catalogue; readonly otherwise: string | null },
): string {
  const { id, condition, from, found } = searched(search, plan, catalogue);
  const list = `SELECT count(*) AS n, string_agg(r.id::text, ',' ORDER BY r.id) AS ids FROM (${found} LIMIT ${named + 1}) AS r`;
  const first = `SELECT ${condition} AS found ${from} ORDER BY ${id} LIMIT ${common.of}`;
  const isCommon = `(SELECT count(*) FILTER (WHERE h.found) FROM (${first}) AS h) >= ${common.least}`;
  const isFew = `(SELECT count(*) FROM (${found} LIMIT ${few + 1}) AS r) <= ${few}`;
  const many = otherwise === null ? `'many '` : `concat('many ', (${otherwise}))`;
  // One after the other: each is dear for words that the one before stops at.
  return `SELECT CASE WHEN f.n <= ${named} THEN concat('=', f.ids) WHEN CASE WHEN ${isCommon} THEN false ELSE ${isFew} END THEN 'few' ELSE ${many} END FROM (${list}) AS f`;
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
    : `${id} = ANY (ARRAY(${searched(search, plan, catalogue).found}))`;
}

/** A search among all rows of the table: the number of a row, the condition, `FROM ...`, and the SELECT of the numbers that are found. */
function searched(search: BoundSearch, plan: CollectionPlan, catalogue: Catalogue) {
  const { scope, row } = openWholeTable(plan, catalogue);
  const [id, from] = [rowId(row), fromWhere(scope)];
  const condition = (isWords(search.expression) ? searchCondition : indexedSearchCondition)(search, row);
  return { id, condition, from, found: `SELECT ${id} AS id ${from} WHERE ${condition}` };
}

const word = /^[\p{L}\p{N}]+$/u;

/** Whether PostgreSQL's statistics know what is common of it: words, but not how often they stand together. */
function isWords(node: SearchNode): boolean {
  switch (node.kind) {
    case 'Word':
    case 'Phrase':
      return word.test(node.text);
    case 'Or':
      return isWords(node.left) && isWords(node.right);
    case 'And':
    case 'Not':
      return false;
  }
}
