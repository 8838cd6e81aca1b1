import { ClientError, ResponseBodyError } from 'openid-client';
import { GatewayError } from '../../errors.ts';
import { retryAfter } from './patient-fetch.ts';

/** What an answer without a token asks for: somebody signs in again, the settings are changed, or it is waited. */
export interface Advice {
  readonly means: 'sign-in' | 'settings' | 'wait';
  /** What to do, in one sentence that ends without a point. */
  readonly text: string;
}

const again = (why: string): Advice => ({
  means: 'sign-in',
  text: `${why}: somebody must sign in again`,
});
const settings = (text: string): Advice => ({ means: 'settings', text });
const wait: Advice = { means: 'wait', text: 'the server that gives tokens has too much to do: it is asked again' };

/** Numbers that Microsoft Entra ID writes behind AADSTS, with what each asks a person to do. */
export const adviceByNumber: ReadonlyMap<number, Advice> = new Map<number, Advice>([
  [50173, again('the sign-in was withdrawn, e.g. by a new password')],
  [70000, again('the sign-in is not valid any more')],
  [70008, again('the sign-in has expired, as nobody used it for too long')],
  [70043, again('the sign-in has expired, as the rules of the organization say')],
  [70044, again('the sign-in has expired, as the rules of the organization say')],
  [700082, again('the sign-in has expired, as nobody used it for too long')],
  [700084, again('the sign-in has expired, as it may not be renewed any more')],
  [50076, again('the organization wants a second factor')],
  [50078, again('the second factor has expired')],
  [50079, again('the organization wants a second factor to be set up')],
  [50057, again('the account that signed in is disabled')],
  [7000215, settings('the secret of the client is wrong: give its value, not its id')],
  [7000222, settings('the secret of the client has expired: make a new one')],
  [7000218, settings('the client is no public one: allow public flows for it, or give clientSecret or certificate')],
  [700027, settings('the certificate is not the one that is registered for the client')],
  [700023, settings('the server did not take the assertion as meant for it: check issuer')],
  [700024, settings('the assertion is too old or not valid yet: set the clock of this machine')],
  [700016, settings('the client is not known there: check clientId and the organization in issuer')],
  [90002, settings('the organization in issuer does not exist')],
  [500011, settings('what scope or resource names is not known in the organization')],
  [650057, settings('the client may not ask for this resource: give it the permission')],
  [65001, settings('nobody has allowed the client to read the feed: an administrator must consent')],
  [50105, settings('the account or client is not assigned to the feed: an administrator must assign it')],
  [53003, settings('the rules of the organization (conditional access) forbid it: ask its administrator')],
  [1002012, settings('scope must end in /.default for client credentials')],
  [901002, settings('this issuer wants scope instead of resource')],
  [900144, settings('the server misses a parameter: check scope or resource')],
  [90033, wait],
  [90025, wait],
]);

/** Words of RFC 6749, RFC 8628 and OpenID Connect. */
export const adviceByWord: ReadonlyMap<string, Advice> = new Map<string, Advice>([
  ['invalid_grant', again('the sign-in is not valid any more')],
  ['interaction_required', again('the server wants a person')],
  ['login_required', again('the server wants a person')],
  ['consent_required', settings('nobody has allowed the client to read the feed: an administrator must consent')],
  ['invalid_client', settings('the client is not accepted: check clientId, and its secret or certificate')],
  ['unauthorized_client', settings('the client may not sign in in this way: allow it there, or use another kind')],
  ['invalid_scope', settings('scope is not accepted')],
  ['invalid_target', settings('resource is not accepted')],
  ['invalid_resource', settings('resource is not accepted')],
  ['invalid_request', settings('the server does not take the request: check scope, resource and kind')],
  ['unsupported_grant_type', settings('the server does not know this kind of sign-in')],
  ['access_denied', settings('the sign-in was declined')],
  ['authorization_declined', settings('the sign-in was declined')],
  ['expired_token', settings('nobody entered the code in time')],
  ['server_error', wait],
  ['temporarily_unavailable', wait],
]);

