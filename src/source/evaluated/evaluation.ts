import type { Catalogue, StoredSet } from '../../catalogue/catalogue.ts';
import type { EntitySet, Property } from '../../edm/model.ts';
import { GatewayError } from '../../errors.ts';
import { namedMembers } from '../../plan/logic/member-names.ts';
import { mapBoundPlan, rowsOfSet } from '../../plan/model/make.ts';
import type { Bound, CollectionPlan, CrossjoinPlan, RowSource } from '../../plan/model/read-plan.ts';
import { isRestricted, mapConditions } from '../../plan/model/restricted-set.ts';
import { isSetPlan, sourceSet } from '../../plan/model/sets.ts';
import { mapExpression } from '../../plan/model/walk.ts';
import type { AggregatedRequest, Aggregating, KeyedRequest, Upstream, UpstreamPlan } from '../../upstream/upstream.ts';
import { temporaryTwin, twinOf, withTwins } from '../../warehouse/tables/twin-table.ts';
import { connected, type Sources } from '../federated/sources.ts';
import {
  type AskedRows,
  type Asking,
  addressedRows,
  allRows,
  canFollow,
  joinedRows,
  keyedRows,
  rowsOfPath,
  setsBefore,
  startingRows,
  startOf,
} from './asked-rows.ts';
import { type NeededRows, neededRows } from './needed-rows.ts';

/** The plans about rows of feeds that PostgreSQL can answer. */
export type EvaluatedPlan = UpstreamPlan | CrossjoinPlan;

/** How PostgreSQL answers a plan about rows of feeds. */
export interface Evaluation {
  /** The plan about the rows that were brought, of all pages together. */
  readonly plan: Bound<EvaluatedPlan>;
  /** The sets with the rows that were brought in place of the feeds. */
  readonly catalogue: Catalogue;
  readonly parts: readonly BroughtPart[];
}

/** The rows of one proxied set. */
export interface BroughtPart {
  readonly set: EntitySet;
  readonly upstream: Upstream;
  /** What is asked of the feed; where it refuses that, the next one. */
  readonly plans: readonly CollectionPlan[];
  /** The rows of the first of them by the values of its longest list, which a feed may be asked for in parts. Absent: it has none. */
  readonly keyed?: KeyedRequest | undefined;
  readonly properties: readonly Property[];
  readonly twin: StoredSet;
  /** Groups that the feed has added up, in place of rows. Absent: rows are asked for. */
  readonly groups?: { readonly feed: Aggregating; readonly request: AggregatedRequest };
}

/** Rows of a reply that has one page: more than there can be. */
const allInOnePage = 2 ** 40;

/**
 * Rows that are worked out come in one page: for the next one all of them would have to be fetched again, and nobody could say that they are
 * the same.
 * @throws GatewayError UpstreamUnavailable where a feed has no address
 */
export function evaluationOf(plan: Bound<EvaluatedPlan>, sources: Sources): Evaluation {
  const path = followedPath(plan, sources);
  // The rows of a path that a feed has followed are those of their set.
  const own = path === null ? plan : { ...plan, source: rowsOfSet(sourceSet(path)) };
  const needed = neededRows(own);
  const parts: BroughtPart[] = [];
  for (const set of needed.sets.values()) {
    const feed = sources.sourceOf(set);
    if (feed === null) {
      continue;
    }
    const upstream = connected(sources, feed);
    const properties = needed.propertiesOf(set);
    const asking = { set, properties, upstream, placement: sources };
    const followed = path !== null && set.name === sourceSet(path).name;
    const plans = followed && isSetPlan(own) ? rowsOfPath(path, own, asking) : rowsFor(own, needed, asking);
    const relation = temporaryTwin(parts.length + 1);
    const twin = twinOf(onlyThese(set, properties), { source: feed, relation });
    parts.push({ set, upstream, plans, keyed: keyedRows(plans), properties, twin });
  }
  const catalogue = withTwins(
    sources.catalogue,
    parts.map(({ twin }) => twin),
  );
  return { plan: onePage(named(own)), catalogue, parts };
}

/** The path of a plan, where the feed of its rows follows it and nothing else leads to rows of their set; null: it does not. */
function followedPath(plan: Bound<EvaluatedPlan>, sources: Sources): RowSource | null {
  if (!isSetPlan(plan)) {
    return null;
  }
  const set = sourceSet(plan.source);
  const feed = sources.sourceOf(set);
  const needed = neededRows(plan);
  if (feed === null || plan.source.kind === 'Set' || needed.reached.has(set.name)) {
    return null;
  }
  const upstream = connected(sources, feed);
  const asking = { set, properties: needed.propertiesOf(set), upstream, placement: sources };
  return canFollow(plan, asking) ? plan.source : null;
}

/** Of sets that are reached from others any row may be needed. */
function rowsFor(plan: EvaluatedPlan, { reached }: NeededRows, asking: Asking): AskedRows {
  const { name } = asking.set;
  if (reached.has(name)) {
    return allRows(asking);
  }
  if (plan.kind === 'Crossjoin') {
    return joinedRows(plan, asking);
  }
  if (name === sourceSet(plan.source).name) {
    return addressedRows(plan, asking);
  }
  const starts = sourceSet(startOf(plan.source)).name === name;
  return starts && setsBefore(plan.source).lastIndexOf(name) === 0 ? startingRows(plan, asking) : allRows(asking);
}

/** A column that was not asked for shall be missed, not be null. */
function onlyThese(set: EntitySet, properties: readonly Property[]): EntitySet {
  const own = new Map(properties.map((property) => [property.name, property]));
  return { ...set, entityType: { ...set.entityType, properties: own } };
}

/** The plan without pages. */
export const onePage = (plan: Bound<EvaluatedPlan>): Bound<EvaluatedPlan> =>
  'after' in plan ? { ...plan, pageSize: allInOnePage, after: null } : plan;

/** Literals beside enumerations as the feeds serve them, in conditions on rows that may be seen too. */
function named(plan: Bound<EvaluatedPlan>): Bound<EvaluatedPlan> {
  const sets = new Map<EntitySet, EntitySet>();
  const mapped = mapBoundPlan(plan, {
    ...namedMembers,
    set: (set) => {
      const before = sets.get(set);
      if (before !== undefined || !isRestricted(set)) {
        return before ?? set;
      }
      const after = mapConditions(set, (condition) => mapExpression(condition, namedMembers));
      sets.set(set, after);
      return after;
    },
  });
  if (isSetPlan(mapped) || mapped.kind === 'Crossjoin') {
    return mapped;
  }
  throw new GatewayError('Internal', `A plan of one set became a ${mapped.kind}.`);
}
