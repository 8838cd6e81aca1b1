import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/**
 * Seals texts for keeping: AES-256-GCM under a key made from a secret (HKDF, SHA-256), with a nonce of its own each time. `context` is bound to it: what was
 * sealed for one source opens for no other. The first of the secrets seals, each of them opens, so that it can be changed.
 */
export class Seal {
  readonly #keys: readonly Buffer[];

  /** At least one secret, each of 32 characters or more. */
  constructor(secrets: readonly string[]) {
    this.#keys = secrets.map((secret) => Buffer.from(hkdfSync('sha256', secret, '', 'gateway sign-in', 32)));
  }

  seal(text: string, context: string): Buffer {
    const [key] = this.#keys;
    if (key === undefined) {
      throw new TypeError('there is no key to seal with');
    }
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context, 'utf8'));
    const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([Buffer.from([format]), nonce, cipher.getAuthTag(), body]);
  }

  /** null: it was sealed with another key, for another context, or was changed. */
  open(sealed: Buffer, context: string): string | null {
    if (sealed[0] !== format || sealed.length < headBytes) {
      return null;
    }
    const nonce = sealed.subarray(1, 1 + nonceBytes);
    const tag = sealed.subarray(1 + nonceBytes, headBytes);
    for (const key of this.#keys) {
      const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
        .setAAD(Buffer.from(context, 'utf8'))
        .setAuthTag(tag);
      try {
        return Buffer.concat([decipher.update(sealed.subarray(headBytes)), decipher.final()]).toString('utf8');
      } catch {
        // Of another key.
      }
    }
    return null;
  }
}

/** First byte: how the rest is written. */
const format = 1;
const nonceBytes = 12;
const tagBytes = 16;
const headBytes = 1 + nonceBytes + tagBytes;
