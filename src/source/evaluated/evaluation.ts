import type { Catalogue, StoredSet } from '../../catalogue/catalogue.ts';
import type { EntitySet, Property } from '../../edm/model.ts';
import { GatewayError } from '../../errors.ts';
import { namedMembers } from '../../plan/logic/member-names.ts';
import { mapBoundPlan, rowsOfSet } from '../../plan/model/make.ts';
import type { Bound, CollectionPlan, RowSource } from '../../plan/model/read-plan.ts';
import { isRestricted, type RestrictedSet } from '../../plan/model/restricted-set.ts';
import { isSetPlan, sourceSet } from '../../plan/model/sets.ts';
import { mapExpression } from '../../plan/model/walk.ts';
import type { Upstream, UpstreamPlan } from '../../upstream/upstream.ts';
import { temporaryTwin, twinOf, withTwins } from '../../warehouse/tables/twin-table.ts';
import { connected, type Sources } from '../federated/sources.ts';
import { addressedRows, allRows, canFollow, rowsOfPath, setsBefore, startingRows, startOf } from './asked-rows.ts';
import { type NeededRows, neededRows } from './needed-rows.ts';

/** How PostgreSQL answers a plan about rows of feeds. */
export interface Evaluation {
  /** The plan about the rows that were brought, of all pages together. */
  readonly plan: Bound<UpstreamPlan>;
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
  readonly properties: readonly Property[];
  readonly twin: StoredSet;
}

/** Rows of a reply that has one page: more than there can be. */
const allInOnePage = 2 ** 40;

/**
 * Rows that are worked out come in one page: for the next one all of them would have to be fetched again, and nobody could say that they are
 * the same.
 * @throws GatewayError UpstreamUnavailable where a feed has no address
 */
export function evaluationOf(plan: Bound<UpstreamPlan>, sources: Sources): Evaluation {
  const addressed = sourceSet(plan.source);
  const path = followedPath(plan, sources);
  // The rows of a path that a feed has followed are those of their set.
  const own = path === null ? plan : { ...plan, source: rowsOfSet(addressed) };
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
    const followed = path !== null && set.name === addressed.name;
    const plans = followed ? rowsOfPath(path, own, asking) : rowsFor(set, needed)(own, asking);
    const relation = temporaryTwin(parts.length + 1);
    const twin = twinOf(onlyThese(set, properties), { source: feed, relation });
    parts.push({ set, upstream, plans, properties, twin });
  }
  const catalogue = withTwins(
    sources.catalogue,
    parts.map(({ twin }) => twin),
  );
  return { plan: onePage(named(own)), catalogue, parts };
}

/** The path of a plan, where the feed of its rows follows it and nothing else leads to rows of their set; null: it does not. */
function followedPath(plan: Bound<UpstreamPlan>, sources: Sources): RowSource | null {
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
function rowsFor(set: EntitySet, { reached }: NeededRows): typeof addressedRows {
  return (plan, asking) => {
    if (reached.has(set.name)) {
      return allRows(asking);
    }
    if (set.name === sourceSet(plan.source).name) {
      return addressedRows(plan, asking);
    }
    const starts = sourceSet(startOf(plan.source)).name === set.name;
    return starts && setsBefore(plan.source).lastIndexOf(set.name) === 0 ? startingRows(plan, asking) : allRows(asking);
  };
}

/** A column that was not asked for shall be missed, not be null. */
function onlyThese(set: EntitySet, properties: readonly Property[]): EntitySet {
  const own = new Map(properties.map((property) => [property.name, property]));
  return { ...set, entityType: { ...set.entityType, properties: own } };
}

const onePage = (plan: Bound<UpstreamPlan>): Bound<UpstreamPlan> =>
  plan.kind === 'Collection' ? { ...plan, pageSize: allInOnePage, after: null } : plan;

/** Literals beside enumerations as the feeds serve them, in conditions on rows that may be seen too. */
function named(plan: Bound<UpstreamPlan>): Bound<UpstreamPlan> {
  const sets = new Map<EntitySet, EntitySet>();
  const mapped = mapBoundPlan(plan, {
    ...namedMembers,
    set: (set) => {
      const before = sets.get(set);
      if (before !== undefined || !isRestricted(set)) {
        return before ?? set;
      }
      const condition = mapExpression(set.rows.condition, namedMembers);
      const rows = { ...set.rows, condition };
      const after: RestrictedSet = condition === set.rows.condition ? set : { ...set, rows };
      sets.set(set, after);
      return after;
    },
  });
  if (isSetPlan(mapped)) {
    return mapped;
  }
  throw new GatewayError('Internal', `A plan of one set became a ${mapped.kind}.`);
}
