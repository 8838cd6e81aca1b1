import type { EntitySet, Property } from '../../edm/model.ts';
import { GatewayError } from '../../errors.ts';
import { pathCrosses } from '../../plan/federate/crossing.ts';
import { expressionCrosses, speaksOnlyOf } from '../../plan/federate/filter-root.ts';
import type { Placement } from '../../plan/federate/placement.ts';
import { joinedBy, operandsOf } from '../../plan/logic/condition.ts';
import { keyedCondition } from '../../plan/logic/keyed-condition.ts';
import { asList, type List } from '../../plan/logic/null-proof.ts';
import { collectionOf, noRestriction, onlyProperties, rowsOfSet } from '../../plan/model/make.ts';
import type { BoundExpression, CollectionPlan, CrossjoinPlan, RowSource } from '../../plan/model/read-plan.ts';
import { isRestricted } from '../../plan/model/restricted-set.ts';
import { sourceSet } from '../../plan/model/sets.ts';
import type { KeyedRequest, Upstream, UpstreamPlan } from '../../upstream/upstream.ts';

/** Rows that a feed is asked for in one page. */
const pageSize = 10_000;

export interface Asking {
  readonly set: EntitySet;
  readonly properties: readonly Property[];
  readonly upstream: Pick<Upstream, 'addressOf'>;
  /** A navigation of the feed may have the name of one that leads elsewhere here. */
  readonly placement: Placement;
}

/**
 * What a feed is asked for to have rows of one set: one plan, or two, of which the second asks for more, for a feed that refuses the first.
 * Every condition is looked at again afterwards.
 */
export type AskedRows = readonly CollectionPlan[];

/** All rows of a set, of those properties alone that are looked at. */
export const allRows = ({ set, properties }: Pick<Asking, 'set' | 'properties'>): AskedRows => [
  rowsOf(rowsOfSet(set), null, { set, properties }),
];

/** The fewest rows of the addressed set: those that the conditions keep that come before anything else looks at the rows. */
export function addressedRows(plan: UpstreamPlan, asking: Asking): AskedRows {
  // The path may begin in rows of the same set, of which these conditions say nothing.
  const once = !setsBefore(plan.source).includes(asking.set.name);
  const own = [...pathConditions(plan.source), ...rowConditions(plan.source), ...firstConditions(plan)];
  return filtered(rowsOfSet(asking.set), once ? own : [], asking);
}

/** The rows of one of the sets of a `$crossjoin`: which of them can be joined at all is said of each set by itself. */
export function joinedRows({ sets, variables = [], restriction }: CrossjoinPlan, asking: Asking): AskedRows {
  const at = sets.findIndex(({ name }) => name === asking.set.name);
  const [set, variable] = [sets[at], variables[at]];
  const said = restriction.filter === null ? [] : operandsOf(restriction.filter, 'and');
  const own = variable === undefined ? [] : said.filter((one) => speaksOnlyOf(one, variable));
  const seen = set !== undefined && isRestricted(set) ? [set.rows.condition] : [];
  return filtered(rowsOfSet(asking.set), [...seen, ...own], asking);
}

/** The same of a plan whose path the feed follows. */
export const rowsOfPath = (path: RowSource, plan: UpstreamPlan, asking: Asking): AskedRows =>
  filtered(path, firstConditions(plan), asking);

/** Whether a feed can follow the whole path of a plan to its rows, past rows that everybody may see. */
export function canFollow(plan: UpstreamPlan, asking: Asking): boolean {
  const isCollection = plan.kind === 'Collection' || plan.kind === 'Count';
  return (
    isCollection &&
    isOpenPath(plan.source) &&
    !pathCrosses(plan.source, asking.placement) &&
    isAskable(asking.upstream, rowsOf(plan.source, null, asking))
  );
}

/** The rows that the path of a plan begins with, where it leads to another set from there. */
export function startingRows(plan: UpstreamPlan, asking: Asking): AskedRows {
  const start = startOf(plan.source);
  return filtered(rowsOfSet(asking.set), [...pathConditions(start), ...rowConditions(start)], asking);
}

/** What a path begins with, up to its first navigation. */
export function startOf(source: RowSource): RowSource {
  if (source.kind === 'Set') {
    return source;
  }
  const before = startOf(source.from);
  return source.kind === 'Navigated' || before !== source.from ? before : source;
}

/** Names of the sets whose rows are on the way of a path, from its beginning. */
export function setsBefore(source: RowSource): readonly string[] {
  if (source.kind === 'Set') {
    return [];
  }
  const before = setsBefore(source.from);
  return source.kind === 'Navigated' ? [...before, sourceSet(source.from).name] : before;
}

