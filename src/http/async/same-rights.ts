import { areSameGrants } from '../../plan/grants.ts';
import type { Principal } from '../../sign-in/principal.ts';
import type { Feed } from '../feed.ts';

/** Whether rights of a later time, under other rules or by another token, are those of now. Throws GatewayError AccessDenied, as does what it gives. */
export function sameRights(
  feed: Pick<Feed, 'catalogue' | 'grantsOf'>,
  principal: Principal | null,
): (later: Principal | null) => boolean {
  const catalogue = feed.catalogue();
  const grants = feed.grantsOf(principal, catalogue);
  return (later) => areSameGrants(feed.grantsOf(later, catalogue), grants);
}
