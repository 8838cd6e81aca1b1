import type { ByteOutput } from '../json/bytes/byte-output.ts';
import type { JsonFormat } from '../json/json-format.ts';
import { readArray } from '../json/reading/json-scan.ts';
import type { ControlShape, RowShape } from '../json/row-shape.ts';
import type { CopyRowWriter } from '../json/row-writer.ts';
import { type CsvColumn, columnName } from './columns.ts';
import { csvCopyRow } from './copy-row.ts';
import type { CsvFormat } from './csv-format.ts';
import { rowEnd, textField } from './field.ts';
import { objectRow, valueField } from './object-row.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Bytes that are kept before they are handed to the connection. */
const enough = 64 * 1024;

/** Rows as CSV (RFC 4180): a record of names, then one for each row. A `RowPage` of `source`. */
export class CsvPage {
  /** Rows appended so far. */
  rows = 0;
  readonly output: ByteOutput;
  readonly #format: CsvFormat;
  readonly #columns: readonly CsvColumn[];
  readonly #object: (json: string) => string;

  constructor(
    output: ByteOutput,
    { format, columns }: { readonly format: CsvFormat; readonly columns: readonly CsvColumn[] },
  ) {
    this.output = output;
    this.#format = format;
    this.#columns = columns;
    this.#object = objectRow(columns, format);
  }

  /** Everything before the first row. */
  open(): void {
    const { delimiter, header, byteOrderMark } = this.#format;
    const names = this.#columns.map((column) => textField(columnName(column), { ...this.#format, guarded: false }));
    this.output.appendText(`${byteOrderMark ? '\ufeff' : ''}${header ? names.join(delimiter) + rowEnd : ''}`);
  }

  /** Goes before each row, to count it. */
  separate(): void {
    this.rows += 1;
  }

  get isWorthSending(): boolean {
    return this.output.position > enough;
  }

  /** Appends a row that comes as a JSON object. */
  object(json: string): void {
    this.separate();
    this.output.appendText(this.#object(json));
  }

  /** Appends rows that come as JSON objects with commas between them. */
  appendRows(bytes: Uint8Array): void {
    for (const json of readArray(`[${decoder.decode(bytes)}]`)) {
      this.object(json);
    }
  }

  /** Appends a row of one value, which comes as JSON. */
  value(json: string): void {
    this.separate();
    this.output.appendText(valueField(json, this.#format) + rowEnd);
  }

  /** The writer of rows of COPY columns; whoever writes one calls `separate` before it. */
  copyRow(shape: RowShape, control: ControlShape | null, links: JsonFormat): CopyRowWriter {
    return csvCopyRow({ shape, control, columns: this.#columns, links }, this.#format);
  }
}
