import { type CredentialLine, type Credentials, lastDay, sha256 } from '../files/credentials.ts';
import type { HashQueue } from './hash-queue.ts';
import { equalBytes } from './scrypt-hash.ts';

/** What a key is: somebody's, or one that has ended; null: none. */
export type FoundKey = { readonly name: string; readonly ended: string | null } | null;

/** Keys against a file of them. They are random, so guessing needs no brake, and a fast hash is enough. */
export class ApiKeys {
  readonly #credentials: Credentials;
  readonly #queue: HashQueue;
  readonly #now: () => number;
  #known = new Map<string, CredentialLine>();
  #version = '';

  constructor(credentials: Credentials, queue: HashQueue, now: () => number = Date.now) {
    this.#credentials = credentials;
    this.#queue = queue;
    this.#now = now;
  }

  /** `ended`: the last day on which it counted. Throws GatewayError SignInUnavailable. */
  async find(key: string, address: string): Promise<FoundKey> {
    const version = this.#credentials.version();
    if (version !== this.#version) {
      this.#version = version;
      this.#known = new Map();
    }
    const digest = sha256(key);
    const text = digest.toString('base64');
    const line = this.#known.get(text) ?? (await this.#search(key, digest, address));
    if (line === null) {
      return null;
    }
    if (this.#version === version) {
      this.#known.set(text, line);
    }
    const ended = line.endsAt !== null && this.#now() >= line.endsAt ? lastDay(line.endsAt) : null;
    return { name: line.name, ended };
  }

  async #search(key: string, digest: Buffer, address: string): Promise<CredentialLine | null> {
    let found: CredentialLine | null = null;
    // All of them, however early one fits.
    for (const line of this.#credentials.lines()) {
      const { hash } = line;
      const fits =
        hash.kind === 'sha256'
          ? equalBytes(hash.digest, digest)
          : equalBytes(hash.scrypt.hash, await this.#queue.hash(key, hash.scrypt, { address, known: false }));
      found = fits ? line : found;
    }
    return found;
  }
}
