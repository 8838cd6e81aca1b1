import { createHash, randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import type { HttpEvent } from '../observation/events/http.ts';
import { type Observe, unobserved } from '../observation/observe.ts';

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

/** The setting that names a file of credentials, and where it is told what becomes of a changed file. */
export interface CredentialWatch {
  readonly setting: string;
  readonly observe: Observe<HttpEvent>;
}

const unwatched: CredentialWatch = { setting: '', observe: unobserved };

/** Throws an Error with all faults when there is no good list to begin with. */
export function credentialFile(file: string, { setting, observe }: CredentialWatch = unwatched): Credentials {
  let seen = '';
  let fault: string | null = null;
  let version = 0;
  const first = readCredentials(file);
  if (first.faults.length > 0) {
    throw new Error(first.faults.join('\n'));
  }
  let { lines } = first;
  seen = stampOf(file);
  const refresh = (): string => {
    const now = stampOf(file);
    if (now === seen) {
      return String(version);
    }
    seen = now;
    const read = readCredentials(file);
    const faulty = read.faults.length === 0 ? null : read.faults.join('; ');
    if (faulty !== fault) {
      observe({ event: 'credentials', setting, fault: faulty });
    }
    fault = faulty;
    if (faulty === null) {
      lines = read.lines;
      version += 1;
    }
    return String(version);
  };
  return {
    version: refresh,
    async verify(secret, name) {
      refresh();
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

/** Differs whenever the file was written to or replaced, also within one tick of its clock and by as many bytes. */
function stampOf(file: string): string {
  try {
    const { mtimeNs, ctimeNs, size, ino } = statSync(file, { bigint: true });
    return [mtimeNs, ctimeNs, size, ino].join(':');
  } catch (error) {
    return reasonOf(error);
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The good lines of a file, and one sentence for each fault, with file and line. Never shows what stands in a line. */
export function readCredentials(file: string): { readonly lines: readonly Line[]; readonly faults: readonly string[] } {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    return { lines: [], faults: [`${file} cannot be read: ${reasonOf(error)}`] };
  }
  const lines: Line[] = [];
  const faults: string[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#')) {
      continue;
    }
    const colon = line.indexOf(':');
    const hash = line.slice(colon + 1).trim();
    if (colon >= 1 && isHash(hash)) {
      lines.push({ name: line.slice(0, colon), hash });
    } else {
      faults.push(`${file}, line ${index + 1}: must be name:hash as \`gateway hash-password\` prints it`);
    }
  }
  return { lines, faults };
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
