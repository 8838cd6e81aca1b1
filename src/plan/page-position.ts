import { GatewayError } from '../errors.ts';
import type { ODataUri } from '../uri/syntax.ts';
import type { PagePosition } from './read-plan.ts';

/**
 * What stands in `$skiptoken` and `$deltatoken`: base64url of a JSON array, with the fingerprint of the query it came
 * from, so that a token is never used with another query's order. It holds no secret and grants nothing: every value in
 * it is read again as a literal of its type.
 */

/** The token of the page after `position`. */
export function encodePagePosition(position: PagePosition, fingerprint: string): string {
  return encode(['p', fingerprint, position.rowId, position.remaining, ...position.values]);
}

/**
 * The position in a token.
 * @throws GatewayError `InvalidSkipToken` where the token is damaged or another query's
 */
export function decodePagePosition(token: string, fingerprint: string): PagePosition {
  const [kind, ...fields] = decode(token);
  const [from, rowId, remaining, ...values] = fields;
  if (kind !== 'p' || typeof from !== 'string' || typeof rowId !== 'string' || !isRemaining(remaining)) {
    throw damaged('$skiptoken');
  }
  if (from !== fingerprint) throw foreign('$skiptoken');
  if (!values.every(isOrderValue)) throw damaged('$skiptoken');
  return { values, rowId, remaining };
}

/** The token of the changes after data version `version`. */
export const encodeDeltaToken = (version: bigint, fingerprint: string): string =>
  encode(['d', fingerprint, version.toString()]);

/**
 * The data version in a delta token.
 * @throws GatewayError `InvalidSkipToken` where the token is damaged or another query's
 */
export function decodeDeltaToken(token: string, fingerprint: string): bigint {
  const [kind, from, version, ...more] = decode(token);
  if (kind !== 'd' || typeof version !== 'string' || !/^\d{1,19}$/.test(version) || more.length > 0) {
    throw damaged('$deltatoken');
  }
  if (from !== fingerprint) throw foreign('$deltatoken');
  return BigInt(version);
}

/**
 * 64 bits of the query's shape in hexadecimal: path, `$filter`, `$search`, `$orderby`, `$apply`, `$compute` and the
 * aliases. Rows wanted, selected and expanded may differ between pages: they do not change the order.
 */
export function queryFingerprint(uri: ODataUri): string {
  const { filter, search, orderby, apply, compute } = uri.options;
  const shape = [uri.path.segments, filter, search, orderby, apply, compute, [...uri.aliases]];
  return hash(JSON.stringify(shape, (name, value: unknown) => (name === 'at' ? undefined : value)));
}

const isRemaining = (value: unknown): value is number | null =>
  value === null || (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0);

const isOrderValue = (value: unknown): value is string | null => value === null || typeof value === 'string';

/** Two 32-bit FNV-1a hashes with different starts: as cheap as one number multiplication a character. */
function hash(text: string): string {
  let low = 0x811c9dc5;
  let high = 0x050c5d1f;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ (code + index), 0x01000193);
  }
  return hexadecimal(high) + hexadecimal(low);
}

const hexadecimal = (value: number): string => (value >>> 0).toString(16).padStart(8, '0');

function encode(fields: readonly unknown[]): string {
  const bytes = new TextEncoder().encode(JSON.stringify(fields));
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

function decode(token: string): unknown[] {
  try {
    const binary = atob(token.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    const fields: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return Array.isArray(fields) ? fields : [];
  } catch {
    return [];
  }
}

const damaged = (target: string): GatewayError =>
  new GatewayError('InvalidSkipToken', `${target}: the token is damaged.`, { target });

const foreign = (target: string): GatewayError =>
  new GatewayError('InvalidSkipToken', `${target}: the token belongs to another query.`, { target });
