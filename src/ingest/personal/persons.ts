import type { PersonalKey } from '../../catalogue/personal-data.ts';
import {
  cellToken,
  exactToken,
  mentionToken,
  type PersonToken,
  telephonesIn,
  telephoneWords,
  wordsOf,
} from './person-forms.ts';

/** Answers for cells that are remembered: most rows name few people. */
const mostRemembered = 20_000;

/** Who knows the tokens. */
interface KnownTokens {
  has(token: string): boolean;
  /** Cheaper: false where `mentionToken` of these words is surely none. */
  mayMention(words: readonly string[], first: number, length: number): boolean;
}

/** Persons that are looked for in cells. Made by its static methods. */
export class Persons {
  readonly #known: KnownTokens;
  /** How many words the names have that are looked for in texts. */
  readonly #lengths: readonly number[];
  readonly #hasTelephones: boolean;
  readonly #answers = new Map<string, boolean>();

  constructor(known: KnownTokens, lengths: readonly number[]) {
    this.#known = known;
    this.#lengths = [...new Set(lengths)].filter((length) => length > 0);
    this.#hasTelephones = lengths.includes(telephoneWords);
  }

  /** Persons whose names are known. */
  static named(tokens: readonly PersonToken[]): Persons {
    const known = new Set(tokens.map(({ token }) => token));
    return new Persons(
      { has: (token) => known.has(token), mayMention: () => true },
      tokens.map(({ words }) => words),
    );
  }

  /** Persons of whom only digests are known. */
  static remembered(erased: readonly ErasedToken[], key: PersonalKey): Persons {
    const seed = sieveSeed(key);
    const digests = new Set(erased.map(({ digest }) => digest));
    const sieve = new Set(erased.map((one) => one.sieve));
    return new Persons(
      {
        has: (token) => sieve.has(sieveOf(token, seed)) && digests.has(erasedDigest(token, key)),
        mayMention: (words, first, length) => sieve.has(mentionSieve(words, { first, length, seed })),
      },
      erased.map(({ words }) => words),
    );
  }

  /** Whether a cell names one of them. `exact`: it holds a number or name that stands for a person, and nothing near to it counts. */
  isPerson(cell: string, exact: boolean): boolean {
    const asked = exact ? `=${cell}` : `~${cell}`;
    const known = this.#answers.get(asked);
    if (known !== undefined) {
      return known;
    }
    const answer = exact ? this.#known.has(exactToken(cell)) : this.#isNamed(cell);
    if (cell.length < 100) {
      if (this.#answers.size >= mostRemembered) {
        this.#answers.clear();
      }
      this.#answers.set(asked, answer);
    }
    return answer;
  }

  #isNamed(cell: string): boolean {
    const words = wordsOf(cell);
    return (words.length > 0 && this.#known.has(cellToken(words))) || this.#mentionsTelephone(cell);
  }

  /** Whether a text names one of them among other things. */
  mentions(text: string): boolean {
    if (this.#mentionsTelephone(text)) {
      return true;
    }
    const words = this.#lengths.length === 0 ? [] : wordsOf(text);
    for (const length of this.#lengths) {
      for (let first = 0; first + length <= words.length; first++) {
        if (
          this.#known.mayMention(words, first, length) &&
          this.#known.has(mentionToken(words.slice(first, first + length)))
        ) {
          return true;
        }
      }
    }
    return false;
  }

  #mentionsTelephone(text: string): boolean {
    return this.#hasTelephones && telephonesIn(text).some((token) => this.#known.has(token));
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

const prime = 0x01000193;
const folded = (hash: number): number => ((hash >>> 16) ^ hash) & 0xffff;

/** FNV-1a from a secret start, folded to sixteen bits. */
function sieveOf(token: string, seed: number): number {
  return folded(hashOn(seed, token));
}

function hashOn(from: number, text: string): number {
  let hash = from;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), prime);
  }
  return hash;
}

const [mentionMark, blank] = ['^'.charCodeAt(0), ' '.charCodeAt(0)];

/** The same of `mentionToken` of some words in a row, which need not be put together for it. */
function mentionSieve(
  words: readonly string[],
  { first, length, seed }: { readonly first: number; readonly length: number; readonly seed: number },
): number {
  let hash = Math.imul(seed ^ mentionMark, prime);
  for (let place = first; place < first + length; place++) {
    if (place > first) {
      hash = Math.imul(hash ^ blank, prime);
    }
    hash = hashOn(hash, words[place] ?? '');
  }
  return folded(hash);
}
