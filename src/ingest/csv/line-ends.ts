import { carriageReturn, lineFeed } from './characters.ts';
import { NextIndex } from './next-index.ts';

/** The piece of text that is being read, and where its lines end. */
export class LineEnds {
  text = '';
  readonly #lf = new NextIndex('\n');
  readonly #cr = new NextIndex('\r');

  /** Another piece. */
  set(text: string): void {
    this.text = text;
    this.#lf.forget();
    this.#cr.forget();
  }

  /** The next carriageReturn at or behind `from`, whether or not it ends a line; the text's length: none. */
  nextReturn(from: number): number {
    return this.#cr.in(this.text, from);
  }

  /** The next line end at or behind `from`; the text's length: none. */
  next(from: number, crEnds: boolean): number {
    const lf = this.#lf.in(this.text, from);
    return crEnds ? Math.min(lf, this.#cr.in(this.text, from)) : lf;
  }

  /** No line end in the text so far, or a carriageReturn at its end that may be half of one. */
  isOpen(eol: number): boolean {
    const { length } = this.text;
    return eol >= length || (eol === length - 1 && this.text.charCodeAt(eol) === carriageReturn);
  }

  /** Where the line behind the end at `eol` begins. */
  behind(eol: number): number {
    return this.text.charCodeAt(eol) === carriageReturn && this.text.charCodeAt(eol + 1) === lineFeed
      ? eol + 2
      : eol + 1;
  }

  /** Drops the CRs before lineFeed, and at the end of the file. */
  contentEnd(start: number, eol: number): number {
    let end = eol;
    if (this.text.charCodeAt(eol) === carriageReturn) {
      return end;
    }
    while (end > start && this.text.charCodeAt(end - 1) === carriageReturn) {
      end--;
    }
    return end;
  }

  /** Line ends that begin between two places. */
  count(from: number, to: number, crEnds: boolean): number {
    let lines = 0;
    const end = Math.min(to, this.text.length);
    for (let at = this.next(from, crEnds); at < end; at = this.next(this.behind(at), crEnds)) {
      lines++;
    }
    return lines;
  }
}
