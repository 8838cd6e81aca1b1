import type { EntitySet, Property } from '../../edm/model.ts';
import { joinedBy } from '../../plan/logic/condition.ts';
import { referencesOf } from '../../plan/logic/references.ts';
import { boundPlan, rowsOfSet } from '../../plan/model/make.ts';
import type {
  ApplyPlan,
  Bound,
  BoundAggregate,
  BoundExpression,
  BoundTransformation,
  CollectionPlan,
  CountPlan,
  GroupingKey,
  RowSource,
} from '../../plan/model/read-plan.ts';
import { isRestricted, wholeSet } from '../../plan/model/restricted-set.ts';
import { visitNode } from '../../plan/model/walk.ts';
import { ownProperty, toldApartBy } from '../../upstream/aggregated/exact-condition.ts';
import { equality, isOrdered, isSummed } from '../../upstream/aggregated/exact-value.ts';
import { groupType } from '../../upstream/aggregated/read-aggregated.ts';
import type { AggregatedItem, AggregatedRequest, Aggregating } from '../../upstream/upstream.ts';
import { temporaryTwin, twinOf, withTwins } from '../../warehouse/tables/twin-table.ts';
import type { Sources } from '../federated/sources.ts';
import { type EvaluatedPlan, type Evaluation, onePage } from './evaluation.ts';

type Applied = Bound<CollectionPlan | CountPlan> & { readonly apply: ApplyPlan };

/** A plan that begins with groups of rows that their feed may add up, if it shows that it does so rightly. */
export interface HandedAggregation {
  readonly feed: Aggregating;
  readonly request: AggregatedRequest;
  /** How the groups become what the plan gives: all that comes behind them is done here. */
  readonly evaluation: Evaluation;
}

/** null: the rows are to be worked on here, one by one. */
export function handedAggregation(plan: Bound<EvaluatedPlan>, sources: Sources): HandedAggregation | null {
  const first = isApplied(plan) ? firstGroups(plan) : null;
  const source = first === null ? null : sources.sourceOf(first.request.set);
  const upstream = source === null ? undefined : sources.upstreams.get(source);
  const feed = upstream?.aggregating;
  if (first === null || source === null || upstream === undefined || feed?.says(first.request) !== true) {
    return null;
  }
  const { request } = first;
  const set: EntitySet = { ...request.set, entityType: groupType(request), navigationPropertyBindings: new Map() };
  const properties = [...set.entityType.properties.values()];
  const twin = twinOf(set, { source, relation: temporaryTwin(1) });
  const part = { set, upstream, plans: [], properties, twin, groups: { feed, request } };
  const evaluation = { plan: planOfGroups(first, set), catalogue: withTwins(sources.catalogue, [twin]), parts: [part] };
  return { feed, request, evaluation };
}

/** The beginning of a pipeline that a feed can be asked for, and what follows. */
interface FirstGroups {
  readonly plan: Applied;
  readonly request: AggregatedRequest;
  readonly grouping: readonly GroupingKey[];
  readonly aggregates: readonly BoundAggregate[];
  readonly rest: readonly BoundTransformation[];
}

function isApplied(plan: Bound<EvaluatedPlan>): plan is Applied {
  if ((plan.kind !== 'Collection' && plan.kind !== 'Count') || plan.apply === null) {
    return false;
  }
  const { search, filter, orderby } = plan.restriction;
  const isPlain =
    plan.kind === 'Count' || (!plan.references && plan.since === null && plan.selection.expands.length === 0);
  const ofGroups = [...(filter === null ? [] : [filter]), ...orderby.map(({ expression }) => expression)];
  return isPlain && search === null && plan.apply.entities === undefined && ofGroups.every(speaksOfNoRow);
}

const speaksOfNoRow = (expression: BoundExpression): boolean => referencesOf(expression).rows.length === 0;

function firstGroups(plan: Applied): FirstGroups | null {
  const from = rowsFrom(plan.source);
  const { transformations } = plan.apply;
  const at = transformations.findIndex(({ kind }) => kind !== 'filter');
  const [step, ...rest] = at < 0 ? [] : transformations.slice(at);
  const groups = from === null || step === undefined ? null : groupsOf(step, from.set);
  if (from === null || groups === null || !rest.every(looksAtNoRow)) {
    return null;
  }
  const filters = transformations.slice(0, at).flatMap((one) => (one.kind === 'filter' ? [one.condition] : []));
  const conditions = [...from.conditions, ...filters];
  const compared = conditions.map((condition) => toldApartBy(condition, from.set));
  if (compared.includes(null)) {
    return null;
  }
  const filter = conditions.length === 0 ? null : joinedBy('and', conditions);
  const { keys: grouping, items } = groups;
  const ofItems = items.flatMap(({ property, method }) => (property === null || method === 'sum' ? [] : [property]));
  const shown = [...grouping, ...ofItems].filter((property) => equality(property) === 'shown');
  const apart = new Map([...shown, ...compared.flatMap((some) => some ?? [])].map((one) => [one.name, one]));
  const request = { set: wholeSet(from.set), filter, grouping, items, apart: [...apart.values()] };
  return hasOwnNames(request) ? { plan, request, ...groups, rest } : null;
}

