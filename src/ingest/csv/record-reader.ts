import { blankCode, carriageReturn, lineFeed, quoteCode, tab } from './characters.ts';
import type { CsvFault } from './csv-record.ts';
import type { LineEnds } from './line-ends.ts';

/** A record as it was read from one place. */
export interface Reading {
  readonly kind: 'record';
  readonly fields: string[];
  /** Behind the last field, and behind the line end. */
  readonly end: number;
  readonly next: number;
}

/** `more`: only a longer text shows where the record ends. */
export type Attempt = Reading | { readonly kind: 'fault'; readonly fault: CsvFault } | { readonly kind: 'more' };

/** How a record is read. */
export interface Manner {
  /** No more text comes. */
  readonly final: boolean;
  /** A lone carriageReturn ends a line. */
  readonly crEnds: boolean;
  /** Blanks between a delimiter and a quote are no part of the field. */
  readonly passesBlanks: boolean;
  /** A quote inside a field that does not begin with one is a fault; else it is text, as spreadsheets read it. */
  readonly doubtful: boolean;
  /** Fields of a record behind whose last quote a lone carriageReturn ends the line. */
  readonly width: number;
}

/** Reads one record from a place of the text at hand (RFC 4180), and keeps nothing of it. */
export class RecordReader {
  readonly #lines: LineEnds;
  readonly #delimiter: string;
  readonly #delimiterCode: number;

  /** @param delimiter one character below U+0080 */
  constructor(lines: LineEnds, delimiter: string) {
    this.#lines = lines;
    this.#delimiter = delimiter;
    this.#delimiterCode = delimiter.charCodeAt(0);
  }

  /** Reads fields from `start` until the record ends. */
  read(start: number, manner: Manner): Attempt {
    const { text } = this.#lines;
    const fields: string[] = [];
    let position = start;
    let eol = -1;
    for (;;) {
      let code = text.charCodeAt(position);
      let open = position;
      if ((code === blankCode || code === tab) && manner.passesBlanks) {
        open = this.#behindBlanks(position);
        code = text.charCodeAt(open);
      }
      if (code === quoteCode) {
        const close = this.#closingQuote(open);
        if (close === -1) {
          return { kind: 'more' };
        }
        const value = text.slice(open + 1, close);
        fields.push(value.includes('"') ? value.replaceAll('""', '"') : value);
        let after = close + 1;
        if (text.charCodeAt(after) !== this.#delimiterCode && manner.passesBlanks) {
          after = this.#behindBlanks(after);
        }
        if (text.charCodeAt(after) === this.#delimiterCode) {
          position = after + 1;
          continue;
        }
        const next = this.#recordEnd(after, manner, fields.length);
        if (next === 'more') {
          return { kind: 'more' };
        }
        if (next === null) {
          return { kind: 'fault', fault: 'TEXT_AFTER_QUOTE' };
        }
        return { kind: 'record', fields, end: after, next };
      }
      if (eol < position) {
        eol = this.#lines.next(position, manner.crEnds);
        if (!manner.final && this.#lines.isOpen(eol)) {
          return { kind: 'more' };
        }
      }
      const comma = text.indexOf(this.#delimiter, position);
      const last = comma === -1 || comma >= eol;
      const end = last ? this.#lines.contentEnd(position, eol) : comma;
      const value = text.slice(position, end);
      if (manner.doubtful && value.includes('"')) {
        return { kind: 'fault', fault: 'QUOTE_IN_UNQUOTED_FIELD' };
      }
      fields.push(value);
      if (last) {
        return { kind: 'record', fields, end, next: this.#lines.behind(eol) };
      }
      position = comma + 1;
    }
  }

  #behindBlanks(from: number): number {
    let at = from;
    for (;;) {
      const code = this.#lines.text.charCodeAt(at);
      if ((code !== blankCode && code !== tab) || code === this.#delimiterCode) {
        return at;
      }
      at++;
    }
  }

  /** The quote that closes the field opened at `open`; -1: not in the text. */
  #closingQuote(open: number): number {
    let quote = this.#lines.text.indexOf('"', open + 1);
    while (quote !== -1 && this.#lines.text.charCodeAt(quote + 1) === quoteCode) {
      quote = this.#lines.text.indexOf('"', quote + 2);
    }
    return quote;
  }

  /** Where the next record starts when one of so many fields may end at `at`; null: something else stands there. */
  #recordEnd(at: number, { final, crEnds, width }: Manner, fields: number): number | 'more' | null {
    const { text } = this.#lines;
    const unknown = (end: number) => (final ? end : 'more');
    if (at >= text.length) {
      return unknown(at);
    }
    const code = text.charCodeAt(at);
    if (code === lineFeed) {
      return at + 1;
    }
    if (code !== carriageReturn) {
      return null;
    }
    if (crEnds) {
      return at + 1 < text.length ? this.#lines.behind(at) : unknown(at + 1);
    }
    let behind = at + 1;
    while (text.charCodeAt(behind) === carriageReturn) {
      behind++;
    }
    if (behind >= text.length) {
      return unknown(behind);
    }
    if (text.charCodeAt(behind) === lineFeed) {
      return behind + 1;
    }
    return fields === width ? at + 1 : null;
  }
}
