import type { EntitySet } from '../edm/model.ts';
import type { Bound } from '../plan/model/read-plan.ts';
import type { UpstreamPlan } from '../upstream/upstream.ts';
import type { DataSource, Reading, Recipient, RowsPlan } from './data-source.ts';
import { connected, type Sources } from './federated/sources.ts';
import type { Store } from './stored/stored-read.ts';
import { StoredSource } from './stored/stored-source.ts';
import { UpstreamSource } from './upstream/upstream-source.ts';

/** A plan with the source that answers it. */
export interface PlannedRead {
  /** As `DataSource.read`. */
  read<T>(reading: Reading, recipient: Recipient<T>): Promise<T>;
}

export const planned = <Plan extends RowsPlan>(source: DataSource<Plan>, plan: Bound<Plan>): PlannedRead => ({
  read: (reading, recipient) => source.read(plan, reading, recipient),
});

/**
 * The one source that has the rows of a set, for a plan that asks for no others. Throws GatewayError UpstreamUnavailable where
 * it is a feed without an address.
 */
export function ownSource(
  plan: Bound<UpstreamPlan>,
  set: EntitySet,
  { store, sources }: { readonly store: Store; readonly sources: Sources },
): PlannedRead {
  const feed = sources.sourceOf(set);
  return feed === null
    ? planned(new StoredSource(store), plan)
    : planned(new UpstreamSource(connected(sources, feed)), plan);
}
