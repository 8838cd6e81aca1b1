import { createHash, randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';

/** A file of `name:hash` lines; `#` starts a comment. Read again when it changes, so that a key can be withdrawn. */
export interface Credentials {
  /** Changes when the file does. */
  version(): string;
  /** The name whose hash fits `secret`; with `name` only that line is tried. null: none. */
  verify(secret: string, name: string | null): Promise<string | null>;
}

interface Line {
  readonly name: string;
  readonly hash: string;
}

/** Throws an Error that names the file and the line when it cannot be read or a line is malformed. */
export function credentialFile(file: string): Credentials {
  let version = '';
  let lines: readonly Line[] = [];
  const refresh = (): string => {
    const { mtimeMs, size } = statSync(file);
    const now = `${mtimeMs}:${size}`;
    if (now !== version) lines = readLines(file);
    version = now;
    return now;
  };
  refresh();
  return {
    version: refresh,
    async verify(secret, name) {
      refresh();
      let found: string | null = null;
      const candidates = name === null ? lines : lines.filter((line) => line.name === name);
      // An unknown name costs as much as a known one.
      if (candidates.length === 0) await fits(secret, unknownHash);
      for (const line of candidates) if (await fits(secret, line.hash)) found = line.name;
      return found;
    },
  };
}

function readLines(file: string): readonly Line[] {
  const lines = readFileSync(file, 'utf8').split(/\r?\n/);
  return lines.flatMap((text, index) => {
    if (text.trim() === '' || text.startsWith('#')) return [];
    const colon = text.indexOf(':');
    const hash = text.slice(colon + 1).trim();
    if (colon < 1 || !/^(scrypt\$\d+\$\d+\$\d+\$[\w-]+\$[\w-]+|sha256\$[0-9a-f]{64})$/.test(hash))
      throw new Error(`${file}, line ${index + 1}: must be name:hash as \`gateway hash-password\` prints it`);
    return [{ name: text.slice(0, colon), hash }];
  });
}

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
  if (kind === 'sha256')
    return timingSafeEqual(Buffer.from(parts[0] ?? '', 'hex'), createHash('sha256').update(secret).digest());
  const [N, r, p, salt = '', expected = ''] = parts;
  const stored = Buffer.from(expected, 'base64url');
  const computed = await derive(secret, Buffer.from(salt, 'base64url'), { N: Number(N), r: Number(r), p: Number(p) });
  return stored.length === computed.length && timingSafeEqual(stored, computed);
}

function derive(secret: string, salt: Buffer, options: ScryptOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(secret, salt, hashLength, { ...options, maxmem: 256 * 1024 * 1024 }, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}
