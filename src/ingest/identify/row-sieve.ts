import type { ExportColumn } from '../../catalogue/catalogue.ts';
import { foldHeader } from '../../catalogue/compile/export/fold-header.ts';
import { GatewayError } from '../../errors.ts';
import { longestRecord, type TextRecord } from '../csv/read-records.ts';
import { CsvTokenizer } from '../csv/tokenizer.ts';
import { isBlank, visibleName } from './blank-cells.ts';
import { type HeaderMatch, namedWidth, namesOf } from './match-header.ts';
import { isPreambleLine } from './preamble.ts';
import type { HeaderReading } from './read-header.ts';

/** Records below the header that are no rows. */
export interface PassedOver {
  /** Without one value: what spreadsheets leave of emptied rows, and what query tools draw and count around rows. */
  blank: number;
  /** The header again, with its `sep=` line: what joining files leaves. */
  headers: number;
}

const firstLetter = /^[A-Za-z]/;
/** What may stand before a name, and letters with accents. */
const unusual = /^["\u0080-\uffff]/;

/** An emptied row that was written with another delimiter than the file's. */
const separators = /^[,;|\t" ]*$/;

/** The rule that sqlcmd draws between the header and the rows: dashes in every column. */
const ruled = /^-+$/;
/** What psql, sqlcmd, SSMS and SQL*Plus write below the rows, in the languages they are sold in. */
const rowCount =
  /^(?:\(\d+ (?:rows?|Zeilen?|rij(?:en)?|lignes?|filas?|rig[ah]e?|linhas?|rad(?:er)?|række?r?|rivi(?:ä)?|wiersz\p{L}*|строк\p{L}*|行)(?:\(s\))?(?: \p{L}[\p{L}() ]*)?\)|(?:\d+|no) rows? selected\.|Completion time: [\d.:T+-]+)$/iu;

/** Tells the rows of a file from what a person would not call a row. */
export class RowSieve {
  readonly passedOver: PassedOver = { blank: 0, headers: 0 };
  readonly #match: HeaderMatch;
  readonly #fileName: string;
  readonly #names: ReadonlyMap<string, ExportColumn>;
  readonly #folded: readonly string[];
  readonly #nullTokens: ReadonlySet<string>;
  /** Places where such a word is a text that a person wrote. */
  readonly #written: ReadonlySet<number>;
  /** Where a header has its first name, and for the first letter of all names their lengths: few cells of rows look like one. */
  readonly #first: number;
  readonly #lengths: ReadonlyMap<string, ReadonlySet<number>>;
  readonly #delimiter: string;
  /** The row before was whole: what follows is no rest of its text. */
  #afterWholeRow = true;
  /** The header as it may stand behind the last row of a file that had no line end there. */
  readonly #tails: readonly string[];

  constructor({ match, layout }: HeaderReading, fileName: string) {
    this.#match = match;
    this.#fileName = fileName;
    this.#delimiter = layout.delimiter;
    const headers = match.cells.map((cell) => cell.text);
    this.#tails = [headers, headers.map((text) => `"${text}"`)].map((names) => names.join(layout.delimiter));
    this.#names = namesOf(match.export);
    const width = namedWidth(match.cells);
    this.#folded = match.cells.slice(0, width).map((cell) => foldHeader(cell.text));
    this.#nullTokens = new Set(match.export.files.nullTokens);
    this.#written = new Set(
      match.cells.filter((cell) => cell.column?.personalData === 'content').map((cell) => cell.index),
    );
    this.#first = this.#folded.findIndex((name) => name !== '');
    const texts = match.export.columns.flatMap((column) => column.headers.map((header) => header.text));
    this.#lengths = lengthsByLetter([...texts, ...match.cells.map((cell) => cell.text)]);
  }

  /**
   * The record as a row; null: it is none. A header that stands behind it in its line is taken off. Throws FileJoined at a header
   * of the same export with other columns or in another order: the rows below it would be read under the wrong names.
   */
  rowOf(record: TextRecord): TextRecord | null {
    const row = record.fields.length === this.#match.cells.length ? record : this.#withoutHeader(record);
    if (!this.#isRow(row)) {
      return null;
    }
    this.#afterWholeRow = row.fault === null && row.fields.length >= this.#folded.length;
    return row;
  }

  /** Files joined to one where the first did not end its last line: the next one's header stands behind its last row. */
  #withoutHeader(record: TextRecord): TextRecord {
    const { raw, line } = record;
    const tail = this.#tails.find((text) => raw.length > text.length && raw.endsWith(text));
    if (tail === undefined || this.#folded.length < 2) {
      return record;
    }
    const tokenizer = new CsvTokenizer({
      delimiter: this.#delimiter,
      lineEnd: '\n',
      unitBytes: 1,
      byteOffset: 0,
      line,
      maxRecordLength: longestRecord,
    });
    const text = raw.slice(0, -tail.length).replace(/\ufeff$/, '');
    const [only, second] = [...tokenizer.push(text), ...tokenizer.end()];
    if (only === undefined || second !== undefined || only.fields.length < this.#folded.length) {
      return record;
    }
    this.passedOver.headers++;
    return { ...record, raw: text, fields: only.fields, fault: only.fault };
  }

  #isRow(record: TextRecord): boolean {
    if (record.fault !== null) {
      return true;
    }
    const { fields } = record;
    if (this.#isBlank(fields) || this.#isRuled(fields) || this.#isAside(record)) {
      this.passedOver.blank++;
      return false;
    }
    if (this.#mayBeHeader(fields[this.#first] ?? '') && this.#isHeader(record)) {
      this.passedOver.headers++;
      return false;
    }
    return !isPreambleLine(record.raw);
  }

  #isBlank(fields: readonly string[]): boolean {
    for (let at = 0; at < fields.length; at++) {
      const field = fields[at] ?? '';
      if (isBlank(field) || field === '=""') {
        continue;
      }
      if (!this.#nullTokens.has(field.trim()) || this.#written.has(at)) {
        return false;
      }
    }
    return true;
  }

  #isRuled(fields: readonly string[]): boolean {
    const [first = ''] = fields;
    if (!first.startsWith('-') || !ruled.test(first)) {
      return false;
    }
    return fields.some((field) => field.length > 1) && fields.every((field) => ruled.test(field.trim()));
  }

  /** A line of its own where rows have several cells: an emptied row of another delimiter, or a count of the rows above. */
  #isAside({ fields, raw }: TextRecord): boolean {
    if (fields.length !== 1 || this.#folded.length < 2) {
      return false;
    }
    return separators.test(raw) || (this.#afterWholeRow && raw.length < 64 && rowCount.test(raw.trim()));
  }

  #mayBeHeader(cell: string): boolean {
    const text = cell.trim();
    if (!firstLetter.test(text)) {
      return unusual.test(text);
    }
    return this.#lengths.get(text.charAt(0).toLowerCase())?.has(text.length) ?? false;
  }

  #isHeader({ fields, line }: TextRecord): boolean {
    const names = fields.map((field) => foldHeader(visibleName(field)));
    const said = names.filter((name) => name !== '').length;
    const here = names.filter((name, at) => name !== '' && this.#isNameOf(name, at)).length;
    if (here === said && (here > 1 || this.#folded.length === 1)) {
      return true;
    }
    const columns = new Set(names.flatMap((name) => this.#names.get(name) ?? []));
    const needed = this.#match.export.columns.filter((column) => column.required);
    if (columns.size < 2 || columns.size * 2 < said || !needed.every((column) => columns.has(column))) {
      return false;
    }
    throw new GatewayError(
      'FileJoined',
      `${this.#fileName} has another header in line ${line}, with other columns or in another order than its first: it is several exports joined to one`,
      { target: this.#fileName },
    );
  }

  #isNameOf(name: string, at: number): boolean {
    if (name === this.#folded[at]) {
      return true;
    }
    const column = this.#match.cells[at]?.column ?? null;
    return column !== null && this.#names.get(name) === column;
  }
}

function lengthsByLetter(texts: readonly string[]): ReadonlyMap<string, ReadonlySet<number>> {
  const lengths = new Map<string, Set<number>>();
  for (const text of texts.map((one) => one.trim())) {
    const letter = text.charAt(0).toLowerCase();
    lengths.set(letter, (lengths.get(letter) ?? new Set()).add(text.length));
  }
  return lengths;
}
