import { Buffer } from 'node:buffer';
import { setImmediate as immediate } from 'node:timers/promises';
import { copyFields, copyValue } from '../../sql/copy-line.ts';
import type { TextRecord } from '../csv/read-records.ts';
import type { ConvertedRow, RowConverter } from './row-converter.ts';
import type { RowFault } from './row-fault.ts';

/** Longest raw text kept of a rejected row, in characters; its byte range tells where the rest is. */
export const maxRaw = 64 * 1024;

/** What a file's rows came to before they met the table. */
export interface ReadRows {
  readonly read: number;
  readonly rejected: number;
  /** Rejected rows whose key could not be read: nobody knows which stored rows they speak of. */
  readonly keyless: number;
  /** Rows older than what is kept of their export: left out, and part of no other count. */
  readonly expired: number;
}

/** Rows as lines of COPY, and their counts, which are whole when the lines are read. */
export interface ConvertedRows {
  /** Properties whose values the lines have, in their order, behind place and fault. */
  readonly properties: readonly string[];
  readonly lines: AsyncIterable<Uint8Array>;
  /** The same rows, in place of `lines`, for a table that takes all that can be stored: see `directRows`. */
  readonly direct: (constants: string) => AsyncIterable<DirectLines>;
  readonly counts: ReadRows;
}

/**
 * Converts records, the header left out, while the lines are read. Each has line, byte range, and the fault of a rejected row
 * (code, property, header, message, raw text), then the values: those of a rejected row as far as its key could be read.
 */
export function convertedRows(
  records: AsyncIterable<readonly TextRecord[]>,
  converter: RowConverter,
  { extras, marks }: LineForm,
): ConvertedRows {
  const counts = { read: 0, rejected: 0, keyless: 0, expired: 0 };
  const encoding = { converter, counts, extras, marks };
  return {
    properties: propertiesOf(converter, extras),
    counts,
    lines: encodeRows(records, encoding),
    direct: (constants) => directRows(records, encoding, constants),
  };
}

/** Properties whose values the lines have. */
export const propertiesOf = (converter: RowConverter, extras: boolean): readonly string[] => [
  ...converter.properties,
  ...(extras ? ['Extras'] : []),
];

/** What stands in a line besides place, fault and the values of the file. */
export interface LineForm {
  /** The set has `Extras`, for cells under headers that nobody knows. */
  readonly extras: boolean;
  /** Behind the values: how new cells of the row are; null: lines end with the values. */
  readonly marks: LineMarks | null;
}

export interface LineMarks {
  readonly columns: readonly string[];
  /** COPY text of their values, each behind a tab. */
  textOf(values: readonly (string | null)[], line: number): string;
  /** The same where nothing is known. */
  readonly none: string;
}

/** Rows of some records: those that can be stored as lines for their table, rejected ones as lines for staging. */
export interface DirectLines {
  /** null: there are none. */
  readonly taken: Uint8Array | null;
  readonly left: Uint8Array | null;
}

/**
 * Rows converted at once, before PostgreSQL is given them: the buffer of a socket holds less than it takes in while a whole batch is converted, and
 * then it would wait.
 */
const fewRows = 16;

/**
 * For a table that takes all that can be stored: a line has its number, the values, the marks, and `constants` as they are given. Making it
 * at once is cheaper than taking a line for staging apart.
 */
async function* directRows(
  batches: AsyncIterable<readonly TextRecord[]>,
  encoding: Encoding,
  constants: string,
): AsyncGenerator<DirectLines> {
  for await (const batch of batches) {
    for (let from = 0; from < batch.length; from += fewRows) {
      yield directLines(batch.slice(from, from + fewRows), encoding, constants);
      await immediate();
    }
  }
}

function directLines(records: readonly TextRecord[], encoding: Encoding, constants: string): DirectLines {
  let [taken, left] = ['', ''];
  for (const record of records) {
    const row = convertRow(record, encoding);
    if (row === null) {
      continue;
    }
    if (row.fault === null) {
      taken += `${record.line}\t${valuesOf(row, record, encoding)}${constants}\n`;
    } else {
      left += rejectedLine(record, { ...row, fault: row.fault }, encoding);
    }
  }
  return { taken: taken === '' ? null : Buffer.from(taken), left: left === '' ? null : Buffer.from(left) };
}

interface Encoding {
  readonly converter: RowConverter;
  readonly counts: { read: number; rejected: number; keyless: number; expired: number };
  readonly extras: boolean;
  readonly marks: LineMarks | null;
}

async function* encodeRows(
  batches: AsyncIterable<readonly TextRecord[]>,
  encoding: Encoding,
): AsyncGenerator<Uint8Array> {
  for await (const batch of batches) {
    let text = '';
    for (const record of batch) {
      text += encodeRow(record, encoding);
    }
    if (text !== '') {
      yield Buffer.from(text, 'utf8');
    }
  }
}

function encodeRow(record: TextRecord, encoding: Encoding): string {
  const row = convertRow(record, encoding);
  if (row === null) {
    return '';
  }
  if (row.fault !== null) {
    return rejectedLine(record, { ...row, fault: row.fault }, encoding);
  }
  return `${record.line}\t${record.byteStart}\t${record.byteEnd}\t\\N\t\\N\t\\N\t\\N\t\\N\t${valuesOf(row, record, encoding)}\n`;
}

/** The row of a record, counted; null: it is none. */
function convertRow(record: TextRecord, { converter, counts }: Encoding): ConvertedRow | null {
  const row = converter.convert(record);
  if (row.expired) {
    counts.expired++;
    return null;
  }
  counts.read++;
  if (row.fault !== null) {
    counts.rejected++;
    counts.keyless += row.keyKnown ? 0 : 1;
  }
  return row;
}

function valuesOf({ values, extras }: ConvertedRow, { line }: TextRecord, encoding: Encoding): string {
  const more = encoding.extras ? `\t${copyValue(extras)}` : '';
  return `${copyFields(values)}${more}${encoding.marks?.textOf(values, line) ?? ''}`;
}

function rejectedLine(
  record: TextRecord,
  row: ConvertedRow & { readonly fault: RowFault },
  { converter, extras, marks }: Encoding,
): string {
  const { code, property, header, message } = row.fault;
  const where = [String(record.line), String(record.byteStart), String(record.byteEnd)];
  const values = row.keyKnown ? row.values : converter.properties.map(() => null);
  const text = converter.keptText(record);
  const raw = text === null ? null : withoutNul(text.slice(0, maxRaw));
  const what = [code, property, header, withoutNul(message), raw];
  return `${copyFields([...where, ...what, ...values, ...(extras ? [null] : [])])}${marks?.none ?? ''}\n`;
}

/** PostgreSQL takes no U+0000; the symbol for it stands in its place. */
function withoutNul(text: string): string {
  return text.includes('\0') ? text.replaceAll('\0', '␀') : text;
}
