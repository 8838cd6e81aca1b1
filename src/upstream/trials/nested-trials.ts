import type { ExpandPlace, Step } from '../../plan/federate/placement.ts';
import { type HeldRows, heldRows, leadsSomewhere, rowsLedTo } from './held-rows.ts';
import { neverText, type TriedPart, type TriedParts } from './part-trials.ts';
import { keyOf, keyOrder, type Members, mostAsked, noRow, type TrialPlace, type Verdict } from './trial-rows.ts';

/** Options inside of `$expand` whose being passed over cannot be seen from the rows. */
export type NestedOption = '$filter' | '$orderby' | '$skip';

/** More than there are of any rows. */
const allOfThem = 1_000_000_000;

/** What the feed does with each option inside of an `$expand`, as far as its rows show it. */
export async function triedNested(
  expand: ExpandPlace,
  options: readonly NestedOption[],
  place: TrialPlace,
): Promise<ReadonlyMap<NestedOption, Verdict>> {
  const type = expand.step.to.entityType;
  const orders = options.includes('$orderby');
  const ascending = orders ? [keyOrder(type)] : [];
  const led = await ledKeys(expand, [...ascending, '$top=2'], place);
  const verdicts = new Map<NestedOption, Verdict>();
  // Deeper ones may have no rows because an outer one is not done.
  if (led?.size === 0 && !canBeJoined(expand)) {
    return new Map(options.map((option) => [option, 'no rows']));
  }
  if (led === null || [...led.values()].every((rows) => rows.length === 0)) {
    return verdicts;
  }
  for (const [option, text] of [
    ['$filter', noRow(type)],
    ['$skip', `$skip=${allOfThem}`],
  ] as const) {
    const left = options.includes(option) ? await leadingRows(expand, [text], place) : null;
    const known = [...led].flatMap(([key, rows]) => (rows.length === 0 ? [] : [left?.get(key)]));
    const there = known.filter((row) => row !== undefined);
    if (there.length > 0) {
      verdicts.set(option, there.every((row) => hasNone(row, expand.step)) ? 'done' : 'passed over');
    }
  }
  if (orders && [...led.values()].some(isTwo)) {
    const turned = await isTurned(expand, led, place);
    if (turned !== null) {
      verdicts.set('$orderby', turned ? 'done' : 'passed over');
    }
  } else if (orders && expand.outer.length === 0 && led.size < mostAsked(place)) {
    // These are all that there are, and none leads to two.
    verdicts.set('$orderby', 'no rows');
  }
  return verdicts;
}

/**
 * What the feed does with parts of a `$filter` inside of an `$expand`, where rows lead to others that it can leave out. One that it refuses is not shown:
 * the rows can be joined here.
 */
export async function triedNestedParts(
  expand: ExpandPlace,
  { parts, forms }: { readonly parts: TriedParts; readonly forms: readonly TriedPart['form'][] },
  place: TrialPlace,
): Promise<ReadonlyMap<TriedPart['form'], Verdict>> {
  const led = await ledKeys(expand, ['$top=1'], place);
  const leading = [...(led ?? [])].flatMap(([key, rows]) => (rows.length === 0 ? [] : [key]));
  const found = new Map<TriedPart['form'], Verdict>();
  for (const form of leading.length === 0 ? [] : forms) {
    const none = parts.get(form);
    const text = none === undefined ? null : neverText(none, place.context.map);
    const left = text === null ? null : await leadingRows(expand, [`$filter=${text}`], place);
    const there = leading.flatMap((key) => left?.get(key) ?? []);
    if (text === null) {
      found.set(form, 'done');
    } else if (there.length > 0) {
      found.set(form, there.every((row) => hasNone(row, expand.step)) ? 'done' : 'passed over');
    }
  }
  return found;
}

const canBeJoined = ({ outer, step }: ExpandPlace): boolean => outer.length > 0 && step.navigation.join.length > 0;

/** Keys of rows that are led to, by the key of the row that leads to them. */
type LedKeys = ReadonlyMap<string, readonly string[]>;

const isTwo = ([one, other]: readonly string[]): boolean => other !== undefined && one !== other;

/**
 * Whether the other order turns round what is led to; null: it cannot be told. `led`: the first two of each, upwards. A row that came meanwhile turns the
 * rows of a feed that reads no order, too, which gives the newest first: where they are not the same again afterwards, nothing is shown.
 */
async function isTurned(expand: ExpandPlace, led: LedKeys, place: TrialPlace): Promise<boolean | null> {
  const type = expand.step.to.entityType;
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

/** Whether a row has an empty collection: where it is left out, nobody could tell it from one that was passed over. */
const hasNone = (row: Members, { navigation }: Step): boolean =>
  row.has(navigation.name) && rowsLedTo(row, navigation).length === 0;

/** Some rows that may lead to others; null: the feed refuses such a request. */
const leadingRows = async (
  expand: ExpandPlace,
  nested: readonly string[],
  place: TrialPlace,
): Promise<HeldRows | null> =>
  (await heldRows(expand, { nested, filter: leadsSomewhere(expand) }, place)) ?? heldRows(expand, { nested }, place);

/** For each of these, the keys of those that it leads to. */
async function ledKeys(expand: ExpandPlace, nested: readonly string[], place: TrialPlace): Promise<LedKeys | null> {
  const { navigation, to } = expand.step;
  const rows = await leadingRows(expand, nested, place);
  const identity = keyOf(to.entityType);
  return rows === null ? null : new Map([...rows].map(([key, row]) => [key, rowsLedTo(row, navigation).map(identity)]));
}
