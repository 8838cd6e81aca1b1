import type { StoredSet } from '../../catalogue/catalogue.ts';
import { GatewayError } from '../../errors.ts';
import type { BoundSearch, SearchNode } from '../../plan/model/read-plan.ts';
import { quoteIdentifier } from '../identifier.ts';
import { escapeText } from '../literal.ts';
import type { Row } from '../scope.ts';

/** More text of one property than this is not searched: a `tsvector` holds one megabyte at most. */
const searchedCharacters = 100_000;

/**
 * The `tsvector` over the named properties of a row of `set`, for `$search` and for the index that serves it: the same
 * text must stand in `CREATE INDEX ... USING gin (...)`. `alias` qualifies the columns; an index has none.
 */
export function searchVector(set: StoredSet, properties: readonly string[], alias?: string): string {
  const texts = properties.map((name) => {
    const column = set.columns.get(name);
    if (column === undefined) {
      throw new GatewayError('Internal', `The property ${name} has no column.`);
    }
    const sql = `${alias === undefined ? '' : `${alias}.`}${quoteIdentifier(column.name)}`;
    return `COALESCE(left(${sql}, ${searchedCharacters}), '')`;
  });
  return `to_tsvector('simple'::regconfig, ${texts.join(" || ' ' || ")})`;
}

/** The condition of `$search` on one row. */
export function searchCondition(search: BoundSearch, row: Row): string {
  return `${vectorOf(search, row)} @@ ${query(search.expression)}`;
}

/**
 * The same, told PostgreSQL so that it plans without looking at the words: it takes it for one row in 200 then and asks the index. What it thinks of
 * two words side by side is that they meet as often as chance has it, and goes through the set to find the first few.
 */
export function indexedSearchCondition(search: BoundSearch, row: Row): string {
  return `${vectorOf(search, row)} @@ (SELECT ${query(search.expression)})`;
}

function vectorOf(search: BoundSearch, row: Row): string {
  if (row.stored === null) {
    throw new GatewayError('NotImplemented', '$search does not look into aggregated rows.', {
      feature: 'search-in-derived-rows',
    });
  }
  const names = search.properties.map((property) => property.name);
  return searchVector(row.stored, names, row.alias);
}

function query(node: SearchNode): string {
  switch (node.kind) {
    case 'Word':
    case 'Phrase':
      return `phraseto_tsquery('simple'::regconfig, ${escapeText(node.text)})`;
    case 'Not':
      return `!! ${query(node.operand)}`;
    case 'And':
      return `(${query(node.left)} && ${query(node.right)})`;
    case 'Or':
      return `(${query(node.left)} || ${query(node.right)})`;
  }
}
