import { keyProperties } from '../../edm/key-properties.ts';
import type { Property } from '../../edm/model.ts';
import { readObject } from '../../json/reading/json-scan.ts';
import { ownNames } from '../../json/reading/own-names.ts';
import type { ExpandPlace, Step } from '../../plan/federate/placement.ts';
import type { BoundExpression, Restriction } from '../../plan/model/read-plan.ts';
import { visitExpression } from '../../plan/model/walk.ts';
import { upstreamPropertyName } from '../url/upstream-map.ts';
import { conditionOf, distinct, equals, knownValues, mostKeys, pathOf, referenced, valuesAmong } from './both-ends.ts';
import { type HeldRequest, heldRows, joined, leadsSomewhere, rowsLedTo } from './held-rows.ts';
import { keyNames, type Members, rowsAt, selected, type TrialPlace, type Verdict, valuesOf } from './trial-rows.ts';

/** What is said of the rows that a navigation leads to; `order`: rows are ordered by them. */
type RelatedForm = 'row' | 'any' | 'some' | 'all' | 'count' | 'order';

/** A condition or an order that looks at rows behind a navigation. */
export interface RelatedPart {
  readonly step: Step;
  readonly form: RelatedForm;
}

/** What conditions and orders say of related rows, each once. */
export function relatedParts(
  conditions: readonly BoundExpression[],
  orderby: Restriction['orderby'],
): readonly RelatedPart[] {
  const found = new Map<string, RelatedPart>();
  const add = (step: Step, form: RelatedForm): void => {
    found.set(`${step.from.name}/${step.navigation.name} ${form}`, { step, form });
  };
  const look = (expression: BoundExpression, ofRow: 'row' | 'order'): void =>
    visitExpression(expression, {
      row: ({ variable, steps }) => {
        let { set: from } = variable;
        for (const { navigation, set } of steps) {
          add({ from, navigation, to: set }, ofRow);
          from = set;
        }
      },
      expression: (one) => {
        if (one.kind !== 'Lambda' && one.kind !== 'CollectionCount') {
          return;
        }
        const { from, navigation, variable } = one.over;
        const step = { from: from.steps.at(-1)?.set ?? from.variable.set, navigation, to: variable.set };
        const form = one.kind === 'CollectionCount' ? 'count' : one.predicate === null ? 'some' : one.operator;
        add(step, ofRow === 'order' ? 'order' : form);
      },
    });
  for (const condition of conditions) {
    look(condition, 'row');
  }
  for (const { expression } of orderby) {
    look(expression, 'order');
  }
  return [...found.values()];
}

/**
 * Whether a feed looks at the rows that a navigation leads to: services leave out of a condition what they do not know, or look at rows that they did not load, so that
 * it holds for all rows or for none. Tried with a row that is known to lead to another one: it has to come, and not to come. A row that leads nowhere has to be there, too:
 * services that join tables lose it. null: it does not show it.
 */
export async function triedRelated({ step, form }: RelatedPart, place: TrialPlace): Promise<Verdict | null> {
  const { collection } = step.navigation;
  if (form === 'order') {
    const turned = collection ? null : await triedOrder(step, place);
    return turned === 'done' ? triedLonely({ step, form }, await lonelyOf(step, place), place) : turned;
  }
  const pair = collection ? await parentAndChild(step, place) : await rowAndRelated(step, place);
  if (pair === null || pair === 'no rows') {
    return pair;
  }
  const ask = (filter: string): Promise<number | null> => countAt(step, [`$filter=${filter}`], place);
  const shown = await triedPair({ step, form }, pair, ask);
  if (shown !== 'done') {
    return shown;
  }
  if (form === 'row') {
    return triedLonely({ step, form }, await lonelyOf(step, place), place);
  }
  return form === 'all' || form === 'any' ? triedChildless({ step, form }, place) : shown;
}

/** The same of a condition inside of an `$expand`, with rows that are in it. An order by related rows is not shown: the rows can be joined here. */
export async function triedRelatedInside(
  at: ExpandPlace,
  { step, form }: RelatedPart,
  place: TrialPlace,
): Promise<Verdict | null> {
  const ask = async (filter: string): Promise<number | null> => {
    return (await ledInside(at, { nested: [`$filter=${filter}`] }, place))?.length ?? null;
  };
  const own = joined(step);
  const rows = form === 'order' ? null : await ledInside(at, { nested: [], shown: own }, place);
  if (rows === null || form === 'order') {
    return null;
  }
  const valuesIn = valuesOf(own);
  const values = distinct(rows.map(valuesIn)).slice(0, mostKeys);
  if (values.length === 0) {
    return rows.length === 0 ? null : 'no rows';
  }
  const theirs = referenced(step);
  const keys = step.navigation.collection ? keyProperties(step.to.entityType) : [];
  const there = await valuesAmong(step.to, theirs, { values, shown: [...theirs, ...keys], place });
  const [one] = there ?? [];
  if (one === undefined) {
    return null;
  }
  const back = one.slice(0, theirs.length);
  const related = step.navigation.collection
    ? equals('x/', keys, one.slice(theirs.length))
    : equals(`${step.navigation.name}/`, theirs, back);
  const shown = await triedPair({ step, form }, { own: equals('', own, back), related }, ask);
  const lonely = rows.find((row) => valuesIn(row) === null);
  if (shown !== 'done' || form !== 'row' || lonely === undefined) {
    return shown === 'done' && form === 'all' ? null : shown;
  }
  const identity = keyProperties(step.from.entityType);
  const left = await ask(`${nobodyOf(step)} and ${equals('', identity, valuesOf(identity)(lonely) ?? [])}`);
  return left === null ? null : left > 0 ? 'done' : 'passed over';
}

