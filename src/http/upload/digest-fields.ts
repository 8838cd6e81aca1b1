import type { IncomingHttpHeaders } from 'node:http';
import { GatewayError } from '../../errors.ts';

/** Hex SHA-256 that a request announces; null: not said. */
export interface Digests {
  /** Of the whole file. */
  readonly whole: string | null;
  /** Of the body. */
  readonly body: string | null;
}

/**
 * `Repr-Digest` and `Content-Digest` (RFC 9530), `Digest` (RFC 3230) and `X-Checksum-Sha256`. Other algorithms than SHA-256 are passed over, as
 * the RFCs say. Throws BadRequest for a value that is no digest, and for two that differ.
 */
export function digestsOf(headers: IncomingHttpHeaders): Digests {
  const whole = [
    fieldOf(headers, 'repr-digest', /sha-256=:([^:]*):/i),
    fieldOf(headers, 'digest', /sha-256=([A-Za-z0-9+/=]+)/i),
    hexOf(headers, 'x-checksum-sha256'),
  ].filter((digest) => digest !== null);
  if (new Set(whole).size > 1) {
    throw new GatewayError('BadRequest', 'The headers announce several digests of the file, which differ');
  }
  return { whole: whole[0] ?? null, body: fieldOf(headers, 'content-digest', /sha-256=:([^:]*):/i) };
}

function fieldOf(headers: IncomingHttpHeaders, name: string, pattern: RegExp): string | null {
  const [, base64] = pattern.exec([headers[name] ?? ''].flat().join(', ')) ?? [];
  if (base64 === undefined) {
    return null;
  }
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.length !== 32) {
    throw noDigest(name);
  }
  return bytes.toString('hex');
}

function hexOf(headers: IncomingHttpHeaders, name: string): string | null {
  const value = [headers[name] ?? ''].flat().join('').trim().toLowerCase();
  if (value === '') {
    return null;
  }
  if (!/^[0-9a-f]{64}$/.test(value)) {
    throw noDigest(name);
  }
  return value;
}

const noDigest = (name: string): GatewayError =>
  new GatewayError('BadRequest', `${name} must have a SHA-256: 32 bytes, in base64 or, for X-Checksum-Sha256, in hex`, {
    target: name,
  });
