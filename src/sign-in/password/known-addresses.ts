import { readFileSync } from 'node:fs';
import { replaceFile } from '../keys/key-store.ts';
import type { KnownAddresses } from './guess-brake.ts';

const day = 86_400_000;
/** Days that an address is known without another sign-in. */
const forgottenAfter = 90;
const ofName = 32;
/** Milliseconds in which changes are gathered before they are written. */
const delay = 2000;

/** Kept in a file, so that a restart in the middle of somebody's guesses keeps nobody out. `file` null: for this process alone. */
export class AddressBook implements KnownAddresses {
  readonly #file: string | null;
  readonly #now: () => number;
  /** Name to address to the day of the last sign-in, oldest first. */
  readonly #days: Map<string, Map<string, number>>;
  #timer: NodeJS.Timeout | null = null;

  constructor(file: string | null, now: () => number = Date.now) {
    this.#file = file;
    this.#now = now;
    this.#days = file === null ? new Map() : readBook(file);
  }

  has(name: string, address: string): boolean {
    const at = this.#days.get(name)?.get(network(address));
    return at !== undefined && this.#today() - at <= forgottenAfter;
  }

  add(name: string, address: string): void {
    const today = this.#today();
    const of = this.#days.get(name) ?? new Map<string, number>();
    const place = network(address);
    if (of.get(place) === today) {
      return;
    }
    of.delete(place);
    of.set(place, today);
    for (const [oldest, at] of of) {
      if (of.size > ofName || today - at > forgottenAfter) {
        of.delete(oldest);
      }
    }
    this.#days.set(name, of);
    if (this.#file !== null) {
      this.#timer ??= setTimeout(() => void this.flush(), delay).unref();
    }
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

/** An IPv6 client has the whole of its network's last 64 bits. */
function network(address: string): string {
  if (!address.includes(':')) {
    return address;
  }
  const [head = '', tail] = address.split('%')[0]?.split('::') ?? [];
  const groups = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros =
    tail === undefined ? [] : Array.from({ length: Math.max(0, 8 - groups.length - after.length) }, () => '0');
  return `${[...groups, ...zeros, ...after].slice(0, 4).join(':')}::/64`;
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