/** The rows that an `$expand` leads to, of some rows together. null: the feed refuses such a request. */
async function ledInside(
  at: ExpandPlace,
  request: Pick<HeldRequest, 'nested' | 'shown'>,
  place: TrialPlace,
): Promise<readonly Members[] | null> {
  const own = ownNames(at.step.to.entityType);
  const rows = await heldRows(at, { ...request, filter: leadsSomewhere(at) }, place);
  const led = [...(rows?.values() ?? [])].flatMap((row) => rowsLedTo(row, at.step.navigation));
  return rows === null ? null : led.map((raw) => own(readObject(raw)));
}

/** `ask`: how many rows a condition leaves, as far as it is told; null: the feed refuses it. */
async function triedPair(
  { step, form }: { readonly step: Step; readonly form: Exclude<RelatedForm, 'order'> },
  { own, related }: Pair,
  ask: (filter: string) => Promise<number | null>,
): Promise<Verdict | null> {
  const { name } = step.navigation;
  const known = knownKey(step);
  // Whichever part is taken for what always holds, a row comes.
  const [holds = '', never = ''] = {
    row: [`${related} and ${own}`, `${related} and not (${own})`],
    any: [`${name}/any(x:${related}) and ${own}`, `${name}/any(x:${related}) and not (${own})`],
    // As it is asked for. That a row leads to none could be shown only with one that does.
    some: [`${name}/any(x:x/${known} ne null) and ${own}`, `${name}/any(x:x/${known} eq null) and ${own}`],
    all: [`${name}/all(x:x/${known} ne null) and ${own}`, `${name}/all(x:not (${related})) and ${own}`],
    count: [`${name}/$count gt 0 and ${own}`, `${name}/$count eq 0 and ${own}`],
  }[form];
  const [there, gone] = [await ask(holds), await ask(never)];
  if (there === null || gone === null) {
    return null;
  }
  return there > 0 && gone === 0 ? 'done' : 'passed over';
}

const knownKey = ({ to }: Step): string => keyNames(to.entityType)[0] ?? '';

/** The condition that a row leads to none. */
const nobodyOf = (step: Step): string => `${step.navigation.name}/${knownKey(step)} eq null`;

/** How many of the first row are left. */
async function countAt(step: Step, query: readonly string[], place: TrialPlace): Promise<number | null> {
  const rows = await rowsAt(pathOf(step.from, place), [selected(step.from.entityType), ...query, '$top=1'], place);
  return rows?.length ?? null;
}

/** Whether a row that leads to none is left by what holds of it, and in an order. `lonely`: the condition of it; null: none is known. */
async function triedLonely(
  { step, form }: RelatedPart,
  lonely: string | null,
  place: TrialPlace,
): Promise<Verdict | null> {
  if (lonely === null) {
    return 'done';
  }
  const query =
    form === 'order'
      ? [`$filter=${lonely}`, `$orderby=${step.navigation.name}/${knownKey(step)}`]
      : [`$filter=${nobodyOf(step)} and ${lonely}`];
  const left = await countAt(step, query, place);
  return left === null ? null : left > 0 ? 'done' : 'passed over';
}

/** Whether all of no rows are anything, and none of them is. Where each of the first rows leads to some, it cannot be told of `all`. */
async function triedChildless({ step, form }: RelatedPart, place: TrialPlace): Promise<Verdict | null> {
  const childless = await childlessOf(step, place);
  if (childless === null) {
    return form === 'all' ? null : 'done';
  }
  const left = await countAt(
    step,
    [`$filter=${step.navigation.name}/${form}(x:x/${knownKey(step)} eq null) and ${childless}`],
    place,
  );
  return left === null ? null : left > 0 === (form === 'all') ? 'done' : 'passed over';
}

/** Conditions, of one row and of one that it leads to. */
interface Pair {
  readonly own: string;
  readonly related: string;
}

async function rowAndRelated(step: Step, place: TrialPlace): Promise<Pair | 'no rows' | null> {
  const both = await valuesOnBothEnds(step, place);
  const [values] = both ?? [];
  if (both === null || values === undefined) {
    return both === null ? null : 'no rows';
  }
  const { name } = step.navigation;
  return { own: equals('', joined(step), values), related: equals(`${name}/`, referenced(step), values) };
}

