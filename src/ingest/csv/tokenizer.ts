import { NextIndex } from './next-index.ts';

/** What can be wrong with a record before anybody looks at its cells. */
export type CsvFault = 'UNTERMINATED_QUOTE' | 'TEXT_AFTER_QUOTE' | 'QUOTE_IN_UNQUOTED_FIELD' | 'RECORD_TOO_LARGE';

/** One record of a CSV file, still in the units it was read in (see `CsvTokenizer`). */
export interface CsvRecord {
  /** 1-based physical line the record starts on. */
  readonly line: number;
  /** First byte of the record in the file, and the one after its last; the line end is outside. */
  readonly byteStart: number;
  readonly byteEnd: number;
  /** The record exactly as it stands in the file, without its line end. */
  readonly raw: string;
  /** Empty where there is a fault. */
  readonly fields: readonly string[];
  readonly fault: CsvFault | null;
}

/**
 * `\n`: lineFeed ends a line, with all carriageReturn before it (CRLF, and CRCRLF of a writer that translated its line ends twice); a lone carriageReturn
 * is text, except between rows that have the header's width. `\r`: lineFeed, CRLF and each carriageReturn alone end a line, as in files of
 * the old Macintosh.
 */
export type LineEnd = '\n' | '\r';

export interface TokenizerOptions {
  /** One character below U+0080. */
  readonly delimiter: string;
  readonly lineEnd: LineEnd;
  /** Bytes each character of the text stands for: 1 for one-byte and UTF-8 files read as latin1, 2 for UTF-16. */
  readonly unitBytes: 1 | 2;
  /** Byte offset and line number of the first character. */
  readonly byteOffset: number;
  readonly line: number;
  /** Longest record, in characters; a longer one is a fault, so that an open quote cannot swallow the file. */
  readonly maxRecordLength: number;
}

const tab = 9;
const lineFeed = 10;
const carriageReturn = 13;
const controlZ = 26;
const blankCode = 32;
const quoteCode = 34;

/** A byte order mark, as a character or as the first byte of it in UTF-8, Ctrl-Z, and the carriageReturn of lines that LFCR ends. */
const passedOver = new Set([0xfeff, 0xef, controlZ, carriageReturn]);

interface Reading {
  readonly kind: 'record';
  readonly fields: string[];
  /** Behind the last field, and behind the line end. */
  readonly end: number;
  readonly next: number;
}

type Attempt = Reading | { readonly kind: 'fault'; readonly fault: CsvFault } | { readonly kind: 'more' };

interface Manner {
  /** No more text comes. */
  readonly final: boolean;
  /** A lone carriageReturn ends a line. */
  readonly crEnds: boolean;
  /** Blanks between a delimiter and a quote are no part of the field. */
  readonly passesBlanks: boolean;
}

/**
 * RFC 4180 records out of text that arrives in pieces cut anywhere; beyond it, blanks between a delimiter and a quote are
 * passed over, and a quote inside a field that does not begin with one is text. A broken record costs its first line only:
 * reading goes on at the next line, because the rows below it are usually whole. Blank lines are no records but count as
 * lines, and a byte order mark or Ctrl-Z before a record is what joined files leave behind: no part of it.
 * The text may be UTF-8 read as latin1: every character the grammar knows is below U+0080, so the cut is the same and
 * a character is a byte.
 */
export class CsvTokenizer {
  readonly #options: TokenizerOptions;
  readonly #delimiterCode: number;
  readonly #crEnds: boolean;
  #text = '';
  #position = 0;
  #line: number;
  #byteOffset: number;
  #skipping = false;
  /**
   * A record with a broken quote was met, and none of the header's width since: what follows may be the rest of its text.
   * Elsewhere a quote inside a field that does not begin with one is text, as spreadsheets read it.
   */
  #doubtful = false;
  /** Fields of the first record. */
  #width = 0;
  readonly #lf = new NextIndex('\n');
  readonly #cr = new NextIndex('\r');
  readonly #quote = new NextIndex('"');

