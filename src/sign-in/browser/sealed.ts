import { hkdfSync, randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { EncryptJWT, type JWTPayload, jwtDecrypt } from 'jose';

/** Texts that browsers keep for us, and cannot read or change: JWE with a key of ours (RFC 7516). */
export class Sealed {
  readonly #keys: () => readonly Uint8Array[];
  readonly #now: () => number;

  /** `keys` gives those of now, at least one of 32 bytes: the first seals, each of them opens. */
  constructor(keys: () => readonly Uint8Array[], now: () => number = Date.now) {
    this.#keys = keys;
    this.#now = now;
  }

  /** `purpose` is bound to it: what was sealed for one opens for no other. `lasts`: milliseconds. */
  async seal(claims: JWTPayload, purpose: string, lasts: number): Promise<string> {
    const [key] = this.#keys();
    if (key === undefined) {
      throw new TypeError('there is no key to seal with');
    }
    return new EncryptJWT(claims)
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
      .setAudience(purpose)
      .setExpirationTime(new Date(this.#now() + lasts))
      .encrypt(key);
  }

  /** null: it has ended, is for something else, was sealed with another key, or was changed. */
  async open(text: string, purpose: string): Promise<JWTPayload | null> {
    for (const key of this.#keys()) {
      try {
        const { payload } = await jwtDecrypt(text, key, {
          keyManagementAlgorithms: ['dir'],
          contentEncryptionAlgorithms: ['A256GCM'],
          audience: purpose,
          requiredClaims: ['exp'],
          currentDate: new Date(this.#now()),
        });
        return payload;
      } catch {
        // Of another key, or not valid.
      }
    }
    return null;
  }
}

/** Keys made of the secrets that there are now, each once. */
export function sealingKeys(secrets: () => readonly string[]): () => readonly Uint8Array[] {
  const made = new Map<string, Uint8Array>();
  return () =>
    secrets().map((secret) => {
      const key = made.get(secret) ?? new Uint8Array(hkdfSync('sha256', secret, '', 'gateway browser session', 32));
      made.set(secret, key);
      return key;
    });
}

const fileOf = (folder: string): string => path.join(folder, 'session-key');

/** A secret that is made once and lies in `folder`, readable by this user alone. Throws an Error where it is not whole. */
export async function ownSecret(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  try {
    await writeFile(fileOf(folder), randomBytes(32).toString('hex'), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'EEXIST') {
      throw error;
    }
  }
  const secret = await formerSecret(folder);
  if (secret === null) {
    throw new Error(`${fileOf(folder)} is not whole: remove it, and all browsers sign in again`);
  }
  return secret;
}

/** One that was made there; null: none was, or it is not whole. */
export async function formerSecret(folder: string): Promise<string | null> {
  const secret = await readFile(fileOf(folder), 'utf8').catch(() => '');
  return secret.trim().length < 64 ? null : secret.trim();
}
