import type { Catalogue } from '../catalogue/catalogue.ts';
import type { EntitySet } from '../edm/model.ts';
import { crossesSources } from '../plan/federate/crossing.ts';
import type { Bound } from '../plan/model/read-plan.ts';
import type { UpstreamPlan } from '../upstream/upstream.ts';
import { AllSource } from './all/all-source.ts';
import type { DataSource, Reading, Recipient, RowsPlan } from './data-source.ts';
import { FederatedSource } from './federated/federated-source.ts';
import { connected, type Sources, sourcesOf } from './federated/sources.ts';
import type { Store } from './stored/stored-read.ts';
import { StoredSource } from './stored/stored-source.ts';
import { UpstreamSource } from './upstream/upstream-source.ts';

/** A plan with the source that answers it. */
export interface PlannedRead {
  /** As `DataSource.read`. */
  read<T>(reading: Reading, recipient: Recipient<T>): Promise<T>;
}

/** Everything that rows come from: the store, and the proxied feeds that are connected. Made once by the composition root. */
export class DataSources {
  readonly #store: Store;
  readonly #upstreams: Sources['upstreams'];

  constructor(store: Store, upstreams: Sources['upstreams']) {
    this.#store = store;
    this.#upstreams = upstreams;
  }

  /** The source of a plan's rows. Throws GatewayError UpstreamUnavailable where it is a feed without an address. */
  pick(plan: Bound<RowsPlan>, catalogue: Catalogue): PlannedRead {
    const sources = sourcesOf(catalogue, this.#upstreams);
    if (plan.kind === 'All') {
      return planned(new AllSource(this.#store, sources), plan);
    }
    if (plan.kind === 'Crossjoin') {
      return planned(new StoredSource(this.#store), plan);
    }
    if (crossesSources(plan, sources)) {
      return planned(new FederatedSource(this.#store, sources), plan);
    }
    const feed = sources.sourceOf(addressedSet(plan));
    return feed === null
      ? planned(new StoredSource(this.#store), plan)
      : planned(new UpstreamSource(connected(sources, feed)), plan);
  }
}

const planned = <Plan extends RowsPlan>(source: DataSource<Plan>, plan: Bound<Plan>): PlannedRead => ({
  read: (reading, recipient) => source.read(plan, reading, recipient),
});

const addressedSet = (plan: UpstreamPlan): EntitySet =>
  plan.kind === 'Collection' || plan.kind === 'Entity' ? plan.selection.set : plan.set;
