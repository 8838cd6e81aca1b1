import { createReadStream } from 'node:fs';
import type { CsvFault, CsvRecord } from './csv-record.ts';
import type { FileEncoding } from './file-encoding.ts';
import { unreadable } from './file-facts.ts';
import type { LineEnd } from './line-end.ts';
import { decodeLossy, unitDecoder, unitReader } from './text-decoding.ts';
import { CsvTokenizer } from './tokenizer.ts';

/** How the text of a file is written: what a reader must know to cut it into records. */
export interface TextLayout {
  readonly encoding: FileEncoding;
  readonly bomBytes: number;
  readonly delimiter: string;
  /** The file says its delimiter itself, in a first line `sep=X`. */
  readonly separatorLine: boolean;
  readonly lineEnd: LineEnd;
  /** Byte offset and line number where the header record starts: behind marks, blank lines and the `sep=` line. */
  readonly start: number;
  readonly startLine: number;
  /** Byte offset where the text ends: what the file is padded with lies behind. */
  readonly end: number;
}

/** A record as text. `raw` is shown to people; its bytes are `byteStart` to `byteEnd` of the file. */
export interface TextRecord extends Omit<CsvRecord, 'fault'> {
  readonly fault: RecordFault | null;
}

export type RecordFault = CsvFault | 'INVALID_ENCODING';

/** Longest record taken; longer ones are rejected. Generous: the longest known cell is a mail of some 100 kB. */
export const longestRecord = 4 * 1024 * 1024;

export interface ReadOptions {
  readonly maxRecordLength?: number;
  /** Told after every chunk how many bytes of the file were read. */
  readonly onBytes?: (bytes: number) => void;
}

/** The records of a file from its header on, in batches as they come from the disk; the first record is the header. Throws GatewayError FileUnreadable. */
export async function* readRecords(
  path: string,
  layout: TextLayout,
  options: ReadOptions = {},
): AsyncGenerator<TextRecord[]> {
  const units = unitReader(layout.encoding);
  const tokenizer = new CsvTokenizer({
    delimiter: layout.delimiter,
    lineEnd: layout.lineEnd,
    unitBytes: units.unitBytes,
    byteOffset: layout.start,
    line: layout.startLine,
    maxRecordLength: options.maxRecordLength ?? longestRecord,
  });
  const toText = textOf(layout.encoding);
  let bytes = layout.start;
  if (layout.end <= layout.start) {
    return;
  }
  for await (const chunk of bytesOf(path, layout)) {
    bytes += chunk.length;
    yield tokenizer.push(units.read(chunk)).map(toText);
    options.onBytes?.(bytes);
  }
  const last = [...tokenizer.push(units.end()), ...tokenizer.end()].map(toText);
  // Half a character at the end of UTF-16 was read as a whole one, and the file has no byte behind its last.
  yield last.map((record) => (record.byteEnd > layout.end ? { ...record, byteEnd: layout.end } : record));
}

/** What the reader does with the bytes is its own matter: only what reading them throws becomes FileUnreadable. */
async function* bytesOf(path: string, { start, end }: TextLayout): AsyncGenerator<Buffer> {
  const stream = createReadStream(path, { start, end: end - 1, highWaterMark: 256 * 1024 });
  try {
    yield* stream as AsyncIterable<Buffer>;
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/** The records below the header. */
export async function* readRows(
  path: string,
  layout: TextLayout,
  options: ReadOptions = {},
): AsyncGenerator<TextRecord[]> {
  let header = true;
  for await (const batch of readRecords(path, layout, options)) {
    if (header && batch.length > 0) {
      header = false;
      batch.shift();
    }
    yield batch;
  }
}

/** Decodes a record's units; a record whose bytes are broken gets a fault and its raw text as well as it can be shown. */
export function textOf(encoding: FileEncoding): (record: CsvRecord) => TextRecord {
  const decode = unitDecoder(encoding);
  if (encoding === 'iso-8859-1') {
    return (record) => record;
  }
  return (record) => {
    const raw = decode(record.raw);
    if (raw === record.raw) {
      return record;
    }
    if (raw === null) {
      return { ...record, raw: decodeLossy(record.raw, encoding), fields: [], fault: 'INVALID_ENCODING' };
    }
    return { ...record, raw, fields: record.fields.map((field) => decode(field) ?? field) };
  };
}
