import { keyProperties } from '../../edm/key-properties.ts';
import type { Property } from '../../edm/model.ts';
import type { Step } from '../../plan/federate/placement.ts';
import type { BoundExpression, Restriction } from '../../plan/model/read-plan.ts';
import { visitExpression } from '../../plan/model/walk.ts';
import { upstreamPropertyName } from '../url/upstream-map.ts';
import { conditionOf, distinct, equals, knownValues, pathOf, referenced, valuesAmong } from './both-ends.ts';
import { joined } from './held-rows.ts';
import { rowsAt, selected, type TrialPlace, type Verdict } from './trial-rows.ts';

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
 * it holds for all rows or for none. Tried with a row that is known to lead to another one: it has to come, and not to come. null: it does not show it.
 */
export async function triedRelated({ step, form }: RelatedPart, place: TrialPlace): Promise<Verdict | null> {
  if (form === 'order') {
    return step.navigation.collection ? null : triedOrder(step, place);
  }
  const pair = step.navigation.collection ? await parentAndChild(step, place) : await rowAndRelated(step, place);
  if (pair === null || pair === 'no rows') {
    return pair;
  }
  const { own, related } = pair;
  const { name } = step.navigation;
  const [known] = keyProperties(step.to.entityType).map(upstreamPropertyName);
  const childless = form === 'some' ? await childlessOf(step, place) : null;
  const nobody = childless === null ? `not (${name}/any()) and ${own}` : `${name}/any() and ${childless}`;
  // Whichever part is taken for what always holds, a row comes.
  const [holds = '', never = ''] = {
    row: [`${related} and ${own}`, `${related} and not (${own})`],
    any: [`${name}/any(x:${related}) and ${own}`, `${name}/any(x:${related}) and not (${own})`],
    some: [`${name}/any() and ${own}`, nobody],
    all: [`${name}/all(x:x/${known} ne null) and ${own}`, `${name}/all(x:not (${related})) and ${own}`],
    count: [`${name}/$count gt 0 and ${own}`, `${name}/$count eq 0 and ${own}`],
  }[form];
  const ask = (filter: string): Promise<readonly string[] | null> =>
    rowsAt(pathOf(step.from, place), [selected(step.from.entityType), `$filter=${filter}`, '$top=1'], place);
  const [there, gone] = [await ask(holds), await ask(never)];
  if (there === null || gone === null) {
    return null;
  }
  return there.length > 0 && gone.length === 0 ? 'done' : 'passed over';
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

/** Rows that are looked at for one that leads to none. */
const mostLooked = 3;

/** The condition of a row that leads to none; null: none of the first does. */
async function childlessOf(step: Step, place: TrialPlace): Promise<string | null> {
  const [own, theirs] = [joined(step), referenced(step)];
  const values = await knownValues(step.from, own, place);
  for (const one of values?.slice(0, mostLooked) ?? []) {
    // One by one: all of many may belong to the first.
    const there = await valuesAmong(step.to, theirs, { values: [one], shown: theirs, place });
    if (there?.length === 0) {
      return equals('', own, one);
    }
  }
  return null;
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
