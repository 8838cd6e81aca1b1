import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { PersonalKey } from '../../catalogue/personal-data.ts';
import { GatewayError } from '../../errors.ts';

/** The key of a secret text. */
export function personalKey(secret: string): PersonalKey {
  return new SecretKey(createSecretKey(Buffer.from(secret, 'utf8')));
}

/** Nothing that prints an object shows it. */
class SecretKey implements PersonalKey {
  readonly #key: KeyObject;

  constructor(key: KeyObject) {
    this.#key = key;
  }

  digest(text: string): string {
    return createHmac('sha256', this.#key).update(text, 'utf8').digest('hex');
  }
}

/** Throws PersonalKeyMissing. `what` is what it is needed for. */
export function requiredKey({ personalKey: key }: Catalogue, what: string): PersonalKey {
  if (key === undefined) {
    throw new GatewayError('PersonalKeyMissing', `There is no key for personal data: ${what} needs one`);
  }
  return key;
}
