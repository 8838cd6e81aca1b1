import type { EntitySet, Property } from '../../edm/model.ts';
import type { RangeVariable } from './expression.ts';
import type {
  AllPlan,
  Bound,
  CollectionPlan,
  CountPlan,
  CrossjoinPlan,
  EntityPlan,
  PlanFacts,
  PropertyPlan,
  ReadPlan,
  SetFacts,
} from './read-plan.ts';
import type { Restriction, RowSource } from './rows.ts';
import type { Selection } from './selection.ts';
import { setFactsOf, sourceSet } from './sets.ts';
import { mapPlan, type PlanMapper } from './walk.ts';

/**
 * The only constructors of plans (`test/architecture.test.ts` holds that): what a field means where nobody asked for
 * anything is said here once.
 */

type Given<P extends ReadPlan, Needed extends keyof P> = Pick<P, Needed> & Partial<Omit<P, 'kind'>>;

/** All rows, in the order in which they came. */
export const noRestriction: Restriction = {
  filter: null,
  search: null,
  orderby: [],
  top: null,
  skip: null,
  count: false,
};

export const serviceDocument: ReadPlan = { kind: 'ServiceDocument' };

export const metadataDocument: ReadPlan = { kind: 'Metadata' };

/** All rows of a set. */
export const rowsOfSet = (set: EntitySet): RowSource => ({ kind: 'Set', set });

/** Exactly these properties of the rows of a set. `variable`: the row that the restriction beside it speaks of. */
export function onlyProperties(set: EntitySet, properties: readonly Property[], variable?: RangeVariable): Selection {
  const type = set.entityType;
  const selection = { set, type, properties, computed: [], expands: [], selected: true, selectedNavigations: [] };
  return variable === undefined ? selection : { ...selection, variable };
}

/** The first page of all rows, unless more is given. */
export const collectionOf = (given: Given<CollectionPlan, 'source' | 'selection' | 'pageSize'>): CollectionPlan => ({
  kind: 'Collection',
  restriction: noRestriction,
  apply: null,
  references: false,
  after: null,
  since: null,
  ...given,
});

/** How many rows a source has, unless more is given. */
export const countOf = (given: Given<CountPlan, 'source'>): CountPlan => ({
  kind: 'Count',
  set: sourceSet(given.source),
  restriction: noRestriction,
  apply: null,
  ...given,
});

/** The one row of a source, which has to be there unless more is given. */
export const entityOf = (given: Given<EntityPlan, 'source' | 'selection'>): EntityPlan => ({
  kind: 'Entity',
  empty: 'not-found',
  references: false,
  ...given,
});

/** The value of one property of the one row of a source. */
export const propertyOf = (given: Omit<PropertyPlan, 'kind'>): PropertyPlan => ({ kind: 'PropertyRead', ...given });

/** The first page of all pairs of rows, unless more is given. */
export const crossjoinOf = (given: Given<CrossjoinPlan, 'sets' | 'expands' | 'pageSize'>): CrossjoinPlan => ({
  kind: 'Crossjoin',
  restriction: noRestriction,
  after: null,
  countOnly: false,
  ...given,
});

/** The first page of the rows of several sets, unless more is given. */
export const allOf = (given: Given<AllPlan, 'parts' | 'pageSize'>): AllPlan => ({
  kind: 'All',
  skip: null,
  top: null,
  count: false,
  references: false,
  after: null,
  countOnly: false,
  ...given,
});

/** A plan with the facts of its request, in one shape whatever it had before. */
export const boundPlan = <P extends ReadPlan>(
  plan: P,
  { volatile, fingerprint }: Omit<PlanFacts, keyof SetFacts>,
): Bound<P> => {
  const facts: PlanFacts = { volatile, fingerprint, ...setFactsOf(plan) };
  return Object.assign({}, plan, facts);
};

/** As `mapPlan`: its set names are those of the plan that comes out. */
export function mapBoundPlan(plan: Bound, mapper: PlanMapper): Bound {
  const mapped = mapPlan(plan, mapper);
  return mapped === plan ? plan : boundPlan(mapped, plan);
}
