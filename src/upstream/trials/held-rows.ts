import type { EntitySet, EntityType, NavigationProperty, Property } from '../../edm/model.ts';
import { readArray, readObject } from '../../json/reading/json-scan.ts';
import { ownNames } from '../../json/reading/own-names.ts';
import type { ExpandPlace, Step } from '../../plan/federate/placement.ts';
import { upstreamPropertyName, upstreamSetName } from '../url/upstream-map.ts';
import { keyNames, keyOf, type Members, mostAsked, rowsAt, selected, type TrialPlace } from './trial-rows.ts';

/** Rows that an `$expand` is tried with, by their keys. */
export type HeldRows = ReadonlyMap<string, Members>;

/** What is asked of the rows that lead to others. */
export interface HeldRequest {
  /** Options inside of the `$expand`, but for `$select`, which says the key alone. */
  readonly nested: readonly string[];
  /** A `$filter` of the addressed rows. Absent: none. */
  readonly filter?: string;
  /** Properties of those that are led to, beside their keys. Absent: none. */
  readonly shown?: readonly Property[];
}

/** Some rows with what an `$expand` leads to from each in them; null: the feed refuses such a request. */
export async function heldRows(
  { outer, step, beside = [step] }: ExpandPlace,
  { nested, filter, shown = [] }: HeldRequest,
  place: TrialPlace,
): Promise<HeldRows | null> {
  const { from, navigation, to } = step;
  const [root = from] = outer.map((one) => one.from);
  const selection = selecting(from.entityType, joined(step));
  const own = `${navigation.name}(${[selecting(to.entityType, [...shown, ...second(to)]), ...nested].join(';')})`;
  const expand = `$expand=${beside.map((one) => (one.navigation === navigation ? own : besides(one))).join(',')}`;
  // From the innermost outwards: what is expanded is told with the options inside of it.
  const query = outer.reduceRight<readonly string[]>(
    (inside, one) => [selected(one.from.entityType), `$expand=${one.navigation.name}(${inside.join(';')})`],
    [selection, expand],
  );
  const [select = '', expands = ''] = query;
  const path = encodeURIComponent(upstreamSetName(place.context.map, root));
  const filters = filter === undefined ? [] : [`$filter=${filter}`];
  let rows = await rowsAt(path, [select, ...filters, `$top=${mostAsked(place)}`, expands], place);
  for (const one of outer) {
    const outside = ownNames(one.from.entityType);
    rows = rows?.flatMap((raw) => rowsLedTo(outside(readObject(raw)), one.navigation)) ?? null;
  }
  const members = ownNames(from.entityType);
  const identity = keyOf(from.entityType);
  return rows === null ? null : new Map(rows.map((raw) => [identity(raw), members(readObject(raw))] as const));
}

const besides = ({ navigation, to }: Step): string => `${navigation.name}(${selecting(to.entityType, second(to))})`;

/** A property beside a key of one, where there is any: there are services that part an `$expand` at each comma, also inside of its parentheses. */
function second({ entityType: { key, properties } }: EntitySet): readonly Property[] {
  return key.length > 1 ? [] : [...properties.values()].filter(({ name }) => !key.includes(name)).slice(0, 1);
}

/** The key and some other properties. */
const selecting = (type: EntityType, properties: readonly Property[]): string =>
  `$select=${[...new Set([...keyNames(type), ...properties.map(upstreamPropertyName)])].join(',')}`;

/** The rows that a navigation leads to from a row that holds them. */
export function rowsLedTo(members: Members, { name, collection }: NavigationProperty): readonly string[] {
  const raw = members.get(name) ?? 'null';
  if (raw === 'null') {
    return [];
  }
  return collection ? readArray(raw) : [raw];
}

/** The properties by which rows lead to others, as far as it is known. */
export const joined = ({ from, navigation }: Step): readonly Property[] =>
  navigation.join.flatMap(({ property }) => from.entityType.properties.get(property) ?? []);

/** The condition that a row leads to others, as a feed may be asked it. */
export const leadsSomewhere = ({ outer, step }: ExpandPlace): string => {
  const { navigation, to } = outer[0] ?? step;
  return navigation.collection
    ? `${navigation.name}/any()`
    : `${navigation.name}/${keyNames(to.entityType)[0] ?? ''} ne null`;
};