interface RowsFrom {
  readonly set: EntitySet;
  readonly conditions: readonly BoundExpression[];
}

/** All rows of a set that the reader may see, and what a path says of them. */
function rowsFrom(source: RowSource): RowsFrom | null {
  if (source.kind === 'Set') {
    return { set: source.set, conditions: isRestricted(source.set) ? [source.set.rows.condition] : [] };
  }
  const from = source.kind === 'Filtered' ? rowsFrom(source.from) : null;
  return from === null || source.kind !== 'Filtered'
    ? null
    : { ...from, conditions: [...from.conditions, source.condition] };
}

interface Groups {
  readonly grouping: readonly GroupingKey[];
  readonly keys: readonly Property[];
  readonly aggregates: readonly BoundAggregate[];
  readonly items: readonly AggregatedItem[];
}

/** `groupby` by properties of the row with an `aggregate` in it or nothing, or `aggregate` alone. */
function groupsOf(step: BoundTransformation, set: EntitySet): Groups | null {
  const grouping = step.kind === 'groupby' ? step.grouping : [];
  const [inner, ...more] = step.kind === 'groupby' ? step.transformations : [step];
  if (more.length > 0 || (inner === undefined ? step.kind !== 'groupby' : inner.kind !== 'aggregate')) {
    return null;
  }
  const aggregates = inner?.kind === 'aggregate' ? inner.items : [];
  const keys = grouping.flatMap((key) => keyProperty(key, set) ?? []);
  const items = aggregates.flatMap((aggregate) => itemOf(aggregate, set) ?? []);
  const isWhole = keys.length === grouping.length && items.length === aggregates.length;
  return isWhole ? { grouping, keys, aggregates, items } : null;
}

function keyProperty({ expression, rollup, entity }: GroupingKey, set: EntitySet): Property | null {
  const property = rollup === null && entity === undefined ? plainProperty(expression, set) : null;
  return property !== null && equality(property) !== null ? property : null;
}

function itemOf({ alias, type, nullable, method, expression, from, over }: BoundAggregate, set: EntitySet) {
  const property = expression === null ? null : plainProperty(expression, set);
  if (from.length > 0 || over !== undefined || method === 'average' || (expression !== null && property === null)) {
    return null;
  }
  const result: Property = { kind: 'Property', name: alias, type, collection: false, nullable };
  const isRight =
    property === null
      ? method === 'count'
      : method === 'sum'
        ? isSummed(property)
        : equality(property) !== null && (method === 'countdistinct' || isOrdered(property));
  return isRight ? { result, method, property } : null;
}

/** As it is, in no wider type. */
const plainProperty = (expression: BoundExpression, set: EntitySet): Property | null =>
  expression.kind === 'PropertyValue' ? ownProperty(expression, set) : null;

/** Whether a transformation of groups needs nothing but these. */
function looksAtNoRow(step: BoundTransformation): boolean {
  let looks = false;
  const found = (): void => {
    looks = true;
  };
  visitNode('transformation', step, { set: found, row: found });
  return !looks;
}

/** Whether each result has a name that means nothing else, in whatever case the feed writes it. */
function hasOwnNames({ set, grouping, items }: AggregatedRequest): boolean {
  const names = items.map(({ result }) => result.name.toLowerCase());
  const taken = new Set([...grouping.map(({ name }) => name), ...set.entityType.properties.keys()].map(lower));
  return new Set(names).size === names.length && names.every((name) => !taken.has(name));
}

const lower = (name: string): string => name.toLowerCase();

/** The same plan, about groups that are there already: each of them is a row, and so the most of its values. */
function planOfGroups({ plan, grouping, aggregates, rest }: FirstGroups, set: EntitySet): Bound<EvaluatedPlan> {
  const variable = { name: '$it', set };
  const inGroup = (name: string): BoundExpression => {
    const property = set.entityType.properties.get(name);
    if (property === undefined) {
      throw new TypeError(`a group has no ${name}`);
    }
    const { type, nullable } = property;
    return { kind: 'PropertyValue', type, nullable, row: { variable, steps: [] }, property };
  };
  const items = aggregates.map((one): BoundAggregate => {
    const { alias, type, nullable } = one;
    return { alias, type, nullable, method: 'max', expression: inGroup(alias), from: [] };
  });
  const aggregate: readonly BoundTransformation[] = items.length === 0 ? [] : [{ kind: 'aggregate', items }];
  const keys = grouping.map((key): GroupingKey => ({ ...key, expression: inGroup(key.path.at(-1) ?? '') }));
  const first: readonly BoundTransformation[] =
    keys.length === 0 ? aggregate : [{ kind: 'groupby', grouping: keys, transformations: aggregate }];
  const apply = { ...plan.apply, transformations: [...first, ...rest] };
  const restriction = { ...plan.restriction, variable };
  const own = { source: rowsOfSet(set), apply, restriction };
  return plan.kind === 'Count'
    ? boundPlan({ ...plan, ...own, set }, plan)
    : onePage(
        boundPlan({ ...plan, ...own, selection: { ...plan.selection, set: wholeSet(plan.selection.set) } }, plan),
      );
}
