import { GatewayError } from '../errors.ts';
import type { Bound } from '../plan/model/read-plan.ts';
import type { ODataUri } from '../uri/syntax.ts';

/**
 * All pages of a read are of the same rights: those of the first one stand behind a tilde at the end of the page token, as a fingerprint.
 * Under others, the position may lie elsewhere in the order, or behind rows that are seen only now: the pages that follow would lack them, and
 * nothing would tell.
 */
export const tokenWithRights = (token: string, rights: string): string =>
  rights === '' ? token : `${token}~${rights}`;

const rightsBehindToken = /^(.*)~([0-9a-f]{16})$/s;

/** The request with the plain token, and the fingerprint that stood behind it; null: none did. */
export function splitRights(uri: ODataUri): { readonly uri: ODataUri; readonly rights: string | null } {
  const match = rightsBehindToken.exec(uri.options.skiptoken ?? '');
  if (match === null) {
    return { uri, rights: null };
  }
  const [, skiptoken = '', rights = ''] = match;
  return { uri: { ...uri, options: { ...uri.options, skiptoken } }, rights };
}

/** `before`: the fingerprint behind the token; `now`: that of who asks. Throws GatewayError InvalidSkipToken, or DeltaLinkExpired among changes. */
export function checkRights(
  plan: Bound,
  { before, now }: { readonly before: string | null; readonly now: string },
): void {
  // A feed's own token is signed for the request that it goes on with, which the rights are in.
  if (before === null && !isContinued(plan)) {
    return;
  }
  if ((before ?? '') === now) {
    return;
  }
  const told = "what you may see has changed since the page before, or that page was somebody else's: start again";
  throw plan.kind === 'Collection' && plan.since !== null
    ? new GatewayError('DeltaLinkExpired', `$skiptoken: ${told}.`, { target: '$skiptoken' })
    : new GatewayError('InvalidSkipToken', `$skiptoken: ${told} from the first page.`, { target: '$skiptoken' });
}

/** Whether a token of ours was read. */
function isContinued(plan: Bound): boolean {
  const removed = plan.kind === 'Collection' && (plan.removedAfter ?? null) !== null;
  return removed || ('after' in plan && plan.after !== null);
}
