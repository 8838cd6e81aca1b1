import { GatewayError } from '../../errors.ts';

/** Seconds to wait where the upstream says nothing, and the most we pass on. */
const patience = { usual: 30, longest: 120 } as const;

/**
 * Why a feed did not answer though it may do so later; the cause of that error, for who decides whether to ask again.
 * `unreachable`: no answer began; `late`: it was silent for too long; `broken`: its body broke off; `status`: it said so;
 * `held`: it wants to be left alone, `closed`: it has failed too often, and was not even asked.
 */
export class Outage extends Error {
  readonly kind: 'unreachable' | 'late' | 'broken' | 'status' | 'held' | 'closed';
  readonly status: number | null;
  /** Seconds that the feed wants to be left alone, as far as they are passed on; null: it says nothing. */
  readonly retryAfter: number | null;

  constructor(
    kind: Outage['kind'],
    { cause, status = null, retryAfter = null }: Partial<Pick<Outage, 'status' | 'retryAfter' | 'cause'>> = {},
  ) {
    super(kind, { cause });
    this.kind = kind;
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/** The outage behind an error; null: it is something else, which would be the same next time. */
export const outageOf = (error: unknown): Outage | null =>
  error instanceof GatewayError && error.cause instanceof Outage ? error.cause : null;

/** Characters of what a connection failed by that are told. */
const longestReason = 200;

/** Why a feed did not answer, for whoever runs the gateway: a status, or what the connection failed by. Empty: it is no such error. */
export function outageReason(error: unknown): string {
  const outage = outageOf(error);
  if (outage === null) {
    return '';
  }
  if (outage.status !== null) {
    return `status ${outage.status}`;
  }
  if (outage.kind === 'late') {
    return 'no answer in time';
  }
  const { cause } = outage;
  // Of several addresses that were tried only the code is said.
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const said = cause instanceof Error ? cause.message || code : '';
  return (said || outage.kind).replace(/[\s\p{Cc}]+/gu, ' ').slice(0, longestReason);
}

const silence = {
  late: 'did not answer in time',
  unreachable: 'cannot be reached',
  broken: 'broke its reply off',
} as const;

/** The feed cannot be reached, answers too late, or broke off. The cause is kept for the log, not shown. */
export function unavailable(source: string, cause: unknown, kind: keyof typeof silence): GatewayError {
  if (cause instanceof GatewayError) {
    return cause;
  }
  return new GatewayError('UpstreamUnavailable', `The proxied feed ${source} ${silence[kind]}.`, {
    cause: new Outage(kind, { cause }),
    retryAfter: patience.usual,
  });
}

/** The status behind an error, for whoever wants to know why a feed refused a request. */
class FeedStatus extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`status ${status}`);
    this.status = status;
  }
}

/** A request is longer than the feed, or its metadata, allows: it was not sent. */
class TooLong extends Error {}

/** What a request was not sent for; see `isRefusedForm`. */
export const tooLong = (source: string, { length, most }: { readonly length: number; readonly most: number }) =>
  new GatewayError(
    'LimitExceeded',
    `The request takes ${length} characters at the proxied feed ${source}, which allows ${most}; ask for less in one request, or expand less.`,
    { cause: new TooLong() },
  );

/** The status of the feed that an error is about; null: of none. */
export const statusBehind = (error: unknown): number | null =>
  error instanceof GatewayError && error.cause instanceof FeedStatus ? error.cause.status : null;

/** The status with which a feed refused a request, that it may take in another form; null: it is another fault. */
export function refusedWith(error: unknown): number | null {
  const status = statusBehind(error);
  return status !== null && [400, 414, 431, 500, 501].includes(status) ? status : null;
}

/** Whether a feed does not take a request as it is written, though it may have the rows: another request can be answered. */
export const isRefusedForm = (error: unknown): boolean =>
  refusedWith(error) !== null ||
  statusBehind(error) === 404 ||
  (error instanceof GatewayError && (error.code === 'NotImplemented' || error.cause instanceof TooLong));

/** A feed refused requests of this form before, and is not asked again. It names no value: that was another client's. */
export const refusedBefore = (source: string, status: number): GatewayError =>
  status === 501
    ? new GatewayError('NotImplemented', `The proxied feed ${source} cannot do what was asked.`, {
        feature: 'proxied',
        cause: new FeedStatus(status),
      })
    : refused(source, `refused requests like this one with status ${status} within the last hour`, status);

/**
 * What an error status of the upstream means for our client, who never gets to see the upstream's own challenge. `message`: what it
 * says of it, without what it was sent to sign in; empty: nothing.
 */
export function refusal(
  source: string,
  reply: { readonly status: number; readonly retryAfter: number | null; readonly message: string },
): GatewayError {
  const { status } = reply;
  const said = reply.message === '' ? '' : `: ${reply.message.slice(0, longestMessage)}`;
  if (status >= 300 && status < 400) {
    return refused(source, `redirects (${status}) instead of answering; its address or sign-in is not set up rightly`);
  }
  if (status === 401 || status === 403) {
    return refused(
      source,
      `does not accept the credentials of the gateway (${status}); its operator must renew the token, your own sign-in is fine`,
    );
  }
  if (status === 501) {
    return new GatewayError('NotImplemented', `The proxied feed ${source} cannot do what was asked${said}.`, {
      feature: 'proxied',
      cause: new FeedStatus(status),
    });
  }
  // Who asks for rows asks once more: the same request will not be answered later either.
  if (status === 500) {
    return refused(source, `fails at this request with status 500${said}`, status);
  }
  if (status > 500 || status === 429 || status === 408) {
    const retryAfter = bearable(reply.retryAfter);
    return new GatewayError('UpstreamUnavailable', `The proxied feed ${source} answers with status ${status}${said}.`, {
      retryAfter: retryAfter ?? patience.usual,
      cause: new Outage('status', { status, retryAfter }),
    });
  }
  return refused(source, `refuses the request with status ${status}${said}`, status);
}

/** `status`: the one that says so, where there is one. */
export function refused(source: string, what: string, status?: number): GatewayError {
  const cause = status === undefined ? undefined : new FeedStatus(status);
  return new GatewayError('UpstreamRefused', `The proxied feed ${source} ${what}.`, { cause });
}

/** Seconds, within what the gateway itself says to its clients. */
const bearable = (seconds: number | null): number | null =>
  seconds === null ? null : Math.min(patience.longest, Math.max(1, seconds));

/** Characters of a message of the feed that are shown. */
const longestMessage = 300;

/** The message of an OData error body, in one line; empty when there is none. */
export function errorMessage(body: string): string {
  try {
    const parsed = JSON.parse(body) as { error?: { message?: unknown } } | null;
    const message = parsed?.error?.message;
    if (typeof message !== 'string' || message === '') {
      return '';
    }
    return message.replace(/[\s\p{Cc}]+/gu, ' ');
  } catch {
    return '';
  }
}
