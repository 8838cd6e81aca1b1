import { createHash } from 'node:crypto';
import { isCheap, parseScrypt, type ScryptHash } from '../password/scrypt-hash.ts';
import { type CredentialWatch, type ReadLines, readLines, unwatched, watchedLines } from './watched-lines.ts';

/** A line of a file of passwords or keys. */
export interface CredentialLine {
  readonly name: string;
  readonly hash: CredentialHash;
  /** Milliseconds since 1970 from which on it does not count; null: it always does. */
  readonly endsAt: number | null;
}

/** A fast hash is enough for what is random: nobody can guess that. */
export type CredentialHash =
  | { readonly kind: 'sha256'; readonly digest: Buffer }
  | { readonly kind: 'scrypt'; readonly scrypt: ScryptHash };

/**
 * A file of `name:hash` lines, with the last day of a key behind another colon; `#` starts a comment. Read again when it changes, so that a key can be
 * withdrawn. A file that cannot be read, or has a faulty line, changes nothing: the last good list stays.
 */
export interface Credentials {
  /** Changes when the list does. */
  version(): string;
  lines(): readonly CredentialLine[];
}

/** Throws an Error with all faults when there is no good list to begin with. */
export function credentialFile(file: string, watch: CredentialWatch = unwatched): Credentials {
  const watched = watchedLines(file, readCredentials, watch);
  return { version: () => watched.now().version, lines: () => watched.now().lines };
}

/** The good lines of a file, and one sentence for each fault, with file and line. Never shows what stands in a line. */
export function readCredentials(file: string): ReadLines<CredentialLine> {
  return readLines(file, 'name:hash as `gateway user add` or `gateway key add` writes it', parseLine);
}

function parseLine(line: string): CredentialLine | null {
  const [, name = '', hashText = '', day] = /^([^:]+):\s*([^:\s]+)(?::(\d{4}-\d\d-\d\d))?\s*$/.exec(line) ?? [];
  const hash = parseHash(hashText);
  const endsAt = day === undefined ? null : endOfDay(day);
  return hash === null || Number.isNaN(endsAt) ? null : { name, hash, endsAt };
}

function parseHash(text: string): CredentialHash | null {
  const [, hex] = /^sha256\$([0-9a-f]{64})$/.exec(text) ?? [];
  if (hex !== undefined) {
    return { kind: 'sha256', digest: Buffer.from(hex, 'hex') };
  }
  const scrypt = parseScrypt(text);
  return scrypt === null ? null : { kind: 'scrypt', scrypt };
}

/** A key counts until its last day is over, UTC. NaN: no date. */
export const endOfDay = (day: string): number => {
  const midnight = Date.parse(`${day}T00:00:00Z`);
  const isDate = !Number.isNaN(midnight) && new Date(midnight).toISOString().startsWith(day);
  return isDate ? midnight + 86_400_000 : Number.NaN;
};

export const lastDay = (endsAt: number): string => new Date(endsAt - 1).toISOString().slice(0, 10);

export const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();

/** `sha256$hex` of a key. Only for random keys: nobody can guess those, so a fast hash is enough. */
export const hashKey = (key: string): string => `sha256$${sha256(key).toString('hex')}`;

/** Names whose passwords are kept in a form that is cheaper to guess than today's. */
export const passwordsToRenew = (lines: readonly CredentialLine[]): readonly string[] =>
  lines.filter(({ hash }) => hash.kind === 'sha256' || isCheap(hash.scrypt)).map(({ name }) => name);

/** Names whose keys are hashed as passwords are: each wrong key costs as much as all of them. */
export const slowKeys = (lines: readonly CredentialLine[]): readonly string[] =>
  lines.filter(({ hash }) => hash.kind === 'scrypt').map(({ name }) => name);