async function parentAndChild(step: Step, place: TrialPlace): Promise<Pair | 'no rows' | null> {
  const [own, theirs, keys] = [joined(step), referenced(step), keyProperties(step.to.entityType)];
  const shown = [...theirs, ...keys];
  const children = await knownValues(step.to, shown, place);
  if (children === null || children.length === 0) {
    return children === null ? null : 'no rows';
  }
  const back = (child: readonly string[]): readonly string[] => child.slice(0, theirs.length);
  const parents = await valuesAmong(step.from, own, { values: children.map(back), shown: own, place });
  const there = new Set(parents?.map(String));
  const child = children.find((one) => there.has(String(back(one)))) ?? (await childOfSome(step, shown, place));
  if (parents === null || child === null) {
    return null;
  }
  return child === undefined
    ? 'no rows'
    : { own: equals('', own, back(child)), related: equals('x/', keys, child.slice(theirs.length)) };
}

/** The rows that the first children lead back to may have gone. null: the feed refuses to say. */
async function childOfSome(
  step: Step,
  shown: readonly Property[],
  place: TrialPlace,
): Promise<readonly string[] | null | undefined> {
  const values = await knownValues(step.from, joined(step), place);
  if (values === null || values.length === 0) {
    return values === null ? null : undefined;
  }
  const children = await valuesAmong(step.to, referenced(step), { values, shown, place });
  return children === null ? null : children[0];
}

/** The condition of a row that leads to none; null: each of the first leads to some, or the feed does not say. */
async function childlessOf(step: Step, place: TrialPlace): Promise<string | null> {
  const [own, theirs] = [joined(step), referenced(step)];
  let left = (await knownValues(step.from, own, place)) ?? [];
  while (left.length > 0) {
    // All that come of many may belong to the first, so that those that are found are left out until none comes.
    const there = await valuesAmong(step.to, theirs, { values: left, shown: theirs, place });
    const names = new Set(there?.map(String));
    const [one] = left;
    if (there === null || one === undefined || names.size === 0) {
      return there === null || one === undefined ? null : equals('', own, one);
    }
    const found = left.length;
    left = left.filter((values) => !names.has(String(values)));
    if (left.length === found) {
      return null;
    }
  }
  return null;
}

/** The condition of a row that names none; null: there is none, or the feed does not say. */
async function lonelyOf(step: Step, place: TrialPlace): Promise<string | null> {
  const nothing = joined(step).map((property) => `${upstreamPropertyName(property)} eq null`);
  const identity = keyProperties(step.from.entityType);
  const query = [selected(step.from.entityType), `$filter=${nothing.join(' or ')}`, '$top=1'];
  const [row] = (await rowsAt(pathOf(step.from, place), query, place)) ?? [];
  const values = row === undefined ? null : valuesOf(identity)(ownNames(step.from.entityType)(readObject(row)));
  return values === null ? null : equals('', identity, values);
}

/** Whether the order of what two rows lead to turns them round. */
async function triedOrder(step: Step, place: TrialPlace): Promise<Verdict | null> {
  const both = await valuesOnBothEnds(step, place);
  const [one, other] = both ?? [];
  if (one === undefined || other === undefined) {
    return both?.length === 0 ? 'no rows' : null;
  }
  const own = joined(step);
  const filter = `$filter=${conditionOf(step.from, own, { keys: [one, other], place })}`;
  const by = referenced(step).map((property) => `${step.navigation.name}/${upstreamPropertyName(property)}`);
  const firstIn = async (direction: string): Promise<string | null> => {
    const order = `$orderby=${by.map((path) => `${path}${direction}`).join(',')}`;
    const select = `$select=${own.map(upstreamPropertyName).join(',')}`;
    return (await rowsAt(pathOf(step.from, place), [select, filter, order, '$top=1'], place))?.[0] ?? null;
  };
  const [upwards, downwards] = [await firstIn(''), await firstIn(' desc')];
  return upwards === null || downwards === null ? null : upwards === downwards ? 'passed over' : 'done';
}

/** Joined values of rows, where there is one that they lead to. */
async function valuesOnBothEnds(step: Step, place: TrialPlace): Promise<readonly (readonly string[])[] | null> {
  const [own, theirs] = [joined(step), referenced(step)];
  const values = await knownValues(step.from, own, place);
  if (values === null || values.length === 0) {
    return values;
  }
  const there = await valuesAmong(step.to, theirs, { values, shown: theirs, place });
  const names = new Set(there?.map(String));
  const found = values.filter((one) => names.has(String(one)));
  if (there === null || found.length > 0) {
    return there === null ? null : found;
  }
  // What these rows name may have gone: those that are there may be named by others.
  const named = await knownValues(step.to, theirs, place);
  if (named === null || named.length === 0) {
    return named;
  }
  const rows = await valuesAmong(step.from, own, { values: named, shown: own, place });
  return rows === null ? null : distinct(rows);
}
