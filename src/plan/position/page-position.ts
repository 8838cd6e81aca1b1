import { GatewayError } from '../../errors.ts';
import type { AllPosition, PagePosition, RemovedPosition } from '../model/read-plan.ts';
import { queryPart } from './rights-part.ts';

/**
 * What stands in `$skiptoken` and `$deltatoken`: base64url of a JSON array, with the fingerprint of the query it came
 * from, so that a token is never used with another query's order, and of the rights that it was made under. It holds no secret and grants nothing: every value in
 * it is read again as a literal of its type.
 */

/** The token of the page after `position`. */
export function encodePagePosition(position: PagePosition, fingerprint: string): string {
  return encode(['p', fingerprint, position.rowId, position.remaining, ...position.values]);
}

/** The token of the page of `$all` after `position`. */
export const encodeAllPosition = ({ set, token, rowId, remaining }: AllPosition, fingerprint: string): string =>
  encodePagePosition({ values: [set, token], rowId: rowId ?? '', remaining }, fingerprint);

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
  if (!isOfQuery(from, fingerprint)) {
    throw foreign('$skiptoken');
  }
  if (!values.every(isOrderValue)) {
    throw damaged('$skiptoken');
  }
  return { values, rowId, remaining };
}

/** The token of the page of removed rows after `position`: it stands where a page position would. */
export const encodeRemovedPosition = ({ part, version, row }: RemovedPosition, fingerprint: string): string =>
  encode(['r', fingerprint, part, version.toString(), row.toString()]);

/**
 * The position among the removed rows of a delta; null: the token is one of a page of rows.
 * @throws GatewayError `InvalidSkipToken` where the token is damaged or another query's
 */
export function decodeRemovedPosition(token: string, fingerprint: string): RemovedPosition | null {
  const [kind, from, part, version, row, ...more] = decode(token);
  if (kind !== 'r') {
    return null;
  }
  const whole = (part === 'gone' || part === 'left') && isDigits(version) && isDigits(row) && more.length === 0;
  if (!whole) {
    throw damaged('$skiptoken');
  }
  if (!isOfQuery(from, fingerprint)) {
    throw foreign('$skiptoken');
  }
  return { part, version: BigInt(version), row: BigInt(row) };
}

/**
 * Data versions between which a client follows the changes of a set. A delta link has `since` alone; pages on the way to
 * one carry `start`, so that a delta link never leaves out what changed while the pages were read.
 */
export interface DeltaToken {
  /** Changes after this version are asked for; null: all rows, of which a delta link is wanted at the end. */
  readonly since: bigint | null;
  /** The version that the first page saw; null: this is the first page. */
  readonly start: bigint | null;
  /** Names the history that the versions count in. */
  readonly epoch: string;
}

export const encodeDeltaToken = ({ since, start, epoch }: DeltaToken, fingerprint: string): string =>
  encode(['d', fingerprint, epoch, since?.toString() ?? null, start?.toString() ?? null]);

/**
 * The data versions in a delta token.
 * @throws GatewayError `InvalidSkipToken` where the token is damaged or another query's
 */
export function decodeDeltaToken(token: string, fingerprint: string): DeltaToken {
  const [kind, from, epoch, since, start, ...more] = decode(token);
  const versions = isVersion(since) && isVersion(start) && (since !== null || start !== null);
  if (kind !== 'd' || typeof epoch !== 'string' || !versions || more.length > 0) {
    throw damaged('$deltatoken');
  }
  if (!isOfQuery(from, fingerprint)) {
    throw foreign('$deltatoken');
  }
  return { since: versionOf(since), start: versionOf(start), epoch };
}

/** Whether it is a delta token of this query. */
export function isDeltaToken(token: string, fingerprint: string): boolean {
  const [kind, from] = decode(token);
  return kind === 'd' && typeof from === 'string' && isOfQuery(from, fingerprint);
}

/** The fingerprint in a token of pages, with its rights; null: the token is a feed's own, or none. */
export function fingerprintIn(token: string): string | null {
  const [kind, from] = decode(token);
  return (kind === 'p' || kind === 'r') && typeof from === 'string' ? from : null;
}

const isOfQuery = (from: unknown, fingerprint: string): boolean =>
  typeof from === 'string' && queryPart(from) === queryPart(fingerprint);

const isDigits = (value: unknown): value is string => typeof value === 'string' && /^\d{1,18}$/.test(value);

const isVersion = (value: unknown): value is string | null => value === null || isDigits(value);

const versionOf = (text: string | null): bigint | null => (text === null ? null : BigInt(text));

const isRemaining = (value: unknown): value is number | null =>
  value === null || (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0);

const isOrderValue = (value: unknown): value is string | null => value === null || typeof value === 'string';

function encode(fields: readonly unknown[]): string {
  const bytes = new TextEncoder().encode(JSON.stringify(fields));
  let binary = '';
  for (const byte of bytes) {
    binary += String.fromCharCode(byte);
  }
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

function decode(token: string): unknown[] {
  try {
    const binary = atob(token.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = new Uint8Array(binary.length);
    for (let at = 0; at < binary.length; at++) {
      bytes[at] = binary.charCodeAt(at);
    }
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
