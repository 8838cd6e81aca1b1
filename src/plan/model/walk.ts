import type { AggregateFrom } from './aggregate.ts';
import type { BoundExpression } from './expression.ts';
import type { ReadPlan } from './read-plan.ts';
import type { ComputedProperty, OrderKey, RowSource } from './rows.ts';
import type { SearchNode } from './search.ts';
import type { BoundTransformation } from './selection.ts';
import {
  type ByKind,
  byKind,
  fields,
  leaf,
  list,
  nullable,
  optional,
  type Part,
  type PlanMapper,
  type PlanNodes,
  type PlanVisitor,
  type Sort,
  skipInside,
} from './walk-parts.ts';

export { type PlanMapper, type PlanNodes, type PlanVisitor, skipInside } from './walk-parts.ts';

/**
 * The only walk over plans. Every kind of node and every field of it stands in the tables below, which the compiler holds
 * to the model: whoever adds one says here how it is walked, and everybody who looks for sets, rows or properties finds it.
 */

/** Calls the hooks for a plan and all that is inside it: parents before their parts, parts in the order of evaluation. */
export const visitPlan = (plan: ReadPlan, visitor: PlanVisitor): void => visitNode('plan', plan, visitor);

export const visitExpression = (expression: BoundExpression, visitor: PlanVisitor): void =>
  visitNode('expression', expression, visitor);

/** As `visitPlan`, of a part of a plan. */
export const visitNode = <S extends Sort>(sort: S, node: PlanNodes[S], visitor: PlanVisitor): void =>
  at(sort).visit(node, visitor);

/**
 * The plan with what the hooks put in place of its nodes; the same object where they changed nothing. Variables keep their
 * identity unless a hook changes them or something of theirs: then all places of one get the same new one.
 */
export const mapPlan = (plan: ReadPlan, mapper: PlanMapper): ReadPlan => mapNode('plan', plan, mapper);

export const mapExpression = (expression: BoundExpression, mapper: PlanMapper): BoundExpression =>
  mapNode('expression', expression, mapper);

/** As `mapPlan`, of a part of a plan. What stands outside of the part keeps its variables. */
export const mapNode = <S extends Sort>(sort: S, node: PlanNodes[S], mapper: PlanMapper): PlanNodes[S] =>
  at(sort).map(node, { mapper, variables: new Map() });

/** A node of a sort, wherever it stands: its hook first, then what is inside. */
function at<S extends Sort>(sort: S): Part<PlanNodes[S]> {
  return {
    visit: (node, visitor) => {
      if (visitor[sort]?.(node) !== skipInside) {
        inside[sort].visit(node, visitor);
      }
    },
    map: (node, mapping) => {
      const within = (one: PlanNodes[S]): PlanNodes[S] => inside[sort].map(one, mapping);
      return mapping.mapper[sort]?.(node, within) ?? within(node);
    },
  };
}

const source = at('source');
const selection = at('selection');
const restriction = at('restriction');
const apply = at('apply');
const transformation = at('transformation');
const expression = at('expression');
const search = at('search');
const searchNode = at('searchNode');
const grouping = at('grouping');
const row = at('row');
const steps = list(at('step'));
const keys = list(at('key'));
const collection = at('collection');
const set = at('set');
const property = at('property');
const navigation = at('navigation');

const place = at('variable');
/** All places of a variable are mapped to one. */
const variable: Part<PlanNodes['variable']> = {
  visit: place.visit,
  map: (node, mapping) => {
    const mapped = mapping.variables.get(node) ?? place.map(node, mapping);
    mapping.variables.set(node, mapped);
    return mapped;
  },
};

const computed = list(fields<ComputedProperty>({ expression }));
const orderKeys = list(fields<OrderKey>({ expression }));

const collectionPlan = { source, apply: nullable(apply), selection, restriction };

