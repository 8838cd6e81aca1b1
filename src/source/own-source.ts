import type { EntitySet } from '../edm/model.ts';
import type { Bound } from '../plan/model/read-plan.ts';
import type { UpstreamPlan } from '../upstream/upstream.ts';
import { orEvaluated } from './evaluated/or-evaluated.ts';
import { connected, type Sources } from './federated/sources.ts';
import { type PlannedRead, planned } from './planned-read.ts';
import type { Store } from './stored/stored-read.ts';
import { StoredSource } from './stored/stored-source.ts';
import { UpstreamSource } from './upstream/upstream-source.ts';

interface Place {
  readonly store: Store;
  readonly sources: Sources;
}

/** The same, worked out here where that source cannot do it. */
export const ownSource = (plan: Bound<UpstreamPlan>, set: EntitySet, place: Place): PlannedRead =>
  orEvaluated(ownRows(plan, set, place), plan, place);

/**
 * The one source that has the rows of a set, for a plan that asks for no others. Throws GatewayError UpstreamUnavailable where
 * it is a feed without an address.
 */
export function ownRows(plan: Bound<UpstreamPlan>, set: EntitySet, { store, sources }: Place): PlannedRead {
  const feed = sources.sourceOf(set);
  return feed === null
    ? planned(new StoredSource(store), plan)
    : planned(new UpstreamSource(connected(sources, feed)), plan);
}
