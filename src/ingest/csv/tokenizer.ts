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

export interface TokenizerOptions {
  /** One character below U+0080. */
  readonly delimiter: string;
  /** `\n` reads LF and CRLF and takes a lone CR as text; `\r` is the old Macintosh line end. */
  readonly lineEnd: '\n' | '\r';
  /** Bytes each character of the text stands for: 1 for one-byte and UTF-8 files read as latin1, 2 for UTF-16. */
  readonly unitBytes: 1 | 2;
  /** Byte offset and line number of the first character. */
  readonly byteOffset: number;
  readonly line: number;
  /** Longest record, in characters; a longer one is a fault, so that an open quote cannot swallow the file. */
  readonly maxRecordLength: number;
}

const QUOTE = 34;
const LF = 10;
const CR = 13;

type Attempt =
  | { readonly kind: 'record'; readonly fields: string[]; readonly end: number; readonly next: number }
  | { readonly kind: 'fault'; readonly fault: CsvFault }
  | { readonly kind: 'more' };

/**
 * RFC 4180 records out of text that arrives in pieces cut anywhere; beyond it, a quote inside a field that does not
 * begin with one is text. A broken record costs its first line only: reading
 * goes on at the next line, because the rows below it are usually whole. Blank lines are no records but count as lines.
 * The text may be UTF-8 read as latin1: every character the grammar knows is below U+0080, so the cut is the same and
 * a character is a byte.
 */
export class CsvTokenizer {
  readonly #options: TokenizerOptions;
  readonly #delimiterCode: number;
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
  /** Position of the next quote at or after the current position; -1: not looked up; the text's length: none. */
  #quote = -1;

  constructor(options: TokenizerOptions) {
    this.#options = options;
    this.#delimiterCode = options.delimiter.charCodeAt(0);
    this.#line = options.line;
    this.#byteOffset = options.byteOffset;
  }

  /** Takes the next piece and gives the records it completes. */
  push(text: string): CsvRecord[] {
    this.#byteOffset += this.#position * this.#options.unitBytes;
    this.#text = this.#position < this.#text.length ? this.#text.slice(this.#position) + text : text;
    this.#position = 0;
    this.#quote = -1;
    return this.#drain(false);
  }

  /** No more text: gives what is left. */
  end(): CsvRecord[] {
    return this.#drain(true);
  }

  #drain(final: boolean): CsvRecord[] {
    const records: CsvRecord[] = [];
    while (this.#position < this.#text.length) {
      if (this.#skipping ? !this.#skipLine(final) : !this.#take(records, final)) break;
    }
    return records;
  }