  constructor(options: TokenizerOptions) {
    this.#options = options;
    this.#delimiterCode = options.delimiter.charCodeAt(0);
    this.#crEnds = options.lineEnd === '\r';
    this.#line = options.line;
    this.#byteOffset = options.byteOffset;
  }

  /** Takes the next piece and gives the records it completes. */
  push(text: string): CsvRecord[] {
    this.#byteOffset += this.#position * this.#options.unitBytes;
    this.#text = this.#position < this.#text.length ? this.#text.slice(this.#position) + text : text;
    this.#position = 0;
    for (const index of [this.#lf, this.#cr, this.#quote]) {
      index.forget();
    }
    return this.#drain(false);
  }

  /** No more text: gives what is left. */
  end(): CsvRecord[] {
    return this.#drain(true);
  }

  #drain(final: boolean): CsvRecord[] {
    const records: CsvRecord[] = [];
    while (this.#position < this.#text.length) {
      if (this.#skipping ? !this.#skipLine(final) : !this.#take(records, final)) {
        break;
      }
    }
    return records;
  }

  /** Reads one record or blank line; false: it is not complete yet. */
  #take(records: CsvRecord[], final: boolean): boolean {
    const text = this.#text;
    if (passedOver.has(text.charCodeAt(this.#position)) && !this.#skipMarks(final)) {
      return false;
    }
    const start = this.#position;
    const eol = this.#eol(start, this.#crEnds);
    if (eol - start > this.#options.maxRecordLength) {
      return this.#takeWideRow(records) || this.#tooLarge(records, eol);
    }
    if (!final && this.#isOpen(eol)) {
      return false;
    }
    const next = this.#behindLineEnd(eol);
    if (this.#quote.in(text, start) < eol) {
      return this.#takeQuoted(records, { eol, next }, final);
    }
    const end = this.#contentEnd(start, eol);
    if (end === start) {
      this.#advance(next, 1);
    } else {
      const fields = text.slice(start, end).split(this.#options.delimiter);
      this.#takeReading(records, { kind: 'record', fields, end, next }, 1);
    }
    return true;
  }

  #takeQuoted(records: CsvRecord[], line: { readonly eol: number; readonly next: number }, final: boolean): boolean {
    const start = this.#position;
    const first = this.#read(final, true);
    if (first.kind === 'more') {
      return false;
    }
    let reading = first;
    // Where passing over blanks gives no row of the header's width, a blank before a quote may be the beginning of text.
    if (first.kind === 'fault' || (first.fields.length !== this.#width && this.#width > 0)) {
      const second = this.#read(final, false);
      if (second.kind === 'more') {
        return false;
      }
      const better = first.kind === 'fault' || (second.kind === 'record' && second.fields.length === this.#width);
      if (second.kind === 'record' && better) {
        reading = second;
      }
    }
    if (reading.kind === 'record') {
      this.#takeReading(records, reading, reading.next <= line.next ? 1 : this.#countLines(start, reading.next));
      return true;
    }
    if (this.#hasRowsWithin(line.eol) && this.#takeApart(records, line.next)) {
      return true;
    }
    records.push({ ...this.#record(start, this.#contentEnd(start, line.eol), []), fault: reading.fault });
    this.#doubtful = true;
    this.#advance(line.next, 1);
    return true;
  }

  /** The record at the current position within the length allowed; `more`: a longer text may hold it. */
  #read(final: boolean, passesBlanks: boolean): Attempt {
    const start = this.#position;
    const attempt = this.#attempt(start, { final, crEnds: this.#crEnds, passesBlanks });
    const most = this.#options.maxRecordLength;
    if (attempt.kind === 'record' && attempt.end - start <= most) {
      return attempt;
    }
    if (attempt.kind === 'fault') {
      return attempt;
    }
    if (attempt.kind === 'more' && !final && this.#text.length - start <= most) {
      return attempt;
    }
    return { kind: 'fault', fault: 'UNTERMINATED_QUOTE' };
  }

  /** Takes a record as it was read; where lone CRs cut it into rows of the header's width, and it has not that width, as these. */
  #takeReading(records: CsvRecord[], reading: Reading, lines: number): void {
    const fits = reading.fields.length === this.#width;
    if (!fits && this.#hasRowsWithin(reading.end) && this.#takeApart(records, reading.next)) {
      return;
    }
    this.#accept(records, reading, lines);
  }

  /** A lone carriageReturn, or one in quotes, stands before `end`. */
  #hasRowsWithin(end: number): boolean {
    return !this.#crEnds && this.#width > 1 && this.#cr.in(this.#text, this.#position) < end;
  }

  #accept(records: CsvRecord[], { fields, end, next }: Reading, lines: number): void {
    if (this.#width === 0) {
      this.#width = fields.length;
    }
    if (fields.length === this.#width) {
      this.#doubtful = false;
    }
    records.push(this.#record(this.#position, end, fields));
    this.#advance(next, lines);
  }

  /** Takes the text up to `next` as lines that lone CRs end; false: most of these are no rows of the header's width. */
  #takeApart(records: CsvRecord[], next: number): boolean {
    const readings: { readonly start: number; readonly reading: Reading }[] = [];
    let fitting = 0;
    for (let at = this.#position; at < next; ) {
      const reading = this.#attempt(at, { final: true, crEnds: true, passesBlanks: true });
      if (reading.kind !== 'record' || reading.next > next) {
        return false;
      }
      if (reading.end > at) {
        readings.push({ start: at, reading });
      }
      if (reading.fields.length === this.#width) {
        fitting++;
      }
      at = reading.next;
    }
    if (fitting < 2 || fitting * 2 <= readings.length) {
      return false;
    }
    for (const { start, reading } of readings) {
      this.#advance(start, this.#countLines(this.#position, start, true));
      this.#accept(records, reading, this.#countLines(start, reading.next, true));
    }
    this.#advance(next, this.#countLines(this.#position, next, true));
    return true;
  }

  /** The first row of a text without lineFeed that is too long for one record: rows that lone CRs end, below a header that lineFeed ends. */
  #takeWideRow(records: CsvRecord[]): boolean {
    if (this.#crEnds || this.#width < 2) {
      return false;
    }
    const start = this.#position;
    const reading = this.#attempt(start, { final: false, crEnds: true, passesBlanks: true });
    if (reading.kind !== 'record' || reading.fields.length !== this.#width) {
      return false;
    }
    if (reading.end - start > this.#options.maxRecordLength) {
      return false;
    }
    this.#accept(records, reading, this.#countLines(start, reading.next, true));
    return true;
  }

