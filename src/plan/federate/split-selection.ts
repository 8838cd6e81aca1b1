import { keyProperties } from '../../edm/key-properties.ts';
import type { Property } from '../../edm/model.ts';
import { GatewayError } from '../../errors.ts';
import type { ExpandPlan, RangeVariable, Selection } from '../model/read-plan.ts';
import { type PlanVisitor, visitExpression, visitNode } from '../model/walk.ts';
import { joinProperties } from './join-key.ts';
import { type ExpandPlace, expandIsJoined, type Placement, placeInside } from './placement.ts';

/** What is to be done with the rows of one selection after their own source gave them. */
export interface Completion {
  /** Properties fetched for a join only; not served. */
  readonly hidden: ReadonlySet<string>;
  /** Navigation that the source itself expanded, whose rows have something to be completed. */
  readonly inside: readonly { readonly name: string; readonly collection: boolean; readonly completion: Completion }[];
  readonly joins: readonly Join[];
}

/** One expanded navigation to rows elsewhere. */
export interface Join {
  readonly expand: ExpandPlan;
  readonly own: readonly Property[];
  readonly theirs: readonly Property[];
  /** What to ask of the other end; `expand.selection` is what is served. */
  readonly selection: Selection;
  readonly completion: Completion;
}

export interface Split {
  /** What the source of the rows can give: the joined properties are in it, what leads elsewhere is not. */
  readonly selection: Selection;
  readonly completion: Completion;
}

/**
 * Takes apart what one source gives and what is joined here afterwards. `within`: where the selection stands in what is asked of its source.
 * @throws GatewayError NotImplemented naming an option that would have to look at rows of two sources at once
 */
export function splitSelection(selection: Selection, placement: Placement, within: ExpandPlace | null = null): Split {
  const joins: Join[] = [];
  const inside: Completion['inside'][number][] = [];
  const expands: ExpandPlan[] = [];
  for (const expand of selection.expands) {
    const { navigation } = expand;
    const place = placeInside(within, selection.set, expand);
    if (expandIsJoined(placement, place)) {
      joins.push(joinOf(expand, selection, placement));
      continue;
    }
    const split = expand.form === 'entities' ? splitSelection(expand.selection, placement, place) : null;
    if (split === null || isNothing(split.completion)) {
      expands.push(expand);
      continue;
    }
    refuseAggregated(expand);
    expands.push({ ...expand, selection: split.selection });
    inside.push({ name: navigation.name, collection: navigation.collection, completion: split.completion });
  }
  const wanted = joins.flatMap((join) => join.own);
  const { properties, hidden } = withHidden(selection.properties, wanted);
  // Expanded here, they are named at the source, which writes their links.
  const named = [...selection.selectedNavigations, ...joins.map(({ expand }) => expand.navigation.name)];
  const own = { ...selection, properties, expands, selectedNavigations: named };
  return { selection: own, completion: { hidden, inside, joins } };
}

export const isNothing = ({ hidden, inside, joins }: Completion): boolean =>
  hidden.size + inside.length + joins.length === 0;

function joinOf(expand: ExpandPlan, from: Selection, placement: Placement): Join {
  const { navigation, form, selection } = expand;
  refuseAggregated(expand);
  refuseOuterRow(expand);
  const own = joinProperties(from.type, navigation, 'property');
  const theirs = joinProperties(selection.type, navigation, 'referencedProperty');
  const keys = form === 'ref' ? keyProperties(selection.type) : [];
  // References and counts serve no property at all.
  const bare = { ...selection, properties: [], computed: [], expands: [] };
  const split = splitSelection(form === 'entities' ? selection : bare, placement);
  const { properties, hidden } = withHidden(split.selection.properties, [...theirs, ...keys]);
  return {
    expand,
    own,
    theirs,
    selection: { ...split.selection, properties },
    completion: { ...split.completion, hidden: new Set([...split.completion.hidden, ...hidden]) },
  };
}

function withHidden(
  served: readonly Property[],
  wanted: readonly Property[],
): { readonly properties: readonly Property[]; readonly hidden: ReadonlySet<string> } {
  const names = new Set(served.map(({ name }) => name));
  const added = new Map(wanted.filter(({ name }) => !names.has(name)).map((property) => [property.name, property]));
  return { properties: [...served, ...added.values()], hidden: new Set(added.keys()) };
}

function refuseAggregated({ navigation, apply }: ExpandPlan): void {
  if (apply === undefined) {
    return;
  }
  const message = `$expand: $apply inside of ${navigation.name} cannot be combined with rows of another source.`;
  throw new GatewayError('NotImplemented', message, { feature: 'proxied', target: '$apply' });
}

/** Options inside of an `$expand` may speak of the outer row (`$it`): the other source does not have it. */
function refuseOuterRow({ navigation, selection, restriction }: ExpandPlan): void {
  const known = new Set([selection.variable, restriction.variable]);
  const used = new Set<RangeVariable>();
  const visitor: PlanVisitor = {
    row: ({ variable }) => used.add(variable),
    collection: ({ variable }) => known.add(variable),
  };
  visitNode('restriction', restriction, visitor);
  for (const { expression } of selection.computed) {
    visitExpression(expression, visitor);
  }
  if ([...used].every((variable) => known.has(variable))) {
    return;
  }
  throw new GatewayError(
    'NotImplemented',
    `$expand: options inside of ${navigation.name} speak of the row outside ($it), which is of another source.`,
    { feature: 'proxied', target: '$expand' },
  );
}
