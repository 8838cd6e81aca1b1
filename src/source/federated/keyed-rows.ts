import { GatewayError } from '../../errors.ts';
import { keyedCondition } from '../../plan/logic/keyed-condition.ts';
import type { CollectionPlan, Restriction } from '../../plan/model/read-plan.ts';
import { compileCollection } from '../../sql/read/compile-read.ts';
import { statementWeight } from '../stored/read-weight.ts';
import { connected, proxiedSource } from './crossing.ts';
import type { Place } from './place.ts';
import type { Join } from './split-selection.ts';
import { longestChunk, storedObjects } from './stored-objects.ts';

/** Rows that PostgreSQL may give for one chunk of keys; the limit on their length comes first. */
const mostRows = 100_000_000;
const noKeys: readonly (readonly string[])[] = [];

/** The rows of the other end of a join that have one of the keys, in the order asked, rows of one key never interleaved out of it. */
export async function keyedRows(
  join: Join,
  keys: readonly (readonly string[])[],
  place: Place,
): Promise<readonly string[]> {
  if (keys.length === 0) {
    return [];
  }
  const { set } = join.selection;
  const source = proxiedSource(place.sources, set);
  if (source === null) {
    return storedRows(join, keys, place);
  }
  const { selection, theirs: properties, expand } = join;
  const request = { set, properties, keys, selection, restriction: expand.restriction };
  const found: string[] = [];
  let length = 0;
  for await (const row of connected(place.sources, source).fetchByKeys(request, place.options)) {
    length += row.length;
    if (length > longestChunk) {
      throw tooMany(join);
    }
    found.push(row);
  }
  return found;
}

/** A plan of the rows with one of the keys: one query for them all. */
export function storedPlan({ selection, theirs, expand }: Join, keys = noKeys): CollectionPlan {
  const variable = expand.restriction.variable ?? selection.variable;
  const keyed = { set: selection.set, properties: theirs, keys, variable };
  const restriction: Restriction = {
    ...expand.restriction,
    filter: keyedCondition(keyed, expand.restriction.filter),
    top: mostRows,
    skip: null,
    count: false,
  };
  return {
    kind: 'Collection',
    source: { kind: 'Set', set: selection.set },
    selection,
    restriction,
    apply: null,
    references: false,
    pageSize: mostRows,
    after: null,
    since: null,
  };
}

async function storedRows(join: Join, keys: readonly (readonly string[])[], place: Place): Promise<readonly string[]> {
  const { store, signal, sources, format } = place;
  const options = { controls: format.metadata === 'full' };
  const query = compileCollection(storedPlan(join, keys), sources.catalogue, options);
  const read = { timeout: store.timeout, signal, weighed: statementWeight(query) };
  const found = await store.database.read((session) => storedObjects(session, query, format), read);
  if (found === null) {
    throw tooMany(join);
  }
  return found.objects;
}

function tooMany({ expand }: Join): GatewayError {
  return new GatewayError(
    'LimitExceeded',
    `$expand: ${expand.navigation.name} leads to more rows of another source than can be joined at once; ask for fewer with $top, $filter or $select.`,
    { target: '$expand' },
  );
}
