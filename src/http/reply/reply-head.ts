import Negotiator from 'negotiator';
import type { CopyAge, ReadServer } from '../../source/data-source.ts';
import type { Exchange } from '../exchange.ts';
import { headerText } from '../exchange.ts';
import type { ContentEncoding, ReplyHead } from './reply-sink.ts';

/** What a reply depends on besides its URL, for caches. */
const vary = 'Accept, Accept-Encoding, Prefer, Authorization, Origin';

/** The encoding agreed with the client. Brotli is not offered: the readers that matter do not ask for it. */
export function contentEncoding(exchange: Pick<Exchange, 'headers'>): ContentEncoding {
  const accepted = headerText(exchange.headers['accept-encoding']);
  if (accepted === undefined) {
    return 'identity';
  }
  const chosen = new Negotiator({ headers: { 'accept-encoding': accepted } }).encoding(['gzip', 'deflate', 'identity']);
  return chosen === 'gzip' || chosen === 'deflate' ? chosen : 'identity';
}

export interface HeadFacts {
  readonly status?: number;
  readonly contentType: string;
  readonly etag?: string | null;
  readonly applied?: readonly string[];
  /** Others to add. */
  readonly more?: Readonly<Record<string, string>>;
}

/** Status and headers of a reply with a body. `OData-Version` stands on every reply already. */
export function replyHead(exchange: Exchange, facts: HeadFacts): ReplyHead {
  const headers: Record<string, string> = {
    'Content-Type': facts.contentType,
    'Cache-Control': 'private, no-cache',
    Vary: vary,
    'Server-Timing': exchange.timing.header,
    ...copyHeaders(exchange.copy),
    ...serverHeader(exchange.server),
    ...facts.more,
  };
  if (facts.etag !== undefined && facts.etag !== null) {
    headers['ETag'] = facts.etag;
  }
  if (facts.applied !== undefined && facts.applied.length > 0) {
    headers['Preference-Applied'] = facts.applied.join(', ');
  }
  return { status: facts.status ?? 200, headers };
}

/** Of a reply out of a copy: `Age` (RFC 9111, 5.1), and the warning of RFC 7234, 5.5.1, which readers still know. */
function copyHeaders(copy: CopyAge | null): Record<string, string> {
  if (copy === null) {
    return {};
  }
  return { Age: String(copy.seconds), ...(copy.stale ? { Warning: '110 - "Response is Stale"' } : {}) };
}

/** Of a reply whose rows standbys may have: which server it was, and by how many seconds it was behind when it was looked at. */
function serverHeader(server: ReadServer | null): Record<string, string> {
  if (server === null) {
    return {};
  }
  const { standby, lagSeconds } = server;
  return { 'X-Read-Server': standby === null ? 'primary' : `standby ${standby}; lag=${lagSeconds.toFixed(3)}` };
}

/** Ends the exchange with a status and no body. */
export function endEmpty(exchange: Exchange, status: 204 | 304, headers: Readonly<Record<string, string>> = {}): void {
  exchange.response.writeHead(status, { 'Cache-Control': 'private, no-cache', Vary: vary, ...headers });
  exchange.response.end();
}
