import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import {
  type CredentialWatch,
  type ReadLines,
  readLines,
  unwatched,
  watchedLines,
} from '../../sign-in/files/watched-lines.ts';

/** Who may send files. */
export interface UploadKey {
  readonly name: string;
  /** Names of the sources whose files he may send; null: of all. */
  readonly sources: readonly string[] | null;
}

interface Line extends UploadKey {
  /** SHA-256 of the key, hex. */
  readonly hash: string;
}

/** Finds the key that a request carries; null: none, or one that is not known (any more). */
export type FindKey = (headers: IncomingHttpHeaders) => UploadKey | null;

/**
 * The keys of a file of `name:sha256$hex` lines, with the sources behind another colon where not all are meant (`crm:sha256$...:acme,other`).
 * Keys are random (`gateway hash-password --ingest`), so a fast hash is enough, and guessing needs no brake. Throws an Error with all faults when
 * there is no good list to begin with.
 */
export function uploadKeys(file: string, watch: CredentialWatch = unwatched): FindKey {
  const watched = watchedLines(file, readUploadKeys, watch);
  return (headers) => {
    const secret = secretOf(headers);
    if (secret === null) {
      return null;
    }
    const digest = createHash('sha256').update(secret).digest();
    let found: UploadKey | null = null;
    // All of them, however early one fits.
    for (const { name, sources, hash } of watched.now().lines) {
      if (timingSafeEqual(Buffer.from(hash, 'hex'), digest)) {
        found = { name, sources };
      }
    }
    return found;
  };
}

/** A bearer token, or the password of Basic authentication, which is what some programs can send alone. */
function secretOf({ authorization = '' }: IncomingHttpHeaders): string | null {
  const [scheme = '', token = ''] = authorization.trim().split(/\s+/, 2);
  if (scheme.toLowerCase() === 'bearer' && token !== '') {
    return token;
  }
  if (scheme.toLowerCase() !== 'basic') {
    return null;
  }
  const pair = Buffer.from(token, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  return colon < 0 ? null : pair.slice(colon + 1);
}

const must = 'name:sha256$... or name:sha256$...:source,source as `gateway hash-password --ingest` prints it';

export function readUploadKeys(file: string): ReadLines<Line> {
  return readLines(file, must, (line) => {
    const [, name = '', hash = '', sources] =
      /^([^:#][^:]*):\s*sha256\$([0-9a-f]{64})(?:\s*:\s*([\w-]+(?:\s*,\s*[\w-]+)*))?\s*$/.exec(line) ?? [];
    return hash === '' ? null : { name, hash, sources: sources?.split(',').map((one) => one.trim()) ?? null };
  });
}
