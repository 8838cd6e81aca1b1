import { carriageReturn, controlZ } from './characters.ts';
import type { CsvRecord } from './csv-record.ts';
import type { LineEnd } from './line-end.ts';
import { LineEnds } from './line-ends.ts';
import { NextIndex } from './next-index.ts';
import { type Attempt, type Manner, type Reading, RecordReader } from './record-reader.ts';

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

/** A byte order mark, as a character or as the first byte of it in UTF-8, Ctrl-Z, and the carriageReturn of lines that LFCR ends. */
const passedOver = new Set([0xfeff, 0xef, controlZ, carriageReturn]);

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
  readonly #crEnds: boolean;
  readonly #lines = new LineEnds();
  readonly #reader: RecordReader;
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
  readonly #quote = new NextIndex('"');

  constructor(options: TokenizerOptions) {
    this.#options = options;
    this.#reader = new RecordReader(this.#lines, options.delimiter);
    this.#crEnds = options.lineEnd === '\r';
    this.#line = options.line;
    this.#byteOffset = options.byteOffset;
  }

  /** Takes the next piece and gives the records it completes. */
  push(text: string): CsvRecord[] {
    this.#byteOffset += this.#position * this.#options.unitBytes;
    const before = this.#lines.text;
    this.#lines.set(this.#position < before.length ? before.slice(this.#position) + text : text);
    this.#position = 0;
    this.#quote.forget();
    return this.#drain(false);
  }

  /** No more text: gives what is left. */
  end(): CsvRecord[] {
    return this.#drain(true);
  }

  #drain(final: boolean): CsvRecord[] {
    const records: CsvRecord[] = [];
    while (this.#position < this.#lines.text.length) {
      if (this.#skipping ? !this.#skipLine(final) : !this.#take(records, final)) {
        break;
      }
    }
    return records;
  }

  /** Reads one record or blank line; false: it is not complete yet. */
  #take(records: CsvRecord[], final: boolean): boolean {
    const { text } = this.#lines;
    if (passedOver.has(text.charCodeAt(this.#position)) && !this.#skipMarks(final)) {
      return false;
    }
    const start = this.#position;
    const eol = this.#lines.next(start, this.#crEnds);
    if (eol - start > this.#options.maxRecordLength) {
      return this.#takeWideRow(records) || this.#tooLarge(records, eol);
    }
    if (!final && this.#lines.isOpen(eol)) {
      return false;
    }
    const next = this.#lines.behind(eol);
    if (this.#quote.in(text, start) < eol) {
      return this.#takeQuoted(records, { eol, next }, final);
    }
    const end = this.#lines.contentEnd(start, eol);
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
      this.#takeReading(
        records,
        reading,
        reading.next <= line.next ? 1 : this.#lines.count(start, reading.next, this.#crEnds),
      );
      return true;
    }
    if (this.#hasRowsWithin(line.eol) && this.#takeApart(records, line.next)) {
      return true;
    }
    records.push({ ...this.#record(start, this.#lines.contentEnd(start, line.eol), []), fault: reading.fault });
    this.#doubtful = true;
    this.#advance(line.next, 1);
    return true;
  }

  /** The record at the current position within the length allowed; `more`: a longer text may hold it. */
  #read(final: boolean, passesBlanks: boolean): Attempt {
    const start = this.#position;
    const attempt = this.#readAt(start, { final, crEnds: this.#crEnds, passesBlanks });
    const most = this.#options.maxRecordLength;
    if (attempt.kind === 'record' && attempt.end - start <= most) {
      return attempt;
    }
    if (attempt.kind === 'fault') {
      return attempt;
    }
    if (attempt.kind === 'more' && !final && this.#lines.text.length - start <= most) {
      return attempt;
    }
    return { kind: 'fault', fault: 'UNTERMINATED_QUOTE' };
  }

  #readAt(start: number, { final, crEnds, passesBlanks }: Pick<Manner, 'final' | 'crEnds' | 'passesBlanks'>): Attempt {
    // Written out: a spread here takes half of the time of a file with quotes.
    return this.#reader.read(start, { final, crEnds, passesBlanks, doubtful: this.#doubtful, width: this.#width });
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
    return !this.#crEnds && this.#width > 1 && this.#lines.nextReturn(this.#position) < end;
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
      const reading = this.#readAt(at, { final: true, crEnds: true, passesBlanks: true });
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
      this.#advance(start, this.#lines.count(this.#position, start, true));
      this.#accept(records, reading, this.#lines.count(start, reading.next, true));
    }
    this.#advance(next, this.#lines.count(this.#position, next, true));
    return true;
  }

  /** The first row of a text without lineFeed that is too long for one record: rows that lone CRs end, below a header that lineFeed ends. */
  #takeWideRow(records: CsvRecord[]): boolean {
    if (this.#crEnds || this.#width < 2) {
      return false;
    }
    const start = this.#position;
    const reading = this.#readAt(start, { final: false, crEnds: true, passesBlanks: true });
    if (reading.kind !== 'record' || reading.fields.length !== this.#width) {
      return false;
    }
    if (reading.end - start > this.#options.maxRecordLength) {
      return false;
    }
    this.#accept(records, reading, this.#lines.count(start, reading.next, true));
    return true;
  }

  #tooLarge(records: CsvRecord[], to: number): boolean {
    const start = this.#position;
    const end = Math.min(to, start + this.#options.maxRecordLength);
    records.push({ ...this.#record(start, end, []), fault: 'RECORD_TOO_LARGE' });
    this.#skipping = true;
    return true;
  }

  #skipLine(final: boolean): boolean {
    const eol = this.#lines.next(this.#position, this.#crEnds);
    if (eol >= this.#lines.text.length || (!final && this.#lines.isOpen(eol))) {
      this.#advance(eol, final ? 1 : 0);
      return false;
    }
    this.#skipping = false;
    this.#advance(this.#lines.behind(eol), 1);
    return true;
  }

  /**
   * Passes over byte order marks (as one character, or as the bytes of UTF-8), Ctrl-Z and, where lineFeed ends lines, carriageReturn: no text
   * begins with it. false: there may be more of one.
   */
  #skipMarks(final: boolean): boolean {
    const { text } = this.#lines;
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

  #advance(to: number, lines: number): void {
    this.#position = Math.min(to, this.#lines.text.length);
    this.#line += lines;
  }

  #record(start: number, end: number, fields: string[]): CsvRecord {
    const unit = this.#options.unitBytes;
    return {
      line: this.#line,
      byteStart: this.#byteOffset + start * unit,
      byteEnd: this.#byteOffset + end * unit,
      raw: this.#lines.text.slice(start, end),
      fields,
      fault: null,
    };
  }
}
