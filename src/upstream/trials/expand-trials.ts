import type { ExpandPlace, Step } from '../../plan/federate/placement.ts';
import { upstreamPropertyName } from '../url/upstream-map.ts';
import {
  conditionOf,
  distinct,
  knownValues,
  mostKeys,
  pathOf,
  referenced,
  selecting,
  valuesAmong,
} from './both-ends.ts';
import { type HeldRows, heldRows, joined, leadsSomewhere, rowsLedTo } from './held-rows.ts';
import { rowsAt, type TrialPlace, type Verdict, valuesOf } from './trial-rows.ts';

/**
 * What the feed does with an `$expand`. One that is passed over may look as if no row led anywhere: feeds leave out what leads nowhere to one row, and
 * write `[]` or null for what they did not look for. So some row that is known to lead to another has to have it. null: it does not show it.
 */
export async function triedExpand(expand: ExpandPlace, place: TrialPlace): Promise<Verdict | null> {
  const { navigation } = expand.step;
  const ask = (filter: string | undefined): Promise<HeldRows | null> => heldWith(expand, filter, place);
  const rows = (await ask(leadsSomewhere(expand))) ?? (await ask(undefined));
  const isJoined = navigation.join.length > 0;
  if (rows === null) {
    // Nobody else could follow it: what the feed says of the request itself is told.
    return isJoined ? null : 'no rows';
  }
  const shown = shownBy(rows, expand.step);
  if (shown !== null || !isJoined) {
    return shown === 'done' && navigation.collection ? triedOfEmpty(expand, place) : (shown ?? 'no rows');
  }
  if (expand.outer.length > 0) {
    return null;
  }
  return navigation.collection ? triedFromBelow(expand, place) : triedFromAbove(expand, place);
}

/** Whether rows that lead nowhere have an empty collection: where it is left out nobody could tell it from one that was passed over. */
async function triedOfEmpty(expand: ExpandPlace, place: TrialPlace): Promise<Verdict> {
  const rows =
    (await heldWith(expand, `not (${leadsSomewhere(expand)})`, place)) ?? (await heldWith(expand, undefined, place));
  return rows !== null && shownBy(rows, expand.step) === 'passed over' ? 'passed over' : 'done';
}

/** In parts, where the feed takes no `$top` inside. */
async function heldWith(expand: ExpandPlace, filter: string | undefined, place: TrialPlace): Promise<HeldRows | null> {
  const request = filter === undefined ? {} : { filter };
  const first = expand.step.navigation.collection ? ['$top=1'] : [];
  const rows = await heldRows(expand, { ...request, nested: first }, place);
  return rows === null && first.length > 0 ? heldRows(expand, { ...request, nested: [] }, place) : rows;
}

/** What rows show of an `$expand`; null: no row has anything, and none need have. */
function shownBy(rows: HeldRows, step: Step): Verdict | null {
  const { navigation } = step;
  const held = [...rows.values()];
  if (navigation.collection && held.some((row) => !row.has(navigation.name))) {
    return 'passed over';
  }
  if (held.some((row) => rowsLedTo(row, navigation).length > 0)) {
    return 'done';
  }
  const valuesIn = valuesOf(joined(step));
  const leads = held.filter((row) => valuesIn(row) !== null);
  return leads.length > 0 && !navigation.collection && leads.every((row) => !row.has(navigation.name))
    ? 'passed over'
    : null;
}

/** Of many that lead back to one: whether it has them. */
async function triedFromBelow(expand: ExpandPlace, place: TrialPlace): Promise<Verdict | null> {
  const { from, to } = expand.step;
  const [own, theirs] = [joined(expand.step), referenced(expand.step)];
  const named = await knownValues(to, theirs, place);
  const found = await triedOfValues(expand, named, place);
  if (found !== 'no rows' || named === null || named.length === 0) {
    return found;
  }
  // The rows that they lead back to may have gone.
  const values = await knownValues(from, own, place);
  if (values === null || values.length === 0) {
    return values === null ? null : 'no rows';
  }
  const there = await valuesAmong(to, theirs, { values, shown: theirs, place });
  return shownOnly(await triedOfValues(expand, there, place));
}

/** Of rows that name another: whether they have it, if it is there. */
async function triedFromAbove(expand: ExpandPlace, place: TrialPlace): Promise<Verdict | null> {
  const { step } = expand;
  const named = joined(step).map((property) => `${upstreamPropertyName(property)} ne null`);
  const rows = await heldWith(expand, named.join(' and '), place);
  const shown = rows === null ? null : shownBy(rows, step);
  if (rows === null || shown !== null) {
    return shown;
  }
  const valuesIn = valuesOf(joined(step));
  const keys = distinct([...rows.values()].map(valuesIn)).slice(0, mostKeys);
  if (keys.length === 0) {
    return 'no rows';
  }
  const properties = referenced(step);
  const filter = `$filter=${conditionOf(step.to, properties, { keys, place })}`;
  const there = await rowsAt(pathOf(step.to, place), [selecting(properties), filter, '$top=1'], place);
  if (there === null || there.length > 0) {
    return there === null ? null : 'passed over';
  }
  // What they name may have gone: those that are there may be named by others.
  const values = await knownValues(step.to, properties, place);
  return values?.length === 0 ? 'no rows' : shownOnly(await triedOfValues(expand, values, place));
}

/** There are rows at both ends: that none of the first meet does not show that none do. */
const shownOnly = (verdict: Verdict | null): Verdict | null => (verdict === 'no rows' ? null : verdict);

/** Whether rows with one of these values, each of which leads to some row, have it. `values` null: the feed does not tell any. */
async function triedOfValues(
  expand: ExpandPlace,
  values: readonly (readonly string[])[] | null,
  place: TrialPlace,
): Promise<Verdict | null> {
  if (values === null || values.length === 0) {
    return values === null ? null : 'no rows';
  }
  const { step } = expand;
  const keys = distinct(values);
  const rows = await heldWith(expand, conditionOf(step.from, joined(step), { keys, place }), place);
  const valuesIn = valuesOf(joined(step));
  const wanted = new Set(keys.map(String));
  if (rows === null || [...rows.values()].some((row) => !wanted.has(String(valuesIn(row))))) {
    return null;
  }
  return rows.size === 0 ? 'no rows' : (shownBy(rows, step) ?? 'passed over');
}
