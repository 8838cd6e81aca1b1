import type { EntitySet, NavigationProperty } from '../../edm/model.ts';
import { readArray, readObject } from '../../json/reading/json-scan.ts';
import { ownNames } from '../../json/reading/own-names.ts';
import { upstreamPropertyName, upstreamSetName } from '../url/upstream-map.ts';
import {
  keyNames,
  keyOf,
  keyOrder,
  mostAsked,
  noRow,
  rowsAt,
  selected,
  type TrialPlace,
  type Verdict,
} from './trial-rows.ts';

/** Options inside of `$expand` whose being passed over cannot be seen from the rows. */
export type NestedOption = '$filter' | '$orderby' | '$skip';

/** The option itself, where it leads to one row. */
export type ExpandOption = '$expand';

/** An `$expand` to many. */
export interface TriedExpand {
  readonly from: EntitySet;
  readonly navigation: NavigationProperty;
  readonly to: EntitySet;
}

/** More than there are of any rows. */
const allOfThem = 1_000_000_000;

/** What the feed does with each option inside of an `$expand`, as far as its rows show it. */
export async function triedNested(
  expand: TriedExpand,
  options: readonly NestedOption[],
  place: TrialPlace,
): Promise<ReadonlyMap<NestedOption, Verdict>> {
  const type = expand.to.entityType;
  const orders = options.includes('$orderby');
  const ascending = orders ? [keyOrder(type)] : [];
  const led = await ledKeys(expand, [...ascending, '$top=2'], place);
  const verdicts = new Map<NestedOption, Verdict>();
  if (led?.size === 0) {
    return new Map(options.map((option) => [option, 'no rows']));
  }
  if (led === null || [...led.values()].every((rows) => rows.length === 0)) {
    return verdicts;
  }
  for (const [option, text] of [
    ['$filter', noRow(type)],
    ['$skip', `$skip=${allOfThem}`],
  ] as const) {
    const left = options.includes(option) ? await ledKeys(expand, [text], place) : null;
    const known = [...led].flatMap(([key, rows]) => (rows.length === 0 ? [] : [left?.get(key)]));
    const there = known.filter((rows) => rows !== undefined);
    if (there.length > 0) {
      verdicts.set(option, there.every((rows) => rows.length === 0) ? 'done' : 'passed over');
    }
  }
  if (orders && [...led.values()].some(isTwo)) {
    const turned = await isTurned(expand, led, place);
    if (turned !== null) {
      verdicts.set('$orderby', turned ? 'done' : 'passed over');
    }
  } else if (orders && led.size < mostAsked(place)) {
    // These are all that there are, and none leads to two.
    verdicts.set('$orderby', 'no rows');
  }
  return verdicts;
}

/** Keys of rows that are led to, by the key of the row that leads to them. */
type LedKeys = ReadonlyMap<string, readonly string[]>;

const isTwo = ([one, other]: readonly string[]): boolean => other !== undefined && one !== other;

/**
 * Whether the other order turns round what is led to; null: it cannot be told. `led`: the first two of each, upwards. A row that came meanwhile turns the
 * rows of a feed that reads no order, too, which gives the newest first: where they are not the same again afterwards, nothing is shown.
 */
async function isTurned(expand: TriedExpand, led: LedKeys, place: TrialPlace): Promise<boolean | null> {
  const type = expand.to.entityType;
  const downwards = await ledKeys(expand, [keyOrder(type, ' desc'), '$top=2'], place);
  const firsts = [...led].flatMap(([key, rows]) => {
    const [now] = downwards?.get(key) ?? [];
    return isTwo(rows) && now !== undefined ? [{ key, rows, isOther: now !== rows[0] }] : [];
  });
  if (firsts.every(({ isOther }) => !isOther)) {
    return firsts.length === 0 ? null : false;
  }
  const again = await ledKeys(expand, [keyOrder(type), '$top=2'], place);
  const still = firsts.filter(({ key, rows }) => again?.get(key)?.join('\n') === rows.join('\n'));
  return still.length > 0 && still.every(({ isOther }) => isOther) ? true : null;
}

/**
 * What the feed does with an `$expand` to one. Rows may leave out what leads nowhere, so that an option which is passed over looks like rows of
 * which none leads anywhere. null: it does not show it.
 */
export async function triedToOne({ from, navigation, to }: TriedExpand, place: TrialPlace): Promise<Verdict | null> {
  const path = encodeURIComponent(upstreamSetName(place.context.map, from));
  const type = from.entityType;
  const joined = navigation.join
    .flatMap(({ property }) => type.properties.get(property) ?? [])
    .map(upstreamPropertyName);
  const select = `$select=${[...new Set([...keyNames(type), ...joined])].join(',')}`;
  const expand = `$expand=${navigation.name}(${selected(to.entityType)})`;
  const ask = (filter: readonly string[]): Promise<readonly string[] | null> =>
    rowsAt(path, [select, ...filter, `$top=${mostAsked(place)}`, expand], place);
  const leading = `$filter=${navigation.name}/${keyNames(to.entityType)[0] ?? ''} ne null`;
  const rows = (await ask([leading])) ?? (await ask([]));
  const own = ownNames(type);
  const members = rows?.map((raw) => own(readObject(raw))) ?? [];
  if (rows === null || members.some((row) => row.has(navigation.name))) {
    return rows === null ? null : 'done';
  }
  const leads = members.some((row) =>
    navigation.join.every(({ property }) => (row.get(property) ?? 'null') !== 'null'),
  );
  return leads ? 'passed over' : 'no rows';
}

/** For some rows that may lead to others, the keys of those; null: the feed refuses such a request. */
async function ledKeys(
  { from, navigation, to }: TriedExpand,
  nested: readonly string[],
  place: TrialPlace,
): Promise<LedKeys | null> {
  const expand = `$expand=${navigation.name}(${[selected(to.entityType), ...nested].join(';')})`;
  const path = encodeURIComponent(upstreamSetName(place.context.map, from));
  const ask = (filter: readonly string[]): Promise<readonly string[] | null> =>
    rowsAt(path, [selected(from.entityType), ...filter, `$top=${mostAsked(place)}`, expand], place);
  const rows = (await ask([`$filter=${navigation.name}/any()`])) ?? (await ask([]));
  const own = ownNames(from.entityType);
  const identity = keyOf(from.entityType);
  const pairs = rows?.map((raw): readonly [string, readonly string[]] => [
    identity(raw),
    readArray(own(readObject(raw)).get(navigation.name) ?? '[]').map(keyOf(to.entityType)),
  ]);
  return pairs === undefined ? null : new Map(pairs);
}
