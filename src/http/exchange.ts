import type { IncomingHttpHeaders } from 'node:http';
import { GatewayError } from '../errors.ts';
import type { Principal } from '../sign-in/principal.ts';
import type { CopyAge, ReadServer } from '../source/data-source.ts';
import type { RequestOrigin } from './edge/request-origin.ts';
import type { ServiceLimits } from './limits.ts';
import type { ReplyTarget } from './reply/reply-target.ts';
import { ClientGone } from './request/client-gone.ts';
import { checkVersion } from './request/odata-version.ts';
import { type Preferences, preferences } from './request/prefer.ts';
import { ServerTiming } from './server-timing.ts';

/** Path of the feed root, with both slashes. */
export const feedPath = '/odata/';

/** One request and its reply. */
export interface Exchange {
  readonly id: string;
  readonly method: string;
  /** Resource path below the feed root, still percent-encoded. */
  readonly path: string;
  /** Query, still percent-encoded, without the key option; the body of a POST to `$query` is part of it. */
  readonly query: string;
  readonly headers: IncomingHttpHeaders;
  /** Who asks; null: everybody may read. */
  readonly principal: Principal | null;
  /** See `Reading.caller`. Never logged. */
  readonly caller: string | null;
  readonly prefer: Preferences;
  /** Absolute service root with its final slash: what every link starts with. */
  readonly root: string;
  readonly response: ReplyTarget;
  /** Aborts when the client hangs up. */
  readonly signal: AbortSignal;
  readonly timing: ServerTiming;
  readonly limits: ServiceLimits;
  /** What `now()` is where the request says it, ISO 8601 in UTC: the instant of the first page. null: it does not. */
  instant: string | null;
  /** Rows written so far, for the log. */
  rows: number | null;
  /** Age of the oldest copy of a proxied feed's reply that this one is made from; null: of none. */
  copy: CopyAge | null;
  /** The reply was kept from another request, for the log. */
  fromCache: boolean;
  /** Which server of PostgreSQL reads the rows; null: it is not known, or not told. */
  server: ReadServer | null;
}

export interface ExchangeSource {
  readonly id: string;
  readonly request: {
    readonly method: string;
    readonly headers: IncomingHttpHeaders;
    readonly origin: Pick<RequestOrigin, 'secure'>;
  };
  readonly response: ReplyTarget;
  readonly principal: Principal | null;
  readonly caller: string | null;
  readonly publicUrl: string | null;
  readonly limits: ServiceLimits;
  readonly target: { readonly path: string; readonly query: string };
}

/** Throws GatewayError BadRequest for a Host header that cannot be one, UnsupportedVersion for an OData-MaxVersion below 4. */
export function openExchange(source: ExchangeSource): Exchange {
  const { request, response } = source;
  checkVersion(request.headers);
  return {
    id: source.id,
    method: request.method,
    path: source.target.path,
    query: source.target.query,
    headers: request.headers,
    principal: source.principal,
    caller: source.caller,
    prefer: preferences(headerText(request.headers['prefer'])),
    root: serviceRoot(source.publicUrl, request.headers.host, request.origin.secure),
    response,
    signal: hangUpSignal(response),
    timing: new ServerTiming(),
    limits: source.limits,
    instant: null,
    rows: null,
    copy: null,
    fromCache: false,
    server: null,
  };
}

/** Several headers of a name count as one list (RFC 9110, 5.3). */
export function headerText(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value;
}

/** A name or address with an optional port, nothing that could break out of a URL. */
const hostPattern = /^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?$/;

/** Absolute, with its final slash: of PUBLIC_URL, else of the host that the request came by, over TLS or not. Throws GatewayError BadRequest. */
export function serviceRoot(publicUrl: string | null, host: string | undefined, secure: boolean): string {
  if (publicUrl !== null) {
    return `${publicUrl}${feedPath}`;
  }
  if (host === undefined || !hostPattern.test(host)) {
    throw new GatewayError('BadRequest', 'The Host header is not a host name', { target: 'Host' });
  }
  return `${secure ? 'https' : 'http'}://${host}${feedPath}`;
}

function hangUpSignal(response: ReplyTarget): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) {
      controller.abort(new ClientGone());
    }
  });
  return controller.signal;
}
