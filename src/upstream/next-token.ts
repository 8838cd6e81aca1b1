import { createHmac, timingSafeEqual } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { GatewayError } from '../errors.ts';

const signatureBytes = 16;
const longestLink = 64 * 1024;

/** Binds a token to what it continues: a token given to another request is refused. */
export interface TokenPlace {
  /** Secret of this installation, shared by all its processes. */
  readonly secret: Buffer;
  readonly source: string;
  /** `path?query` that the request's plan compiles to; the same for all pages of one read. */
  readonly request: string;
}

/**
 * The upstream's next link as text for our own `$skiptoken`: compressed against the first request's URL, which it mostly
 * repeats, and signed, so that nobody can make the gateway fetch what the upstream did not name.
 */
export function sealNext(link: string, place: TokenPlace): string {
  const packed = deflateRawSync(Buffer.from(link, 'utf8'), { dictionary: Buffer.from(place.request, 'utf8') });
  return Buffer.concat([sign(packed, place), packed]).toString('base64url');
}

/**
 * The next link in a token made by `sealNext` for the same request.
 * @throws GatewayError InvalidSkipToken for every other text.
 */
export function openNext(token: string, place: TokenPlace): string {
  const bytes = /^[A-Za-z0-9_-]+$/.test(token) ? Buffer.from(token, 'base64url') : Buffer.alloc(0);
  const packed = bytes.subarray(signatureBytes);
  const signature = bytes.subarray(0, signatureBytes);
  if (packed.length === 0 || !timingSafeEqual(signature, sign(packed, place))) {
    throw new GatewayError('InvalidSkipToken', '$skiptoken is not one that this feed made for this request.', {
      target: '$skiptoken',
    });
  }
  const dictionary = Buffer.from(place.request, 'utf8');
  return inflateRawSync(packed, { dictionary, maxOutputLength: longestLink }).toString('utf8');
}

function sign(packed: Buffer, place: TokenPlace): Buffer {
  return createHmac('sha256', place.secret)
    .update(JSON.stringify([place.source, place.request]))
    .update(packed)
    .digest()
    .subarray(0, signatureBytes);
}

/**
 * The part of a next link below the upstream's service root. Relative links count from `base`, the address of the page
 * that held them (OData JSON 4.0, 4.5.1). Scheme and host of a link are not looked at: feeds behind a proxy often write
 * an inner host, and the gateway always asks the configured one.
 * @throws GatewayError UpstreamRefused when the link leads out of the service root.
 */
export function linkBelowRoot(link: string, base: URL, root: URL): string {
  let target: URL;
  try {
    target = new URL(link, base);
  } catch {
    throw outside(link);
  }
  if (!target.pathname.startsWith(root.pathname) || !/^https?:$/.test(target.protocol)) {
    throw outside(link);
  }
  const path = target.pathname.slice(root.pathname.length);
  // An encoded slash or dot segment could climb out again at the upstream.
  if (/(?:^|\/|%2f)(?:\.|%2e){1,2}(?:\/|%2f|$)/i.test(path)) {
    throw outside(link);
  }
  return `${path}${target.search}`;
}

function outside(link: string): GatewayError {
  return new GatewayError(
    'UpstreamRefused',
    `The proxied feed names a next page outside of its service root: ${link.slice(0, 200)}.`,
  );
}
