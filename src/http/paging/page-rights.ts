import { GatewayError } from '../../errors.ts';
import type { Bound } from '../../plan/model/read-plan.ts';
import { fingerprintIn } from '../../plan/position/page-position.ts';
import type { ODataUri } from '../../uri/syntax.ts';

/**
 * All pages of a read are of the same rights. Under others, the position of a token may lie elsewhere in the order, or behind rows that are seen only now: the
 * pages that follow would lack them, and nothing would tell. Throws GatewayError InvalidSkipToken, or DeltaLinkExpired among changes. The
 * token of a proxied feed is signed for the request that it goes on with, which the rights are in.
 */
export function checkRights(plan: Bound, { options: { skiptoken } }: ODataUri): void {
  const before = skiptoken === undefined ? null : fingerprintIn(skiptoken);
  if (before === null || before === plan.fingerprint) {
    return;
  }
  const told = "what you may see has changed since the page before, or that page was somebody else's: start again";
  throw plan.kind === 'Collection' && plan.since !== null
    ? new GatewayError('DeltaLinkExpired', `$skiptoken: ${told}.`, { target: '$skiptoken' })
    : new GatewayError('InvalidSkipToken', `$skiptoken: ${told} from the first page.`, { target: '$skiptoken' });
}
