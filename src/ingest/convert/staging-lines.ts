import { Buffer } from 'node:buffer';
import { copyFields, copyValue } from '../../sql/copy-line.ts';
import type { TextRecord } from '../csv/read-records.ts';
import type { RowConverter } from './row-converter.ts';

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
  const lines = encodeRows(records, { converter, counts, extras, marks });
  return { properties: propertiesOf(converter, extras), counts, lines };
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

function encodeRow(record: TextRecord, { converter, counts, extras, marks }: Encoding): string {
  const row = converter.convert(record);
  if (row.expired) {
    counts.expired++;
    return '';
  }
  counts.read++;
  if (row.fault === null) {
    const line = `${record.line}\t${record.byteStart}\t${record.byteEnd}\t\\N\t\\N\t\\N\t\\N\t\\N\t`;
    const more = extras ? `\t${copyValue(row.extras)}` : '';
    return `${line}${copyFields(row.values)}${more}${marks?.textOf(row.values, record.line) ?? ''}\n`;
  }
  counts.rejected++;
  if (!row.keyKnown) {
    counts.keyless++;
  }
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
