import { createHash, randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { type CredentialWatch, type ReadLines, readLines, unwatched, watchedLines } from './watched-lines.ts';

/**
 * A file of `name:hash` lines; `#` starts a comment. Read again when it changes, so that a key can be withdrawn. A file that
 * cannot be read, or has a faulty line, changes nothing: the last good list stays.
 */
export interface Credentials {
  /** Changes when the list does. */
  version(): string;
  /** The name whose hash fits `secret`; with `name` only that line is tried. null: none. */
  verify(secret: string, name: string | null): Promise<string | null>;
}

interface Line {
  readonly name: string;
  readonly hash: string;
}

/** Throws an Error with all faults when there is no good list to begin with. */
export function credentialFile(file: string, watch: CredentialWatch = unwatched): Credentials {
  const watched = watchedLines(file, readCredentials, watch);
  return {
    version: () => watched.now().version,
    async verify(secret, name) {
      const { lines } = watched.now();
      let found: string | null = null;
      const candidates = name === null ? lines : lines.filter((line) => line.name === name);
      // An unknown name costs as much as a known one.
      if (candidates.length === 0) {
        await fits(secret, unknownHash);
      }
      for (const line of candidates) {
        if (await fits(secret, line.hash)) {
          found = line.name;
        }
      }
      return found;
    },
  };
}

/** The good lines of a file, and one sentence for each fault, with file and line. Never shows what stands in a line. */
export function readCredentials(file: string): ReadLines<Line> {
  return readLines(file, 'name:hash as `gateway hash-password` prints it', (line) => {
    const colon = line.indexOf(':');
    const hash = line.slice(colon + 1).trim();
    return colon >= 1 && isHash(hash) ? { name: line.slice(0, colon), hash } : null;
  });
}

/** Also that a hash can be computed: one wrong factor would fail every request of that name. */
function isHash(text: string): boolean {
  if (/^sha256\$[0-9a-f]{64}$/.test(text)) {
    return true;
  }
  const [, N = 0, r = 0, p = 0] = (/^scrypt\$(\d{1,7})\$(\d{1,3})\$(\d{1,3})\$[\w-]+\$[\w-]{43}$/.exec(text) ?? []).map(
    Number,
  );
  return N > 1 && (N & (N - 1)) === 0 && r > 0 && p > 0 && 128 * r * (N + p + 2) < memory;
}

/** Bytes that computing one hash may take. */
const memory = 256 * 1024 * 1024;

const cost = { N: 16_384, r: 8, p: 1 } as const;
const hashLength = 32;

/** `scrypt$N$r$p$salt$hash` (base64url) of a password, for a line of the file. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const hash = await derive(password, salt, cost);
  return `scrypt$${cost.N}$${cost.r}$${cost.p}$${salt.toString('base64url')}$${hash.toString('base64url')}`;
}

/** `sha256$hex` of a key. Only for random keys: nobody can guess those, so a fast hash is enough. */
export function hashKey(key: string): string {
  return `sha256$${createHash('sha256').update(key).digest('hex')}`;
}

const unknownHash = `scrypt$${cost.N}$${cost.r}$${cost.p}$AAAAAAAAAAAAAAAAAAAAAA$${Buffer.alloc(hashLength).toString('base64url')}`;

async function fits(secret: string, hash: string): Promise<boolean> {
  const [kind, ...parts] = hash.split('$');
  if (kind === 'sha256') {
    return timingSafeEqual(Buffer.from(parts[0] ?? '', 'hex'), createHash('sha256').update(secret).digest());
  }
  const [N, r, p, salt = '', expected = ''] = parts;
  const stored = Buffer.from(expected, 'base64url');
  const computed = await derive(secret, Buffer.from(salt, 'base64url'), { N: Number(N), r: Number(r), p: Number(p) });
  return stored.length === computed.length && timingSafeEqual(stored, computed);
}

function derive(secret: string, salt: Buffer, options: ScryptOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(secret, salt, hashLength, { ...options, maxmem: memory }, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}
