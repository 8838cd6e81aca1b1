import type { ByteOutput } from './bytes/byte-output.ts';
import type { JsonFormat } from './json-format.ts';
import type { ControlShape, RowShape } from './row-shape.ts';
import { type CopyRowWriter, rowWriter } from './row-writer.ts';

/** What of the format the control information around rows depends on. */
type EnvelopeFormat = Pick<JsonFormat, 'metadata' | 'ieee754Compatible'>;

/** The members of the envelope behind its rows; null: the member is left out. */
export interface EnvelopeEnd {
  /** Rows of all pages, in decimal digits, where they were not known before the rows. */
  readonly count: string | null;
  /** Absolute URLs. */
  readonly nextLink: string | null;
  readonly deltaLink: string | null;
}

const comma = 0x2c;
/** Bytes that are kept before they are handed to the connection. */
const enough = 64 * 1024;

/**
 * One page of rows as OData JSON: `{"@odata.context":...,"@odata.count":...,"value":[` rows `],"@odata.nextLink":...}`
 * (OData JSON 4.0, 12). Whoever has rows appends them to `output` and calls `separate` before each: rows are counted here
 * and nowhere else. A `RowPage` of `source`.
 */
export class PageEnvelope {
  /** Rows appended so far. */
  rows = 0;
  readonly output: ByteOutput;
  readonly #format: EnvelopeFormat;

  constructor(output: ByteOutput, format: EnvelopeFormat) {
    this.output = output;
    this.#format = format;
  }

  /** Everything before the first row. `count`: rows of all pages, in decimal digits; null: not asked for or not known yet. */
  open({ context, count }: { readonly context: string; readonly count: string | null }): void {
    const members = [
      ...(this.#format.metadata === 'none' ? [] : [contextMember(context)]),
      ...(count === null ? [] : [this.#countMember(count)]),
    ];
    this.output.appendText(`{${[...members, '"value":['].join(',')}`);
  }

  /** Goes before each row: the comma between two of them. */
  separate(): void {
    if (this.rows > 0) {
      this.output.ensure(1);
      this.output.bytes[this.output.position++] = comma;
    }
    this.rows += 1;
  }

  /** Appends rows that have commas between them. */
  appendRows(bytes: Uint8Array, rows: number): void {
    this.separate();
    this.rows += rows - 1;
    this.output.append(bytes);
  }

  /** Appends a row that comes as a JSON object. */
  object(json: string): void {
    this.separate();
    this.output.appendText(json);
  }

  /** The writer of rows of COPY columns; whoever writes one calls `separate` before it. */
  copyRow(shape: RowShape, control: ControlShape | null, format: JsonFormat): CopyRowWriter {
    return rowWriter(shape, format, control);
  }

  /** So much was appended that it is worth sending. */
  get isWorthSending(): boolean {
    return this.output.position > enough;
  }

  /** Everything behind the last row. */
  close({ count, nextLink, deltaLink }: EnvelopeEnd): void {
    const members = [
      ...(count === null ? [] : [this.#countMember(count)]),
      ...(nextLink === null ? [] : [`"@odata.nextLink":${JSON.stringify(nextLink)}`]),
      ...(deltaLink === null ? [] : [`"@odata.deltaLink":${JSON.stringify(deltaLink)}`]),
    ];
    this.output.appendText(`]${members.map((member) => `,${member}`).join('')}}`);
  }

  #countMember(count: string): string {
    return `"@odata.count":${this.#format.ieee754Compatible ? `"${count}"` : count}`;
  }
}

/** One JSON object with its context URL in front of its members: an entity, a property, the service document. */
export function withContext(object: string, url: string, { metadata }: Pick<JsonFormat, 'metadata'>): string {
  if (metadata === 'none') {
    return object;
  }
  return `{${contextMember(url)}${object === '{}' ? '' : ','}${object.slice(1)}`;
}

const contextMember = (url: string): string => `"@odata.context":${JSON.stringify(url)}`;
