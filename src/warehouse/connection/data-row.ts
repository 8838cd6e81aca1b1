import type { TextRow } from '../database.ts';

/** The cells of a DataRow message in text format, type byte included (PostgreSQL 3.0 protocol, "Message Formats"). */
export function dataRow(message: Buffer): TextRow {
  const cells: (string | null)[] = [];
  let at = 7;
  for (let left = message.readInt16BE(5); left > 0; left--) {
    const length = message.readInt32BE(at);
    at += 4;
    cells.push(length < 0 ? null : message.toString('utf8', at, at + length));
    at += Math.max(0, length);
  }
  return cells;
}
