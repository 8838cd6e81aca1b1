import { randomBytes, scryptSync } from 'node:crypto';
import type { SignInWays } from '../../src/http/sign-in/authentication.ts';
import { type Credentials, credentialFile } from '../../src/sign-in/files/credentials.ts';
import { ApiKeys } from '../../src/sign-in/password/api-keys.ts';
import { GuessBrake, type KnownAddresses } from '../../src/sign-in/password/guess-brake.ts';
import { HashQueue, type QueueLimits } from '../../src/sign-in/password/hash-queue.ts';
import { AddressBook } from '../../src/sign-in/password/known-addresses.ts';
import { Passwords } from '../../src/sign-in/password/passwords.ts';
import { formatScrypt } from '../../src/sign-in/password/scrypt-hash.ts';

/** Keys that need no file, for tests about something else: key to name. */
export const knownKeys = (known: Readonly<Record<string, string>>): NonNullable<SignInWays['keys']> => ({
  find: async (key) => (known[key] === undefined ? null : { name: known[key], ended: null }),
});

/** Passwords that need no file: password to name. */
export const knownPasswords = (known: Readonly<Record<string, string>>): NonNullable<SignInWays['basic']> => ({
  check: async (_, password) => known[password] ?? null,
});

/** A line for a file of passwords that is quick to check. */
export function quickLine(name: string, password: string): string {
  const cost = { N: 1024, r: 8, p: 1 };
  const salt = randomBytes(16);
  return `${name}:${formatScrypt({ ...cost, salt, hash: scryptSync(password, salt, 32, cost) })}`;
}

export interface OpenedFiles {
  passwords(file: string | Credentials, now?: () => number): Passwords;
  keys(file: string | Credentials, now?: () => number): ApiKeys;
  readonly queue: HashQueue;
  close(): Promise<void>;
}

/** Passwords and keys of files as the program checks them. */
export function openFiles(
  limits: Partial<QueueLimits> = {},
  addresses: KnownAddresses = new AddressBook(null),
): OpenedFiles {
  const queue = new HashQueue(limits);
  const opened = (file: string | Credentials) => (typeof file === 'string' ? credentialFile(file) : file);
  return {
    queue,
    passwords: (file, now) => new Passwords(opened(file), { brake: new GuessBrake(addresses, now), queue }),
    keys: (file, now) => new ApiKeys(opened(file), queue, now),
    close: () => queue.close(),
  };
}