  /** Reads one record or blank line; false: it is not complete yet. */
  #take(records: CsvRecord[], final: boolean): boolean {
    const start = this.#position;
    const lineEnd = this.#findLineEnd(start);
    if (lineEnd === -1 && !final) {
      if (this.#text.length - start <= this.#options.maxRecordLength) return false;
      return this.#tooLarge(records, this.#text.length);
    }
    const eol = lineEnd === -1 ? this.#text.length : lineEnd;
    if (eol - start > this.#options.maxRecordLength) return this.#tooLarge(records, eol);
    if (this.#nextQuote(start) >= eol) {
      const end = this.#contentEnd(start, eol);
      const raw = this.#text.slice(start, end);
      if (end > start) this.#accept(records, this.#record(start, end, raw.split(this.#options.delimiter)));
      this.#advance(eol + 1, 1);
      return true;
    }
    return this.#takeQuoted(records, eol, final);
  }

  #takeQuoted(records: CsvRecord[], eol: number, final: boolean): boolean {
    const start = this.#position;
    const attempt = this.#attempt(start, final);
    if (attempt.kind === 'record' && attempt.end - start <= this.#options.maxRecordLength) {
      this.#accept(records, this.#record(start, attempt.end, attempt.fields));
      this.#advance(attempt.next, attempt.next <= eol + 1 ? 1 : this.#countLines(start, attempt.next));
      return true;
    }
    if (attempt.kind === 'more' && !final && this.#text.length - start <= this.#options.maxRecordLength) return false;
    const fault = attempt.kind === 'fault' ? attempt.fault : 'UNTERMINATED_QUOTE';
    const end = this.#contentEnd(start, eol);
    records.push({ ...this.#record(start, end, []), fault });
    this.#doubtful = true;
    this.#advance(eol + 1, 1);
    return true;
  }

  #accept(records: CsvRecord[], record: CsvRecord): void {
    if (this.#width === 0) this.#width = record.fields.length;
    if (record.fields.length === this.#width) this.#doubtful = false;
    records.push(record);
  }

  /** Reads fields until the record ends; touches no state. */
  #attempt(start: number, final: boolean): Attempt {
    const text = this.#text;
    const fields: string[] = [];
    let position = start;
    let eol = -1;
    for (;;) {
      if (text.charCodeAt(position) === QUOTE) {
        const close = this.#closingQuote(position);
        if (close === -1) return { kind: 'more' };
        const value = text.slice(position + 1, close);
        fields.push(value.includes('"') ? value.replaceAll('""', '"') : value);
        const after = close + 1;
        if (text.charCodeAt(after) === this.#delimiterCode) {
          position = after + 1;
          continue;
        }
        const next = this.#recordEnd(after, final);
        if (next === 'more') return { kind: 'more' };
        if (next === null) return { kind: 'fault', fault: 'TEXT_AFTER_QUOTE' };
        return { kind: 'record', fields, end: after, next };
      }
      if (eol < position) {
        eol = this.#findLineEnd(position);
        if (eol === -1 && !final) return { kind: 'more' };
        if (eol === -1) eol = text.length;
      }
      const comma = text.indexOf(this.#options.delimiter, position);
      const last = comma === -1 || comma >= eol;
      const end = last ? this.#contentEnd(position, eol) : comma;
      const value = text.slice(position, end);
      if (this.#doubtful && value.includes('"')) return { kind: 'fault', fault: 'QUOTE_IN_UNQUOTED_FIELD' };
      fields.push(value);
      if (last) return { kind: 'record', fields, end, next: eol + 1 };
      position = comma + 1;
    }
  }

  /** The quote that closes the field opened at `open`; -1: not in the text. */
  #closingQuote(open: number): number {
    let quote = this.#text.indexOf('"', open + 1);
    while (quote !== -1 && this.#text.charCodeAt(quote + 1) === QUOTE) quote = this.#text.indexOf('"', quote + 2);
    return quote;
  }

  /** Where the next record starts when a record may end at `at`; null: something else stands there. */
  #recordEnd(at: number, final: boolean): number | 'more' | null {
    const length = this.#text.length;
    if (at >= length) return final ? at : 'more';
    const code = this.#text.charCodeAt(at);
    if (this.#options.lineEnd === '\r') return code === CR ? at + 1 : null;
    if (code === LF) return at + 1;
    if (code !== CR) return null;
    if (at + 1 >= length) return final ? at + 1 : 'more';
    return this.#text.charCodeAt(at + 1) === LF ? at + 2 : null;
  }

  #tooLarge(records: CsvRecord[], to: number): boolean {
    const start = this.#position;
    const end = Math.min(to, start + this.#options.maxRecordLength);
    records.push({ ...this.#record(start, end, []), fault: 'RECORD_TOO_LARGE' });
    this.#skipping = true;
    return true;
  }

  #skipLine(final: boolean): boolean {
    const eol = this.#findLineEnd(this.#position);
    if (eol === -1) {
      this.#advance(this.#text.length, final ? 1 : 0);
      return false;
    }
    this.#skipping = false;
    this.#advance(eol + 1, 1);
    return true;
  }

  #findLineEnd(from: number): number {
    return this.#text.indexOf(this.#options.lineEnd, from);
  }

  #nextQuote(from: number): number {
    if (this.#quote < from) {
      const found = this.#text.indexOf('"', from);
      this.#quote = found === -1 ? this.#text.length : found;
    }
    return this.#quote;
  }

  /** Drops the CR of CRLF. */
  #contentEnd(start: number, eol: number): number {
    const crlf = this.#options.lineEnd === '\n' && eol > start && this.#text.charCodeAt(eol - 1) === CR;
    return crlf ? eol - 1 : eol;
  }

  #countLines(from: number, to: number): number {
    let lines = 0;
    let at = this.#findLineEnd(from);
    while (at !== -1 && at < to) {
      lines++;
      at = this.#findLineEnd(at + 1);
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

/** The line end a file uses, from its beginning: the first one outside quotes decides. */
export function detectLineEnd(text: string): '\n' | '\r' {
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) quoted = !quoted;
    else if (code === LF && !quoted) return '\n';
    else if (code === CR && !quoted) return text.charCodeAt(at + 1) === LF || at + 1 === text.length ? '\n' : '\r';
  }
  return '\n';
}
