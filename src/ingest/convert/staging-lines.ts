import { Buffer } from 'node:buffer';
import { copyLine } from '../../sql/copy-line.ts';
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
  /** The set has `Extras`, for cells under headers that nobody knows. */
  extras: boolean,
): ConvertedRows {
  const counts = { read: 0, rejected: 0, keyless: 0, expired: 0 };
  const properties = [...converter.properties, ...(extras ? ['Extras'] : [])];
  return { properties, counts, lines: encodeRows(records, { converter, counts, extras }) };
}

interface Encoding {
  readonly converter: RowConverter;
  readonly counts: { read: number; rejected: number; keyless: number; expired: number };
  readonly extras: boolean;
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

function encodeRow(record: TextRecord, { converter, counts, extras }: Encoding): string {
  const row = converter.convert(record);
  if (row.expired) {
    counts.expired++;
    return '';
  }
  counts.read++;
  if (row.fault === null) {
    const line = `${record.line}\t${record.byteStart}\t${record.byteEnd}\t\\N\t\\N\t\\N\t\\N\t\\N\t`;
    return line + copyLine(extras ? [...row.values, row.extras] : row.values);
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
  return copyLine([...where, ...what, ...values, ...(extras ? [null] : [])]);
}

/** PostgreSQL takes no U+0000; the symbol for it stands in its place. */
function withoutNul(text: string): string {
  return text.includes('\0') ? text.replaceAll('\0', '␀') : text;
}