const plans = byKind<ByKind<ReadPlan>>({
  ServiceDocument: fields({}),
  Metadata: fields({}),
  Collection: fields(collectionPlan),
  Entity: fields({ source, selection }),
  PropertyRead: fields({ source, set, property }),
  Count: fields({ source, set, apply: nullable(apply), restriction }),
  Crossjoin: fields({
    sets: list(set),
    variables: optional(list(variable)),
    expands: list(fields({ set, selection })),
    restriction,
  }),
  All: fields({ parts: list(fields(collectionPlan)) }),
});

const sources = byKind<ByKind<RowSource>>({
  Set: fields({ set }),
  Navigated: fields({ from: source, navigation, set }),
  Keyed: fields({ from: source, key: keys }),
  Filtered: fields({ from: source, variable: optional(variable), condition: expression }),
});

const operand = { operand: expression };
const operands = { left: expression, right: expression };

const expressions = byKind<ByKind<BoundExpression>>({
  Constant: fields({}),
  PropertyValue: fields({ row, property }),
  ComputedValue: fields({}),
  Convert: fields(operand),
  Comparison: fields(operands),
  Arithmetic: fields(operands),
  Negate: fields(operand),
  Logical: fields(operands),
  Not: fields(operand),
  In: fields({ operand: expression, items: list(expression) }),
  Function: fields({ args: list(expression) }),
  // biome-ignore lint/suspicious/noThenProperty: the plan's word for the value of a branch; a branch is never awaited.
  Case: fields({ branches: list(fields({ when: expression, then: expression })) }),
  Lambda: fields({ over: collection, predicate: nullable(expression) }),
  CollectionCount: fields({ over: collection, filter: nullable(expression), search: nullable(search) }),
  Has: fields({ left: expression }),
  RowExists: fields({ row }),
});

const searchNodes = byKind<ByKind<SearchNode>>({
  Word: fields({}),
  Phrase: fields({}),
  Not: fields({ operand: searchNode }),
  And: fields({ left: searchNode, right: searchNode }),
  Or: fields({ left: searchNode, right: searchNode }),
});

const transformations = byKind<ByKind<BoundTransformation>>({
  filter: fields({ condition: expression }),
  search: fields({ search }),
  compute: fields({ items: computed }),
  orderby: fields({ keys: orderKeys }),
  top: fields({}),
  skip: fields({}),
  aggregate: fields({ items: list(at('aggregate')) }),
  groupby: fields({ grouping: list(grouping), transformations: list(transformation) }),
  ranked: fields({ amount: expression, by: expression }),
  join: fields({ navigation, set, inner: variable, apply, variable: nullable(variable) }),
  concat: fields({ branches: list(apply) }),
});

const inside: { readonly [S in Sort]: Part<PlanNodes[S]> } = {
  plan: plans,
  source: sources,
  selection: fields({
    set,
    type: at('type'),
    variable: optional(variable),
    properties: list(property),
    computed,
    expands: list(at('expand')),
  }),
  restriction: fields({
    variable: optional(variable),
    filter: nullable(expression),
    search: nullable(search),
    orderby: orderKeys,
  }),
  expand: fields({ navigation, apply: optional(apply), selection, restriction }),
  apply: fields({ transformations: list(transformation), entities: optional(list(at('entity'))) }),
  transformation: transformations,
  aggregate: fields({
    over: optional(at('entities')),
    expression: nullable(expression),
    from: list(fields<AggregateFrom>({ keys: list(grouping) })),
  }),
  grouping: fields({ entity: optional(fields({ row, variable })), expression }),
  entity: fields({ variable, selection }),
  expression: expressions,
  search: fields({ properties: list(property), expression: searchNode }),
  searchNode: searchNodes,
  row: fields({ variable, steps }),
  step: fields({ navigation, set, key: optional(keys) }),
  collection: fields({ from: row, navigation, variable }),
  entities: fields({ from: variable, steps, variable }),
  variable: fields({ set, key: optional(keys) }),
  key: fields({ property }),
  set: leaf(),
  type: leaf(),
  property: leaf(),
  navigation: leaf(),
};
