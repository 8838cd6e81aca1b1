import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { DeliverySettings, SecretPlace } from '../../catalogue/delivery-settings.ts';
import { GatewayError } from '../../errors.ts';
import { reasonOf } from './faults.ts';
import type { Login } from './remote-server.ts';

/** Values by name; the process environment is not read here. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads what a delivery logs in with, anew each time: secrets are changed while the gateway runs. Throws DeliveryInvalid. */
export async function loginOf(settings: DeliverySettings, environment: Environment): Promise<Login> {
  const read = (key: 'password' | 'privateKey' | 'passphrase'): Promise<string | null> =>
    secretAt(settings[key], { id: settings.id, key, environment });
  return {
    user: settings.user,
    password: await read('password'),
    privateKey: await read('privateKey'),
    passphrase: await read('passphrase'),
  };
}

async function secretAt(
  place: SecretPlace | null,
  { id, key, environment }: { readonly id: string; readonly key: string; readonly environment: Environment },
): Promise<string | null> {
  if (place === null) {
    return null;
  }
  const invalid = (why: string, cause?: unknown): GatewayError =>
    new GatewayError('DeliveryInvalid', `The ${key} of ${id} is not there: ${why}`, { target: id, cause });
  if (place.kind === 'environment') {
    const value = environment[place.name];
    if (value === undefined || value === '') {
      throw invalid(`the environment does not give ${place.name}`);
    }
    return value;
  }
  const text = await readFile(place.path, 'utf8').catch((cause: unknown) => {
    throw invalid(`${place.path} cannot be read: ${reasonOf(cause)}`, cause);
  });
  // Editors end a file with a line end; a key needs its own.
  const value = key === 'privateKey' ? text : text.replace(/\r?\n$/, '');
  if (value === '') {
    throw invalid(`${place.path} is empty`);
  }
  return value;
}

const slowHash = promisify(scrypt) as (secret: string, salt: Buffer, length: number) => Promise<Buffer>;

/** A digest of all that a login depends on, slow to make: by it the same login is known again, and no secret is found from it. */
export async function digestOf(
  { protocol, host, port }: DeliverySettings,
  login: Login,
  salt: Buffer = randomBytes(16),
): Promise<{ readonly salt: Buffer; readonly digest: Buffer }> {
  const { user, password, privateKey, passphrase } = login;
  const text = JSON.stringify([protocol, host, port, user, password, privateKey, passphrase]);
  return { salt, digest: await slowHash(text, salt, 32) };
}

/** Whether this is the login that was refused. */
export async function isSameLogin(
  settings: DeliverySettings,
  login: Login,
  refused: { readonly salt: Buffer; readonly digest: Buffer },
): Promise<boolean> {
  const { digest } = await digestOf(settings, login, refused.salt);
  return digest.length === refused.digest.length && timingSafeEqual(digest, refused.digest);
}
