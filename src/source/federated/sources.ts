import type { Catalogue } from '../../catalogue/catalogue.ts';
import { GatewayError } from '../../errors.ts';
import type { Placement } from '../../plan/federate/placement.ts';
import type { Upstream } from '../../upstream/upstream.ts';

/** The sets as they are served, and the feeds that have the rows of some of them. */
export interface Sources extends Placement {
  readonly catalogue: Catalogue;
  readonly upstreams: ReadonlyMap<string, Upstream>;
}

export function sourcesOf(catalogue: Catalogue, upstreams: Sources['upstreams']): Sources {
  const sourceOf: Sources['sourceOf'] = ({ name }) => {
    const binding = catalogue.sets.get(name);
    return binding?.kind === 'upstream' ? binding.source : null;
  };
  // A feed without an address is asked for nothing: what it would follow is for its own error to say.
  const follows: Sources['follows'] = (set, navigation) =>
    upstreams.get(sourceOf(set) ?? '')?.follows(set, navigation) ?? true;
  return { catalogue, upstreams, sourceOf, follows };
}

/** The connection to a proxied source. Throws GatewayError UpstreamUnavailable where it has no address. */
export function connected({ upstreams }: Sources, source: string): Upstream {
  const upstream = upstreams.get(source);
  if (upstream !== undefined) {
    return upstream;
  }
  throw new GatewayError('UpstreamUnavailable', `The feed ${source} is not configured`, { target: source });
}
