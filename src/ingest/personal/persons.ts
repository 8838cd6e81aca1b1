import type { PersonalKey } from '../../catalogue/personal-data.ts';
import { cellToken, exactToken, mentionToken, type PersonToken, telephonesIn, wordsOf } from './person-forms.ts';

/** Persons that are looked for in cells. Made by its static methods. */
export class Persons {
  readonly #has: (token: string) => boolean;
  /** How many words the names have that are looked for in texts. */
  readonly #lengths: readonly number[];

  constructor(has: (token: string) => boolean, lengths: readonly number[]) {
    this.#has = has;
    this.#lengths = [...new Set(lengths)].filter((length) => length > 0);
  }

  /** Persons whose names are known. */
  static named(tokens: readonly PersonToken[]): Persons {
    const known = new Set(tokens.map(({ token }) => token));
    return new Persons(
      (token) => known.has(token),
      tokens.map(({ words }) => words),
    );
  }

  /** Persons of whom only digests are known. */
  static remembered(erased: readonly ErasedToken[], key: PersonalKey): Persons {
    const seed = sieveSeed(key);
    const digests = new Set(erased.map(({ digest }) => digest));
    const sieve = new Set(erased.map((one) => one.sieve));
    return new Persons(
      (token) => sieve.has(sieveOf(token, seed)) && digests.has(erasedDigest(token, key)),
      erased.map(({ words }) => words),
    );
  }

  /** Whether a cell names one of them. `exact`: it holds a number or name that stands for a person, and nothing near to it counts. */
  isPerson(cell: string, exact: boolean): boolean {
    if (exact) {
      return this.#has(exactToken(cell));
    }
    const words = wordsOf(cell);
    return (words.length > 0 && this.#has(cellToken(words))) || this.#mentionsTelephone(cell);
  }

  /** Whether a text names one of them among other things. */
  mentions(text: string): boolean {
    if (this.#mentionsTelephone(text)) {
      return true;
    }
    const words = this.#lengths.length === 0 ? [] : wordsOf(text);
    return this.#lengths.some((length) => {
      for (let first = 0; first + length <= words.length; first++) {
        if (this.#has(mentionToken(words.slice(first, first + length)))) {
          return true;
        }
      }
      return false;
    });
  }

  #mentionsTelephone(text: string): boolean {
    return telephonesIn(text).some((token) => this.#has(token));
  }
}

/** What is remembered of a person that was erased: no name, and nothing that tells one to whoever has not the key. */
export interface ErasedToken {
  readonly digest: string;
  /** Sixteen bits that most other tokens do not have, so that their digests need not be made. */
  readonly sieve: number;
  readonly words: number;
}

export function erasedToken({ token, words }: PersonToken, key: PersonalKey): ErasedToken {
  return { digest: erasedDigest(token, key), sieve: sieveOf(token, sieveSeed(key)), words };
}

const erasedDigest = (token: string, key: PersonalKey): string => key.digest(`erased person: ${token}`);

const sieveSeed = (key: PersonalKey): number => Number.parseInt(key.digest('sieve of erased persons').slice(0, 8), 16);

/** FNV-1a from a secret start, folded to sixteen bits. */
function sieveOf(token: string, seed: number): number {
  let hash = seed;
  for (let index = 0; index < token.length; index++) {
    hash = Math.imul(hash ^ token.charCodeAt(index), 0x01000193);
  }
  return ((hash >>> 16) ^ hash) & 0xffff;
}