/** The rows that meet as many of the conditions as the feed can be asked for, then all. */
function filtered(source: RowSource, conditions: readonly BoundExpression[], asking: Asking): AskedRows {
  const canAsk = (filter: BoundExpression): boolean =>
    !expressionCrosses(filter, asking.placement) && isAskable(asking.upstream, rowsOf(source, filter, asking));
  const asked = conditions.flatMap((condition) => operandsOf(condition, 'and')).filter(canAsk);
  const filter = asked.length === 0 ? null : joinedBy('and', asked);
  const all = rowsOf(source, null, asking);
  return filter === null || !canAsk(filter) ? [all] : [rowsOf(source, filter, asking), all];
}

/**
 * The first of what is asked, by the values of its longest list, so that a feed to which that is too long can be asked for parts of it. undefined: it has no
 * list that all rows have to be in.
 */
export function keyedRows([first, all]: AskedRows): KeyedRequest | undefined {
  const { source, selection, restriction } = first ?? {};
  if (all === undefined || source?.kind !== 'Set' || selection === undefined || restriction?.filter == null) {
    return undefined;
  }
  const operands = operandsOf(restriction.filter, 'and');
  const lists = operands.flatMap((operand) => {
    const list = asList(operand);
    const keys = list === null ? [] : keysOf(list);
    return list?.operand.kind === 'PropertyValue' && keys.length > 1
      ? [{ operand, property: list.operand.property, keys }]
      : [];
  });
  const [longest] = lists.sort((a, b) => b.keys.length - a.keys.length);
  if (longest === undefined) {
    return undefined;
  }
  const others = operands.filter((one) => one !== longest.operand);
  return {
    set: selection.set,
    properties: [longest.property],
    keys: longest.keys,
    selection,
    restriction: { ...restriction, filter: others.length === 0 ? null : joinedBy('and', others) },
  };
}

/** The values of a list about a property of the row itself; empty: it has others, too. */
function keysOf({ operand, items }: List): readonly (readonly [string])[] {
  if (operand.kind !== 'PropertyValue' || operand.row.steps.length > 0) {
    return [];
  }
  const keys = items.flatMap((item) =>
    item.kind === 'Constant' && item.value !== null && item.type === operand.type ? [[item.value] as const] : [],
  );
  return keys.length === items.length ? keys : [];
}

function rowsOf(
  source: RowSource,
  filter: BoundExpression | null,
  { set, properties }: Pick<Asking, 'set' | 'properties'>,
): CollectionPlan {
  const variable = { name: '$it', set };
  const selection = onlyProperties(set, properties, variable);
  return collectionOf({ source, selection, restriction: { ...noRestriction, filter, variable }, pageSize });
}

function isAskable(upstream: Pick<Upstream, 'addressOf'>, plan: CollectionPlan): boolean {
  try {
    upstream.addressOf(plan);
    return true;
  } catch (error) {
    if (error instanceof GatewayError) {
      return false;
    }
    throw error;
  }
}

const isOpenPath = (source: RowSource): boolean => source.kind === 'Navigated' && isOpen(source);

function isOpen(source: RowSource): boolean {
  const own = source.kind === 'Set' || source.kind === 'Navigated' ? !isRestricted(source.set) : true;
  return own && (source.kind === 'Set' || isOpen(source.from));
}

/** What a path says of the rows of its only set. */
function pathConditions(source: RowSource): readonly BoundExpression[] {
  switch (source.kind) {
    case 'Set':
    case 'Navigated':
      return [];
    case 'Filtered':
      return [...pathConditions(source.from), source.condition];
    case 'Keyed': {
      if (source.from.kind !== 'Set') {
        return [];
      }
      const properties = source.key.map(({ property }) => property);
      const keys = [source.key.map(({ value }) => value.value ?? '')];
      return [keyedCondition({ set: source.from.set, properties, keys }, null)];
    }
  }
}

/** Which rows of the addressed set there are for the reader. */
function rowConditions(source: RowSource): readonly BoundExpression[] {
  if (source.kind === 'Set' || source.kind === 'Navigated') {
    return isRestricted(source.set) ? [source.set.rows.condition] : [];
  }
  return rowConditions(source.from);
}

/** Conditions that rows of the set must meet, whatever is done with them afterwards. */
function firstConditions(plan: UpstreamPlan): readonly BoundExpression[] {
  if (plan.kind !== 'Collection' && plan.kind !== 'Count') {
    return [];
  }
  const found: BoundExpression[] = [];
  for (const one of plan.apply?.transformations ?? []) {
    if (one.kind === 'filter') {
      found.push(one.condition);
    } else if (one.kind !== 'search' && one.kind !== 'compute' && one.kind !== 'orderby') {
      return found;
    }
  }
  const { filter } = plan.restriction;
  return filter === null ? found : [...found, filter];
}
