import { createHmac, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { type CredentialLine, type Credentials, sha256 } from '../files/credentials.ts';
import type { GuessBrake } from './guess-brake.ts';
import type { HashQueue } from './hash-queue.ts';
import { equalBytes, nobodys, presentCost } from './scrypt-hash.ts';

interface Known {
  /** null: it was wrong. */
  readonly name: string | null;
  readonly version: string;
}

/**
 * Passwords against a file of them. What was found right or wrong is remembered, so that the slow hash is computed once for each, and a
 * client that goes on sending an old password makes one guess.
 */
export class Passwords {
  readonly #credentials: Credentials;
  readonly #brake: GuessBrake;
  readonly #queue: HashQueue;
  /** Digests in memory are keyed, so that they are worth nothing elsewhere. */
  readonly #key = randomBytes(32);
  readonly #known = new LRUCache<string, Known>({ max: 10_000 });
  readonly #checking = new Map<string, Promise<string | null>>();

  constructor(credentials: Credentials, { brake, queue }: { readonly brake: GuessBrake; readonly queue: HashQueue }) {
    this.#credentials = credentials;
    this.#brake = brake;
    this.#queue = queue;
  }

  /** The name, where the password is that name's; null: it is not, or there is no such name. Throws GatewayError TooManyGuesses, SignInUnavailable. */
  async check(name: string, password: string, address: string): Promise<string | null> {
    const version = this.#credentials.version();
    const lines = this.#credentials
      .lines()
      .filter((line) => line.name === name && (line.endsAt === null || Date.now() < line.endsAt));
    this.#brake.require(name, address, lines.length > 0);
    const digest = createHmac('sha256', this.#key).update(`${name}\0${password}`).digest('base64');
    const before = this.#known.get(digest);
    if (before?.version === version && (before.name === null || lines.length > 0)) {
      if (before.name !== null && this.#brake.asksOthers(name, address)) {
        const guess = await this.#brake.take(name, address, true);
        await guess.right();
      } else if (before.name !== null) {
        this.#brake.remember(name, address);
      }
      return before.name;
    }
    const running = this.#checking.get(digest);
    if (running !== undefined) {
      return running;
    }
    const checking = this.#compare({ name, password, address, lines }).then((found) => {
      this.#known.set(digest, { name: found, version });
      return found;
    });
    this.#checking.set(digest, checking);
    try {
      return await checking;
    } finally {
      this.#checking.delete(digest);
    }
  }

  /** A text that changes when the password of a name does; null: the name has none that counts. Tells nothing of the hash. */
  stampOf(name: string): string | null {
    const lines = this.#credentials.lines().filter((line) => line.name === name);
    if (lines.length === 0 || lines.every(({ endsAt }) => endsAt !== null && Date.now() >= endsAt)) {
      return null;
    }
    const hashes = lines.map(({ hash }) => (hash.kind === 'sha256' ? hash.digest : hash.scrypt.hash).toString('hex'));
    return sha256(`stamp ${hashes.join()}`).toString('base64url');
  }

  async #compare(guess: Guess): Promise<string | null> {
    const { name, address, lines } = guess;
    const taken = await this.#brake.take(name, address, lines.length > 0);
    let found: boolean;
    try {
      found = await this.#fits(guess);
    } catch (error) {
      await taken.giveBack();
      throw error;
    }
    if (!found) {
      return null;
    }
    await taken.right();
    return name;
  }

  /** An unknown name costs as much as a known one. */
  async #fits({ name, password, address, lines }: Guess): Promise<boolean> {
    const turn = { address, known: this.#brake.isKnown(name, address) };
    const [some] = this.#credentials.lines();
    const cost = some?.hash.kind === 'scrypt' ? some.hash.scrypt : presentCost;
    if (lines.length === 0) {
      await this.#queue.hash(password, nobodys({ N: cost.N, r: cost.r, p: cost.p }), turn);
      return false;
    }
    let found = false;
    for (const { hash } of lines) {
      const fits =
        hash.kind === 'sha256'
          ? equalBytes(hash.digest, sha256(password))
          : equalBytes(hash.scrypt.hash, await this.#queue.hash(password, hash.scrypt, turn));
      found ||= fits;
    }
    return found;
  }
}

interface Guess {
  readonly name: string;
  readonly password: string;
  readonly address: string;
  readonly lines: readonly CredentialLine[];
}
