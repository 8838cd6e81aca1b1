import { LRUCache } from 'lru-cache';
import { GatewayError } from '../../errors.ts';
import { networkOf } from '../network-of.ts';

/** Guesses of one name: ten at once, then one in 40 seconds, which makes at most 100 in any hour. */
const atOnce = 10;
const between = 40_000;
export const guessRate = { atOnce, between } as const;

/** Guesses that are left, as of a moment. */
interface Guesses {
  readonly left: number;
  readonly at: number;
}

/** Whence names signed in. */
export interface KnownAddresses {
  has(name: string, address: string): boolean;
  add(name: string, address: string): void;
}

/** The same counts for all gateways, where there are several. */
export interface SharedGuesses {
  /** Others are there now: their guesses count. */
  readonly shares: boolean;
  /** Guesses left as far as this gateway knows; it may know a second or two late of those that came at another one. */
  left(key: string): number;
  /** One is taken of those that are left to all; false: none was left. Throws GatewayError SignInUnavailable where too many ask. */
  take(key: string): Promise<boolean>;
  giveBack(key: string): Promise<void>;
}

/** One guess that was taken. */
export interface TakenGuess {
  /** It was right: it does not count, and the address is known from now on. */
  right(): Promise<void>;
  /** It was never looked at. */
  giveBack(): Promise<void>;
}

/**
 * Slows down whoever guesses passwords, and locks nobody out: one count for a name from all addresses that it never signed in from, and one for each of the
 * others, so that a stranger's guesses do not stop the refresh of a night. Counts are of this process, and where there are several gateways of all of them.
 */
export class GuessBrake {
  readonly #now: () => number;
  readonly #addresses: KnownAddresses;
  readonly #shared: SharedGuesses | null;
  /** Of names that exist: never dropped, so that nobody can have them forgotten. */
  readonly #ofNames = new Map<string, Guesses>();
  readonly #ofOthers = new LRUCache<string, Guesses>({ max: 10_000 });

  constructor(
    addresses: KnownAddresses,
    now: () => number = () => performance.now(),
    shared: SharedGuesses | null = null,
  ) {
    this.#addresses = addresses;
    this.#now = now;
    this.#shared = shared;
  }

  isKnown(name: string, address: string): boolean {
    return this.#addresses.has(name, address);
  }

  /**
   * Throws GatewayError TooManyGuesses where none is left now, also for the right password: else guesses would go on, and the right one would be told by
   * its answer.
   */
  require(name: string, address: string, exists: boolean): void {
    const { left, at } = this.#guesses(name, address, exists);
    if (left < 1) {
      this.#refuse((at + (1 - left) * between - this.#now()) / 1000);
    }
    const shared = this.#shared?.shares === true ? this.#shared.left(this.#key(name, address)) : atOnce;
    if (shared < 1) {
      this.#refuse(((1 - shared) * between) / 1000);
    }
  }

  /**
   * Whether a guess has to be taken even where its answer is remembered: another gateway may have had the last one, and only a right password that is told without one
   * would show it. Not of an address that the name signed in from while nobody guesses there: that is most of all requests.
   */
  asksOthers(name: string, address: string): boolean {
    const shared = this.#shared;
    return shared?.shares === true && (!this.isKnown(name, address) || shared.left(this.#key(name, address)) < atOnce);
  }

  /** Takes one guess. Throws GatewayError TooManyGuesses where another gateway had the last one, SignInUnavailable. */
  async take(name: string, address: string, exists: boolean): Promise<TakenGuess> {
    const key = this.#key(name, address);
    const change = (by: number): void => this.#change(key, exists, by);
    change(-1);
    const shared = this.#shared?.shares === true ? this.#shared : null;
    const taken = await shared?.take(key).catch((error: unknown) => {
      change(1);
      throw error;
    });
    if (taken === false) {
      this.require(name, address, exists);
      this.#refuse(between / 1000);
    }
    const giveBack = async (): Promise<void> => {
      change(1);
      await shared?.giveBack(key);
    };
    return {
      giveBack,
      right: async () => {
        this.remember(name, address);
        await giveBack();
      },
    };
  }

  /** Somebody signed in there as before, without a guess. */
  remember(name: string, address: string): void {
    this.#addresses.add(name, address);
  }

  #refuse(wait: number): never {
    const seconds = Math.ceil(wait);
    throw new GatewayError('TooManyGuesses', `Too many wrong passwords came for this name; wait ${seconds} s`, {
      retryAfter: Math.max(1, Math.min(120, seconds)),
    });
  }

  #key(name: string, address: string): string {
    return this.#addresses.has(name, address) ? `${name}\0${networkOf(address)}` : name;
  }

  #guesses(name: string, address: string, exists: boolean): Guesses {
    return this.#counted(this.#key(name, address), exists);
  }

  #counted(key: string, exists: boolean): Guesses {
    const now = this.#now();
    const before = (exists ? this.#ofNames : this.#ofOthers).get(key) ?? { left: atOnce, at: now };
    return { left: Math.min(atOnce, before.left + (now - before.at) / between), at: now };
  }

  #change(key: string, exists: boolean, by: number): void {
    const { left, at } = this.#counted(key, exists);
    const next = { left: Math.min(atOnce, left + by), at };
    if (!exists) {
      this.#ofOthers.set(key, next);
    } else if (next.left >= atOnce) {
      this.#ofNames.delete(key);
    } else {
      this.#ofNames.set(key, next);
    }
  }
}
