import { Buffer } from 'node:buffer';
import type { RecordErasure } from '../convert/record-eraser.ts';
import type { TextLayout, TextRecord } from '../csv/read-records.ts';
import { encodeText } from '../csv/text-encoding.ts';

/**
 * A record's bytes without what is erased, as long as before wherever that can be, and with its line ends, so that lines and
 * bytes of all others stay where the ledger says they are. A record that goes becomes blank lines, which are no rows; a cell becomes
 * blanks, which say nothing.
 */
export function erasedRecord(
  record: TextRecord,
  {
    erasure,
    layout,
    known,
  }: {
    readonly erasure: NonNullable<RecordErasure>;
    readonly layout: TextLayout;
    /** Fields of columns that the metadata knows: blanks in others would be kept. */
    readonly known: ReadonlySet<number>;
  },
): Buffer {
  const { encoding, delimiter } = layout;
  const length = record.byteEnd - record.byteStart;
  if (erasure === 'remove') {
    return filled(record.raw.replace(/[^\r\n]/g, ' '), { length, encoding });
  }
  const write = (padding: number): Buffer => {
    let left = padding;
    const cells = record.fields.map((field, index) => {
      if (!erasure.has(index)) {
        return quoted(field, delimiter);
      }
      if (!known.has(index)) {
        return '';
      }
      const blank = field.replace(/[^\r\n]/g, '') + ' '.repeat(left);
      left = 0;
      return quoted(blank, delimiter);
    });
    return encodeText(cells.join(delimiter), encoding);
  };
  const shortest = write(0);
  const unit = encoding.startsWith('utf-16') ? 2 : 1;
  const missing = Math.max(0, Math.floor((length - shortest.length) / unit));
  return missing === 0 ? shortest : write(missing);
}

function filled(
  text: string,
  { length, encoding }: { readonly length: number; readonly encoding: TextLayout['encoding'] },
): Buffer {
  const bytes = encodeText(text, encoding);
  const blank = encodeText(' ', encoding);
  const missing = Math.max(0, Math.floor((length - bytes.length) / blank.length));
  return Buffer.concat([bytes, ...Array.from({ length: missing }, () => blank)]);
}

const quoted = (text: string, delimiter: string): string =>
  /["\r\n]/.test(text) || text.includes(delimiter) ? `"${text.replace(/"/g, '""')}"` : text;
