import type { EntitySet, Property } from '../../edm/model.ts';
import { GatewayError } from '../../errors.ts';
import { readObject } from '../../json/reading/json-scan.ts';
import { isAlways, isNever } from '../../plan/logic/condition.ts';
import type { BoundExpression, CollectionPlan, RangeVariable } from '../../plan/model/read-plan.ts';
import { compileCollection } from '../../sql/read/compile-read.ts';
import { statementWeight } from '../stored/read-weight.ts';
import { connected, proxiedSource } from './crossing.ts';
import { joinKeyOf } from './join-key.ts';
import type { Place } from './place.ts';
import { storedObjects } from './stored-objects.ts';

/** The joined values of the rows of a set that a condition holds for. */
export interface WantedKeys {
  readonly set: EntitySet;
  readonly properties: readonly Property[];
  readonly condition: BoundExpression;
  /** The row that the condition speaks of. */
  readonly variable: RangeVariable;
  /** Several rows may have one key. */
  readonly repeated: boolean;
  /** Keys that the rows joined to them can be filtered by. */
  readonly most: number;
}

/** Rows looked at for their keys, where several have the same one. */
const mostRows = 100_000;
const rowsPerPage = 5_000;

/** What of a `Place` the keys are read with. */
type KeyPlace = Pick<Place, 'sources' | 'options' | 'format'> & {
  readonly database: Place['store']['database'];
  /** Milliseconds. */
  readonly timeout: number;
  readonly signal: AbortSignal;
};

/**
 * Each key once, in one order. Nothing is fetched but the joined properties.
 * @throws GatewayError LimitExceeded where there are more than may be fetched
 */
export async function joinedKeys(wanted: WantedKeys, place: KeyPlace): Promise<readonly (readonly string[])[]> {
  if (isNever(wanted.condition)) {
    return [];
  }
  const keyOf = joinKeyOf(wanted.properties);
  const found = new Map<string, readonly string[]>();
  const most = wanted.repeated ? mostRows : wanted.most;
  let rows = 0;
  for await (const row of rowsOf(wanted, most + 1, place)) {
    rows += 1;
    const key = keyOf(readObject(row));
    if (key !== null) {
      found.set(JSON.stringify(key), key);
    }
    if (found.size > wanted.most) {
      throw tooMany(wanted, `${wanted.most} different keys`);
    }
    if (rows > most) {
      throw tooMany(wanted, `${most} rows`);
    }
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, key]) => key);
}

function tooMany({ set }: WantedKeys, what: string): GatewayError {
  return new GatewayError(
    'LimitExceeded',
    `$filter: the condition on rows of ${set.name}, which another source has, leads to more than ${what}; narrow it`,
    { target: '$filter' },
  );
}

function rowsOf(wanted: WantedKeys, top: number, place: KeyPlace): AsyncIterable<string> {
  const source = proxiedSource(place.sources, wanted.set);
  const plan = planOf(wanted, top);
  return source === null ? storedRows(plan, place) : proxiedRows(plan, source, place);
}

function planOf({ set, properties, condition, variable }: WantedKeys, top: number): CollectionPlan {
  const type = set.entityType;
  return {
    kind: 'Collection',
    source: { kind: 'Set', set },
    selection: {
      set,
      type,
      properties,
      computed: [],
      expands: [],
      selected: true,
      selectedNavigations: [],
      variable,
    },
    restriction: {
      filter: isAlways(condition) ? null : condition,
      search: null,
      orderby: [],
      top,
      skip: null,
      count: false,
      variable,
    },
    apply: null,
    references: false,
    pageSize: rowsPerPage,
    after: null,
    since: null,
  };
}

async function* proxiedRows(
  plan: CollectionPlan,
  source: string,
  { sources, options }: KeyPlace,
): AsyncGenerator<string> {
  const upstream = connected(sources, source);
  const plain = { ...options, metadata: 'none', omitNulls: false, mixed: false } as const;
  for (let skipToken: string | null = null; ; ) {
    const reply = await upstream.read(plan, { ...plain, skipToken });
    if (reply.kind !== 'collection') {
      return;
    }
    let whole = false;
    try {
      for await (const row of reply.objects) {
        yield row;
      }
      whole = true;
    } finally {
      if (!whole) {
        reply.discard();
      }
    }
    skipToken = reply.end().next;
    if (skipToken === null) {
      return;
    }
  }
}

async function* storedRows(
  plan: CollectionPlan,
  { database, timeout, signal, sources, format }: KeyPlace,
): AsyncGenerator<string> {
  const query = compileCollection({ ...plan, pageSize: plan.restriction.top ?? rowsPerPage }, sources.catalogue);
  const plain = { ...format, metadata: 'none', omitNulls: false, mixed: false } as const;
  const read = { timeout, signal, weighed: statementWeight(query) };
  const found = await database.read((session) => storedObjects(session, query, plain), read);
  if (found === null) {
    throw new GatewayError('LimitExceeded', '$filter: the joined keys are too long to be compared');
  }
  yield* found.objects;
}
