import { PatternFault } from './pattern.ts';

/** The characters of a pattern while they are read. Offsets count characters, from 0. */
export class PatternText {
  position = 0;
  readonly #characters: readonly string[];

  constructor(text: string) {
    this.#characters = [...text];
  }

  /** The character here or some places on; empty at the end. */
  peek(ahead = 0): string {
    return this.#characters[this.position + ahead] ?? '';
  }

  next(): string {
    const character = this.peek();
    this.position += 1;
    return character;
  }

  /** Steps over the text if it stands here. */
  take(text: string): boolean {
    for (let index = 0; index < text.length; index += 1) {
      if (this.peek(index) !== text[index]) {
        return false;
      }
    }
    this.position += text.length;
    return true;
  }

  get done(): boolean {
    return this.position >= this.#characters.length;
  }

  /** Up to `count` characters from here, for a look ahead. */
  rest(count: number): string {
    return this.#characters.slice(this.position, this.position + count).join('');
  }

  /** 400: this is no regular expression, or one that dialects read in different ways. */
  wrong(message: string, at = this.position): never {
    throw new PatternFault('InvalidOption', `${message} (character ${at + 1})`);
  }

  /** 501: a regular expression, and more than is done here. */
  unsupported(what: string, at = this.position): never {
    throw new PatternFault('NotImplemented', `${what} is not supported (character ${at + 1})`);
  }
}
