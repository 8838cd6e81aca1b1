import { LRUCache } from 'lru-cache';
import { GatewayError } from '../../errors.ts';

/** Guesses of one name: ten at once, then one in 40 seconds, which makes at most 100 in any hour. */
const atOnce = 10;
const between = 40_000;

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

/**
 * Slows down whoever guesses passwords, and locks nobody out: one count for a name from all addresses that it never signed in from, and one for each of the
 * others, so that a stranger's guesses do not stop the refresh of a night. Counts are of this process.
 */
export class GuessBrake {
  readonly #now: () => number;
  readonly #addresses: KnownAddresses;
  /** Of names that exist: never dropped, so that nobody can have them forgotten. */
  readonly #ofNames = new Map<string, Guesses>();
  readonly #ofOthers = new LRUCache<string, Guesses>({ max: 10_000 });

  constructor(addresses: KnownAddresses, now: () => number = () => performance.now()) {
    this.#addresses = addresses;
    this.#now = now;
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
      const seconds = Math.ceil((at + (1 - left) * between - this.#now()) / 1000);
      throw new GatewayError('TooManyGuesses', `Too many wrong passwords came for this name; wait ${seconds} s`, {
        retryAfter: Math.max(1, Math.min(120, seconds)),
      });
    }
  }

  /** Takes one guess, to be given back by `right`. */
  take(name: string, address: string, exists: boolean): void {
    this.#change(name, address, exists, -1);
  }

  /** The guess was right: it does not count, and the address is known from now on. */
  right(name: string, address: string): void {
    this.#change(name, address, true, 1);
    this.remember(name, address);
  }

  /** Somebody signed in there as before, without a guess. */
  remember(name: string, address: string): void {
    this.#addresses.add(name, address);
  }

  /** The guess was never looked at. */
  giveBack(name: string, address: string, exists: boolean): void {
    this.#change(name, address, exists, 1);
  }

  #key(name: string, address: string): string {
    return this.#addresses.has(name, address) ? `${name}\0${address}` : name;
  }

  #guesses(name: string, address: string, exists: boolean): Guesses {
    const key = this.#key(name, address);
    const now = this.#now();
    const before = (exists ? this.#ofNames : this.#ofOthers).get(key) ?? { left: atOnce, at: now };
    return { left: Math.min(atOnce, before.left + (now - before.at) / between), at: now };
  }

  #change(name: string, address: string, exists: boolean, by: number): void {
    const { left, at } = this.#guesses(name, address, exists);
    const key = this.#key(name, address);
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
