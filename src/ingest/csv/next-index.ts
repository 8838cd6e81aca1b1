/**
 * Where a character stands next in a text. What was looked up once is known for every place between: the text is gone
 * through once however many records it has, also where the character never comes.
 */
export class NextIndex {
  readonly #character: string;
  #from = 0;
  #found = -1;

  constructor(character: string) {
    this.#character = character;
  }

  /** The text has changed. */
  forget(): void {
    this.#found = -1;
  }

  /** The first place at or behind `from`; the text's length where there is none. */
  in(text: string, from: number): number {
    if (from > this.#found || from < this.#from) {
      const found = text.indexOf(this.#character, from);
      this.#from = from;
      this.#found = found === -1 ? text.length : found;
    }
    return this.#found;
  }
}
