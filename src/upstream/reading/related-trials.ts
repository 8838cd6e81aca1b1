import { keyProperties } from '../../edm/key-properties.ts';
import type { EntitySet, Property } from '../../edm/model.ts';
import { urlLiteral } from '../../edm/primitive-types.ts';
import { readObject } from '../../json/reading/json-scan.ts';
import { ownNames } from '../../json/reading/own-names.ts';
import type { Step } from '../../plan/federate/placement.ts';
import type { BoundExpression, Restriction } from '../../plan/model/read-plan.ts';
import { visitExpression } from '../../plan/model/walk.ts';
import { upstreamPropertyName } from '../url/upstream-map.ts';
import { knownValues, pathOf, referenced } from './expand-trials.ts';
import { joined } from './held-rows.ts';
import { mostAsked, rowsAt, selected, type TrialPlace, type Verdict, valuesOf } from './trial-rows.ts';

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
  const theirs = referenced(step);
  const keys = keyProperties(step.to.entityType);
  const children = await knownValues(step.to, [...theirs, ...keys], place);
  const parents =
    children === null
      ? null
      : await rowsAmong(step.from, joined(step), {
          values: children.map((child) => child.slice(0, theirs.length)),
          place,
        });
  if (children === null || parents === null) {
    return null;
  }
  const child = children.find((one) => parents.has(String(one.slice(0, theirs.length))));
  return child === undefined
    ? 'no rows'
    : {
        own: equals('', joined(step), child.slice(0, theirs.length)),
        related: equals('x/', keys, child.slice(theirs.length)),
      };
}

/** Rows that are looked at for one that leads to none. */
const mostLooked = 3;

/** The condition of a row that leads to none; null: none of the first does. */
async function childlessOf(step: Step, place: TrialPlace): Promise<string | null> {
  const [own, theirs] = [joined(step), referenced(step)];
  const values = await knownValues(step.from, own, place);
  for (const one of values?.slice(0, mostLooked) ?? []) {
    // One by one: all of many may belong to the first.
    const there = await rowsAmong(step.to, theirs, { values: [one], place });
    if (there?.size === 0) {
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
  const filter = `$filter=(${equals('', own, one)}) or (${equals('', own, other)})`;
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
  const values = await knownValues(step.from, joined(step), place);
  if (values === null || values.length === 0) {
    return values;
  }
  const there = await rowsAmong(step.to, referenced(step), { values, place });
  return there === null ? null : values.filter((one) => there.has(String(one)));
}

/** Which of some values rows of a set have. null: the feed refuses to say. */
async function rowsAmong(
  set: EntitySet,
  properties: readonly Property[],
  { values, place }: { readonly values: readonly (readonly string[])[]; readonly place: TrialPlace },
): Promise<ReadonlySet<string> | null> {
  const one = values.map((each) => `(${equals('', properties, each)})`).join(' or ');
  const filter = values.length === 0 ? [] : [`$filter=${one}`];
  const select = `$select=${properties.map(upstreamPropertyName).join(',')}`;
  const rows = await rowsAt(pathOf(set, place), [select, ...filter, `$top=${mostAsked(place)}`], place);
  const own = ownNames(set.entityType);
  const valuesIn = valuesOf(properties);
  return rows === null ? null : new Set(rows.map((raw) => String(valuesIn(own(readObject(raw))))));
}

const equals = (prefix: string, properties: readonly Property[], values: readonly string[]): string =>
  properties
    .map(
      (property, at) =>
        `${prefix}${upstreamPropertyName(property)} eq ${urlLiteral(property.type, values[at] ?? null)}`,
    )
    .join(' and ');
