import { readFileSync } from 'node:fs';
import { replaceFile } from '../keys/key-store.ts';
import { networkOf } from '../network-of.ts';
import type { KnownAddresses } from './guess-brake.ts';

const day = 86_400_000;
/** Days that an address is known without another sign-in. */
export const forgottenAfter = 90;
const ofName = 32;
/** Milliseconds in which changes are gathered before they are written. */
const delay = 2000;

/** Additions that wait for whoever shares them; beyond it they are known here alone until the next day. */
const mostChanged = 10_000;

/** That a name signed in from an address, an IPv6 one as its network, on a day counted from 1970. */
export interface AddressOfName {
  readonly name: string;
  readonly address: string;
  readonly day: number;
}

/** Kept in a file, so that a restart in the middle of somebody's guesses keeps nobody out. `file` null: for this process alone. */
export class AddressBook implements KnownAddresses {
  readonly #file: string | null;
  readonly #now: () => number;
  /** Name to address to the day of the last sign-in, oldest first. */
  readonly #days: Map<string, Map<string, number>>;
  #timer: NodeJS.Timeout | null = null;
  /** Since `drain`. */
  #changed: AddressOfName[] = [];

  constructor(file: string | null, now: () => number = Date.now) {
    this.#file = file;
    this.#now = now;
    this.#days = file === null ? new Map() : readBook(file);
  }

  has(name: string, address: string): boolean {
    const at = this.#days.get(name)?.get(networkOf(address));
    return at !== undefined && this.#today() - at <= forgottenAfter;
  }

  add(name: string, address: string): void {
    const today = this.#today();
    const of = this.#days.get(name) ?? new Map<string, number>();
    const place = networkOf(address);
    if (of.get(place) === today) {
      return;
    }
    this.#changed.push({ name, address: place, day: today });
    if (this.#changed.length > mostChanged) {
      this.#changed = [];
    }
    this.#put(of, { name, address: place, day: today });
    if (this.#file !== null) {
      this.#timer ??= setTimeout(() => void this.flush(), delay).unref();
    }
  }

  /** Everything that is known now. */
  all(): readonly AddressOfName[] {
    return [...this.#days].flatMap(([name, of]) => [...of].map(([address, day]) => ({ name, address, day })));
  }

  /** What was added since it was last asked for. */
  drain(): readonly AddressOfName[] {
    return this.#changed.splice(0);
  }

  /** Takes over what is known elsewhere. */
  merge(known: readonly AddressOfName[]): void {
    for (const one of known) {
      const of = this.#days.get(one.name) ?? new Map<string, number>();
      if ((of.get(one.address) ?? 0) < one.day) {
        this.#put(of, one);
      }
    }
  }

  #put(of: Map<string, number>, { name, address, day: at }: AddressOfName): void {
    const today = this.#today();
    of.delete(address);
    of.set(address, at);
    for (const [oldest, last] of of) {
      if (of.size > ofName || today - last > forgottenAfter) {
        of.delete(oldest);
      }
    }
    this.#days.set(name, of);
  }

  /** Writes what was not written yet. Never throws: what cannot be written is known until the next start. */
  async flush(): Promise<void> {
    if (this.#timer === null || this.#file === null) {
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = null;
    const book = Object.fromEntries([...this.#days].map(([name, of]) => [name, Object.fromEntries(of)]));
    await replaceFile(this.#file, JSON.stringify(book)).catch(() => {});
  }

  #today(): number {
    return Math.floor(this.#now() / day);
  }
}

function readBook(file: string): Map<string, Map<string, number>> {
  try {
    const book = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Record<string, unknown>>;
    return new Map(
      Object.entries(book).map(([name, of]) => [
        name,
        new Map(Object.entries(of).filter((entry): entry is [string, number] => typeof entry[1] === 'number')),
      ]),
    );
  } catch {
    return new Map();
  }
}