/** A sign-in that the server has ended: the same will not be accepted again. */
export class SignInEnded extends GatewayError {
  /** Word and number of the server, e.g. `invalid_grant 700082`. */
  readonly reason: string;

  constructor(source: string, advice: string, reason: string) {
    super('UpstreamRefused', words(source, advice, reason));
    this.reason = reason;
  }
}

/** Nobody has signed in yet where a person has to. */
export class SignInMissing extends GatewayError {
  constructor(source: string) {
    super(
      'UpstreamRefused',
      `Nobody has signed in at the proxied feed ${source} yet: its operator must do that with "gateway connect ${source}", your own sign-in is fine.`,
    );
  }
}

/**
 * What went wrong when a token was asked for, as an error for whoever asked for rows. It has the words of a closed list and the server's error code alone:
 * what else the server wrote may repeat what it was sent.
 */
export function signInFault(source: string, error: unknown, now: number): GatewayError {
  if (error instanceof GatewayError) {
    return error;
  }
  if (error instanceof ResponseBodyError) {
    return bodyFault(source, error, now);
  }
  if (error instanceof ClientError && error.cause instanceof Response) {
    return statusFault(source, error.cause, now);
  }
  if (error instanceof ClientError && !['OAUTH_TIMEOUT', 'OAUTH_ABORT', undefined].includes(error.code)) {
    const what = `what the server sent is no answer of RFC 6749 (${error.code})`;
    return new GatewayError('UpstreamRefused', words(source, `${what}: check issuer`, null), { cause: error });
  }
  const late = error instanceof ClientError && error.code === 'OAUTH_TIMEOUT';
  const what = `the server that gives tokens ${late ? 'did not answer in time' : 'cannot be reached'}`;
  return new GatewayError('UpstreamUnavailable', words(source, what, null), { cause: error, retryAfter: usualWait });
}

const usualWait = 10;
const longestWait = 120;

const words = (source: string, advice: string, reason: string | null): string =>
  `The gateway cannot sign in at the proxied feed ${source}: ${advice}${reason === null ? '' : ` (${reason})`}. That is for its operator, your own sign-in is fine.`;

function bodyFault(source: string, error: ResponseBodyError, now: number): GatewayError {
  const body: unknown = error.cause;
  const listed = typeof body === 'object' && body !== null && 'error_codes' in body ? body.error_codes : null;
  const told = /AADSTS(\d{4,8})\b/.exec(error.error_description ?? '')?.[1];
  const numbers = Array.isArray(listed) ? listed.map(Number) : told === undefined ? [] : [Number(told)];
  const advice =
    numbers.map((number) => adviceByNumber.get(number)).find((one) => one !== undefined) ??
    adviceByWord.get(error.error) ??
    settings('it is refused');
  const number = numbers.find(Number.isSafeInteger);
  const reason = [/^[\w.:-]{1,60}$/.test(error.error) ? error.error : 'error', number].filter(Boolean).join(' ');
  if (advice.means === 'wait' || error.status === 429 || error.status >= 500) {
    return waiting(source, reason, retryAfter(error.response.headers, now));
  }
  return advice.means === 'sign-in'
    ? new SignInEnded(source, advice.text, reason)
    : new GatewayError('UpstreamRefused', words(source, advice.text, reason));
}

/** An answer that is no JSON of an OAuth server. */
function statusFault(source: string, { status, headers }: Response, now: number): GatewayError {
  if (status === 429 || status === 408 || status >= 500) {
    return waiting(source, `status ${status}`, retryAfter(headers, now));
  }
  const what =
    status >= 300 && status < 400
      ? 'the server redirects instead of answering, and secrets do not follow'
      : 'the server gives no answer of RFC 6749';
  return new GatewayError('UpstreamRefused', words(source, `${what}: check issuer`, `status ${status}`));
}

function waiting(source: string, reason: string, seconds: number | null): GatewayError {
  return new GatewayError('UpstreamUnavailable', words(source, wait.text, reason), {
    retryAfter: Math.min(longestWait, Math.max(1, seconds ?? usualWait)),
  });
}
