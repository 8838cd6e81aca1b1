import type { Catalogue } from '../catalogue/catalogue.ts';
import type { EntitySet } from '../edm/model.ts';
import { crossesSources } from '../plan/federate/crossing.ts';
import type { Bound } from '../plan/model/read-plan.ts';
import type { UpstreamPlan } from '../upstream/upstream.ts';
import { AllSource } from './all/all-source.ts';
import { type ArchiveKeeper, archivedRead, noArchives } from './archived/archived-read.ts';
import type { RowsPlan } from './data-source.ts';
import { canBeEvaluated, evaluatedCrossjoin, orEvaluated } from './evaluated/or-evaluated.ts';
import { FederatedSource } from './federated/federated-source.ts';
import { orJoined } from './federated/or-joined.ts';
import { type Sources, sourcesOf } from './federated/sources.ts';
import { ownRows } from './own-source.ts';
import { type PlannedRead, planned } from './planned-read.ts';
import type { Store } from './stored/stored-read.ts';
import { StoredSource } from './stored/stored-source.ts';

/** Everything that rows come from: the store, the proxied feeds that are connected, and what is kept of them. Made once by the composition root. */
export class DataSources {
  readonly #store: Store;
  readonly #upstreams: Sources['upstreams'];
  readonly #keeper: ArchiveKeeper;

  constructor(store: Store, upstreams: Sources['upstreams'], keeper: ArchiveKeeper = noArchives) {
    this.#store = store;
    this.#upstreams = upstreams;
    this.#keeper = keeper;
  }

  /** The source of a plan's rows. Throws GatewayError UpstreamUnavailable where it is a feed without an address. */
  pick(plan: Bound<RowsPlan>, catalogue: Catalogue): PlannedRead {
    return archivedRead(plan, { catalogue, keeper: this.#keeper }, (mapped) => this.#pick(mapped, catalogue));
  }

  #pick(plan: Bound<RowsPlan>, catalogue: Catalogue): PlannedRead {
    const sources = sourcesOf(catalogue, this.#upstreams);
    if (plan.kind === 'All') {
      return planned(new AllSource(this.#store, sources), plan);
    }
    if (plan.kind === 'Crossjoin') {
      const ofFeeds = canBeEvaluated(plan, sources);
      return ofFeeds
        ? evaluatedCrossjoin(plan, { store: this.#store, sources })
        : planned(new StoredSource(this.#store), plan);
    }
    const usual = (within: Sources): PlannedRead =>
      crossesSources(plan, within)
        ? planned(new FederatedSource(this.#store, within), plan)
        : ownRows(plan, addressedSet(plan), { store: this.#store, sources: within });
    return orEvaluated(orJoined(usual, plan, sources), plan, { store: this.#store, sources });
  }
}

const addressedSet = (plan: UpstreamPlan): EntitySet =>
  plan.kind === 'Collection' || plan.kind === 'Entity' ? plan.selection.set : plan.set;
