import type { EntitySet } from '../../edm/model.ts';
import type { LocalSource } from './local-source.ts';
import type { Place } from './place.ts';
import { ProxiedLocal } from './proxied-local.ts';
import { connected } from './sources.ts';
import { StoredLocal } from './stored-local.ts';

/** The one source that has the rows of a set. Throws GatewayError UpstreamUnavailable where it is a feed without an address. */
export function pickLocal(set: EntitySet, place: Place): LocalSource {
  const feed = place.sources.sourceOf(set);
  return feed === null ? new StoredLocal(place) : new ProxiedLocal(connected(place.sources, feed), place.options);
}
