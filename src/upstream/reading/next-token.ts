import { createHmac, timingSafeEqual } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { GatewayError } from '../../errors.ts';
import { beginTrail, type PageTrail, trailIn, trailText } from './page-trail.ts';

const signatureBytes = 16;
/** A link holds none. */
const lineEnd = '\n';
const longestLink = 64 * 1024;

/** Binds a token to what it continues: a token given to another request is refused. */
export interface TokenPlace {
  /** Secret of this installation, shared by all its processes. */
  readonly secret: Buffer;
  readonly source: string;
  /** `path?query` that the request's plan compiles to; the same for all pages of one read. */
  readonly request: string;
}

/** A page to go on with. */
export interface NextPage {
  /** `path?query` below the service root. */
  readonly link: string;
  readonly trail: PageTrail;
  /** Rows still wanted of those that `$top` asks for; null: all there are. */
  readonly left: number | null;
  /** Names of comparisons for which its rows are looked at again. */
  readonly checks: readonly string[];
}

/**
 * The upstream's next link as text for our own `$skiptoken`: compressed against the first request's URL, which it mostly
 * repeats, and signed, so that nobody can make the gateway fetch what the upstream did not name.
 */
export function sealNext({ link, trail, left, checks }: NextPage, place: TokenPlace): string {
  const wanted = left === null && checks.length === 0 ? '' : `${lineEnd}${left ?? ''}`;
  const checked = checks.map((check) => `${lineEnd}${check}`).join('');
  const packed = deflateRawSync(Buffer.from(`${trailText(trail)}${lineEnd}${link}${wanted}${checked}`, 'utf8'), {
    dictionary: Buffer.from(place.request, 'utf8'),
  });
  return Buffer.concat([sign(packed, place), packed]).toString('base64url');
}

/**
 * The page in a token made by `sealNext` for the same request.
 * @throws GatewayError InvalidSkipToken for every other text.
 */
export function openNext(token: string, place: TokenPlace): NextPage {
  const bytes = /^[A-Za-z0-9_-]+$/.test(token) ? Buffer.from(token, 'base64url') : Buffer.alloc(0);
  const packed = bytes.subarray(signatureBytes);
  const signature = bytes.subarray(0, signatureBytes);
  if (packed.length === 0 || !timingSafeEqual(signature, sign(packed, place))) {
    throw new GatewayError('InvalidSkipToken', '$skiptoken is not one that this feed made for this request.', {
      target: '$skiptoken',
    });
  }
  const dictionary = Buffer.from(place.request, 'utf8');
  const text = inflateRawSync(packed, { dictionary, maxOutputLength: longestLink }).toString('utf8');
  const [trail = '', link, left = '', ...checks] = text.split(lineEnd);
  // Tokens of earlier versions hold the link alone, or with its trail.
  return link === undefined
    ? { link: text, trail: beginTrail(text), left: null, checks }
    : { link, trail: trailIn(trail) ?? beginTrail(link), left: left === '' ? null : Number(left), checks };
}

function sign(packed: Buffer, place: TokenPlace): Buffer {
  return createHmac('sha256', place.secret)
    .update(JSON.stringify([place.source, place.request]))
    .update(packed)
    .digest()
    .subarray(0, signatureBytes);
}
