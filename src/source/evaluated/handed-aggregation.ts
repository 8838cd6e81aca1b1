import type { EntitySet } from '../../edm/model.ts';
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
} from '../../plan/model/read-plan.ts';
import { wholeSet } from '../../plan/model/restricted-set.ts';
import { groupType } from '../../upstream/aggregated/read-aggregated.ts';
import type { AggregatedRequest, Aggregating } from '../../upstream/upstream.ts';
import { temporaryTwin, twinOf, withTwins } from '../../warehouse/tables/twin-table.ts';
import type { Sources } from '../federated/sources.ts';
import { type EvaluatedPlan, type Evaluation, onePage } from './evaluation.ts';
import { type FirstGroups, firstGroups, partsOfAverage } from './first-groups.ts';

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
  if (!isApplied(plan)) {
    return null;
  }
  const first = firstGroups(plan.source, plan.apply.transformations);
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
  const catalogue = withTwins(sources.catalogue, [twin]);
  return { feed, request, evaluation: { plan: planOfGroups(plan, first, set), catalogue, parts: [part] } };
}

/** Whether nothing but groups is looked at behind the pipeline. */
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

/** The same plan, about groups that are there already: each of them is a row, and so the most of its values, and their average. */
function planOfGroups(
  plan: Applied,
  { grouping, aggregates, rest }: FirstGroups,
  set: EntitySet,
): Bound<EvaluatedPlan> {
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
    const { alias, type, nullable, method } = one;
    if (method !== 'average') {
      return { alias, type, nullable, method: 'max', expression: inGroup(alias), from: [] };
    }
    const { sum, values } = partsOfAverage(alias);
    const [left, right] = [inGroup(sum), inGroup(values)];
    const expression: BoundExpression = {
      ...{ kind: 'Arithmetic', operator: 'divby', type: 'Edm.Decimal', nullable: true, left, right },
    };
    return { alias, type, nullable, method, expression, from: [] };
  });
  const aggregate: readonly BoundTransformation[] = items.length === 0 ? [] : [{ kind: 'aggregate', items }];
  const keys = grouping.map((key): GroupingKey => ({ ...key, expression: inGroup(key.path.at(-1) ?? '') }));
  const first: readonly BoundTransformation[] =
    keys.length === 0 ? aggregate : [{ kind: 'groupby', grouping: keys, transformations: aggregate }];
  const apply = { ...plan.apply, transformations: [...first, ...rest] };
  const own = { source: rowsOfSet(set), apply, restriction: { ...plan.restriction, variable } };
  return plan.kind === 'Count'
    ? boundPlan({ ...plan, ...own, set }, plan)
    : onePage(
        boundPlan({ ...plan, ...own, selection: { ...plan.selection, set: wholeSet(plan.selection.set) } }, plan),
      );
}