  /** Reads fields until the record ends; touches no state. */
  #attempt(start: number, manner: Manner): Attempt {
    const text = this.#text;
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
        eol = this.#eol(position, manner.crEnds);
        if (!manner.final && this.#isOpen(eol)) {
          return { kind: 'more' };
        }
      }
      const comma = text.indexOf(this.#options.delimiter, position);
      const last = comma === -1 || comma >= eol;
      const end = last ? this.#contentEnd(position, eol) : comma;
      const value = text.slice(position, end);
      if (this.#doubtful && value.includes('"')) {
        return { kind: 'fault', fault: 'QUOTE_IN_UNQUOTED_FIELD' };
      }
      fields.push(value);
      if (last) {
        return { kind: 'record', fields, end, next: this.#behindLineEnd(eol) };
      }
      position = comma + 1;
    }
  }

  #behindBlanks(from: number): number {
    let at = from;
    for (;;) {
      const code = this.#text.charCodeAt(at);
      if ((code !== blankCode && code !== tab) || code === this.#delimiterCode) {
        return at;
      }
      at++;
    }
  }

  /** The quote that closes the field opened at `open`; -1: not in the text. */
  #closingQuote(open: number): number {
    let quote = this.#text.indexOf('"', open + 1);
    while (quote !== -1 && this.#text.charCodeAt(quote + 1) === quoteCode) {
      quote = this.#text.indexOf('"', quote + 2);
    }
    return quote;
  }

  /** Where the next record starts when one of so many fields may end at `at`; null: something else stands there. */
  #recordEnd(at: number, { final, crEnds }: Manner, fields: number): number | 'more' | null {
    const text = this.#text;
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
      return at + 1 < text.length ? this.#behindLineEnd(at) : unknown(at + 1);
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
    return fields === this.#width ? at + 1 : null;
  }

  #tooLarge(records: CsvRecord[], to: number): boolean {
    const start = this.#position;
    const end = Math.min(to, start + this.#options.maxRecordLength);
    records.push({ ...this.#record(start, end, []), fault: 'RECORD_TOO_LARGE' });
    this.#skipping = true;
    return true;
  }

  #skipLine(final: boolean): boolean {
    const eol = this.#eol(this.#position, this.#crEnds);
    if (eol >= this.#text.length || (!final && this.#isOpen(eol))) {
      this.#advance(eol, final ? 1 : 0);
      return false;
    }
    this.#skipping = false;
    this.#advance(this.#behindLineEnd(eol), 1);
    return true;
  }

  /**
   * Passes over byte order marks (as one character, or as the bytes of UTF-8), Ctrl-Z and, where lineFeed ends lines, carriageReturn: no text
   * begins with it. false: there may be more of one.
   */
  #skipMarks(final: boolean): boolean {
    const text = this.#text;
    for (;;) {
      const at = this.#position;
      const code = text.charCodeAt(at);
      if (code === 0xfeff || code === controlZ || (code === carriageReturn && !this.#crEnds)) {
        this.#advance(at + 1, 0);
      } else if (code !== 0xef) {
        return at < text.length;
      } else if (text.startsWith('\u00ef\u00bb\u00bf', at)) {
        this.#advance(at + 3, 0);
      } else {
        return final || at + 2 < text.length;
      }
    }
  }

  /** The next line end at or behind `from`; the text's length: none. */
  #eol(from: number, crEnds: boolean): number {
    const lf = this.#lf.in(this.#text, from);
    return crEnds ? Math.min(lf, this.#cr.in(this.#text, from)) : lf;
  }

  /** No line end in the text so far, or a carriageReturn at its end that may be half of one. */
  #isOpen(eol: number): boolean {
    const { length } = this.#text;
    return eol >= length || (eol === length - 1 && this.#text.charCodeAt(eol) === carriageReturn);
  }

  #behindLineEnd(eol: number): number {
    return this.#text.charCodeAt(eol) === carriageReturn && this.#text.charCodeAt(eol + 1) === lineFeed
      ? eol + 2
      : eol + 1;
  }

  /** Drops the CRs before lineFeed, and at the end of the file. */
  #contentEnd(start: number, eol: number): number {
    let end = eol;
    if (this.#text.charCodeAt(eol) === carriageReturn) {
      return end;
    }
    while (end > start && this.#text.charCodeAt(end - 1) === carriageReturn) {
      end--;
    }
    return end;
  }

  #countLines(from: number, to: number, crEnds = this.#crEnds): number {
    let lines = 0;
    const end = Math.min(to, this.#text.length);
    for (let at = this.#eol(from, crEnds); at < end; at = this.#eol(this.#behindLineEnd(at), crEnds)) {
      lines++;
    }
    return lines;
  }

  #advance(to: number, lines: number): void {
    this.#position = Math.min(to, this.#text.length);
    this.#line += lines;
  }

  #record(start: number, end: number, fields: string[]): CsvRecord {
    const unit = this.#options.unitBytes;
    return {
      line: this.#line,
      byteStart: this.#byteOffset + start * unit,
      byteEnd: this.#byteOffset + end * unit,
      raw: this.#text.slice(start, end),
      fields,
      fault: null,
    };
  }
}

/** How lines end, from the beginning of a file: the first end outside quotes decides. */
export function detectLineEnd(text: string): LineEnd {
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === quoteCode) {
      quoted = !quoted;
    } else if (code === lineFeed && !quoted) {
      return '\n';
    } else if (code === carriageReturn && !quoted) {
      let behind = at + 1;
      while (text.charCodeAt(behind) === carriageReturn) {
        behind++;
      }
      return text.charCodeAt(behind) === lineFeed || behind === text.length ? '\n' : '\r';
    }
  }
  return '\n';
}
