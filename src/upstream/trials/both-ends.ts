import type { EntitySet, Property } from '../../edm/model.ts';
import { urlLiteral } from '../../edm/primitive-types.ts';
import { readObject } from '../../json/reading/json-scan.ts';
import { ownNames } from '../../json/reading/own-names.ts';
import type { Step } from '../../plan/federate/placement.ts';
import { keyedCondition } from '../../plan/logic/keyed-condition.ts';
import { filterText } from '../url/compile-url.ts';
import { upstreamPropertyName, upstreamSetName } from '../url/upstream-map.ts';
import { mostAsked, rowsAt, type TrialPlace, valuesOf } from './trial-rows.ts';

// Values that rows at either end of a navigation have, for trials with a row that is known to lead to another.

/** Keys that rows are looked for by. */
export const mostKeys = 10;

/** Some values of rows of a set, none of them null. null: the feed refuses such a request. */
export async function knownValues(
  set: EntitySet,
  properties: readonly Property[],
  place: TrialPlace,
): Promise<readonly (readonly string[])[] | null> {
  const given = properties.map((property) => `${upstreamPropertyName(property)} ne null`).join(' and ');
  const ask = (filter: readonly string[]): Promise<readonly string[] | null> =>
    rowsAt(pathOf(set, place), [selecting(properties), ...filter, `$top=${mostAsked(place)}`], place);
  const rows = (await ask([`$filter=${given}`])) ?? (await ask([]));
  return rows === null ? null : distinct(told(rows, set, properties)).slice(0, mostKeys);
}

/** The values of each row; null: one of them is null. */
function told(
  rows: readonly string[],
  set: EntitySet,
  properties: readonly Property[],
): readonly (readonly string[] | null)[] {
  const own = ownNames(set.entityType);
  const valuesIn = valuesOf(properties);
  return rows.map((raw) => valuesIn(own(readObject(raw))));
}

export const distinct = (keys: readonly (readonly string[] | null)[]): readonly (readonly string[])[] => [
  ...new Map(keys.flatMap((key) => (key === null ? [] : [[String(key), key] as const]))).values(),
];

export const selecting = (properties: readonly Property[]): string =>
  `$select=${properties.map(upstreamPropertyName).join(',')}`;

export const pathOf = (set: EntitySet, { context }: TrialPlace): string =>
  encodeURIComponent(upstreamSetName(context.map, set));

export const referenced = ({ to, navigation }: Step): readonly Property[] =>
  navigation.join.flatMap(({ referencedProperty }) => to.entityType.properties.get(referencedProperty) ?? []);

export const conditionOf = (
  set: EntitySet,
  properties: readonly Property[],
  { keys, place }: { readonly keys: readonly (readonly string[])[]; readonly place: TrialPlace },
): string => filterText(keyedCondition({ set, properties, keys }, null), { ...place.context.map, lists: 'or' });

/** What rows of a set show that have one of some values. `shown`: the properties to tell. null: the feed refuses to say. */
export async function valuesAmong(
  set: EntitySet,
  properties: readonly Property[],
  {
    values,
    shown,
    place,
  }: {
    readonly values: readonly (readonly string[])[];
    readonly shown: readonly Property[];
    readonly place: TrialPlace;
  },
): Promise<readonly (readonly string[])[] | null> {
  const filter = values.length === 0 ? [] : [`$filter=${conditionOf(set, properties, { keys: values, place })}`];
  const rows = await rowsAt(pathOf(set, place), [selecting(shown), ...filter, `$top=${mostAsked(place)}`], place);
  return rows === null
    ? null
    : told(rows, set, shown).filter((each): each is readonly string[] => each !== null && each.length > 0);
}

export const equals = (prefix: string, properties: readonly Property[], values: readonly string[]): string =>
  properties
    .map(
      (property, at) =>
        `${prefix}${upstreamPropertyName(property)} eq ${urlLiteral(property.type, values[at] ?? null)}`,
    )
    .join(' and ');
