import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';

/** What a password was hashed with, and to what (RFC 7914). */
export interface ScryptHash {
  /** Cost, a power of two. */
  readonly N: number;
  /** Size of a block. */
  readonly r: number;
  /** Parallel parts. */
  readonly p: number;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

/** The least that OWASP's Password Storage Cheat Sheet asks of scrypt (2026). */
export const presentCost = { N: 2 ** 17, r: 8, p: 1 } as const;
const hashBytes = 32;
const saltBytes = 16;

/** Bytes that computing one hash may take. */
const memory = 256 * 1024 * 1024;

/** `$scrypt$ln=17,r=8,p=1$salt$hash` (PHC string format), or the form of before 0.4, `scrypt$N$r$p$salt$hash`. null: neither, or one that cannot be computed. */
export function parseScrypt(text: string): ScryptHash | null {
  const [, ln, r1 = '', p1 = '', salt1 = '', hash1 = ''] =
    /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{43})$/.exec(text) ?? [];
  if (ln !== undefined) {
    return computable(2 ** Number(ln), r1, p1, { salt: salt1, hash: hash1 });
  }
  const [, N = '', r = '', p = '', salt = '', hash = ''] =
    /^scrypt\$(\d{1,7})\$(\d{1,3})\$(\d{1,3})\$([\w-]+)\$([\w-]{43})$/.exec(text) ?? [];
  return N === '' ? null : computable(Number(N), r, p, { salt, hash });
}

function computable(
  N: number,
  rText: string,
  pText: string,
  { salt, hash }: { readonly salt: string; readonly hash: string },
): ScryptHash | null {
  const [r, p] = [Number(rText), Number(pText)];
  const isFine = N > 1 && Number.isInteger(Math.log2(N)) && r > 0 && p > 0 && 128 * r * (N + p + 2) < memory;
  return isFine ? { N, r, p, salt: Buffer.from(salt, 'base64'), hash: Buffer.from(hash, 'base64') } : null;
}

export function formatScrypt({ N, r, p, salt, hash }: ScryptHash): string {
  const text = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');
  return `$scrypt$ln=${Math.log2(N)},r=${r},p=${p}$${text(salt)}$${text(hash)}`;
}

/** Whether guessing it costs less than a hash made today. */
export const isCheap = ({ N, r, p }: Pick<ScryptHash, 'N' | 'r' | 'p'>): boolean =>
  N * r * p < presentCost.N * presentCost.r * presentCost.p;

/** A new hash. By the pool of Node's own threads: only for commands. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(saltBytes);
  const hash = await new Promise<Buffer>((resolve, reject) => {
    scrypt(password, salt, hashBytes, scryptOptions(presentCost), (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
  return formatScrypt({ ...presentCost, salt, hash });
}

export const scryptOptions = ({ N, r, p }: Pick<ScryptHash, 'N' | 'r' | 'p'>): ScryptOptions => ({
  N,
  r,
  p,
  maxmem: memory,
});

/** To compare nobody's password with, so that an unknown name costs what a known one does. */
export const nobodys = (cost: Pick<ScryptHash, 'N' | 'r' | 'p'>): ScryptHash => ({
  ...cost,
  salt: Buffer.alloc(saltBytes),
  hash: Buffer.alloc(hashBytes),
});

export const equalBytes = (one: Uint8Array, other: Uint8Array): boolean =>
  one.length === other.length && timingSafeEqual(one, other);
