import type { EntitySet } from '../../edm/model.ts';
import type { JoinContext } from './join-context.ts';
import type { LocalSource } from './local-source.ts';
import { ProxiedLocal } from './proxied-local.ts';
import { connected } from './sources.ts';
import { StoredLocal } from './stored-local.ts';

/** The one source that has the rows of a set. Throws GatewayError UpstreamUnavailable where it is a feed without an address. */
export function pickLocal(set: EntitySet, context: JoinContext): LocalSource {
  const feed = context.sources.sourceOf(set);
  return feed === null ? new StoredLocal(context) : new ProxiedLocal(connected(context.sources, feed), context.options);
}
