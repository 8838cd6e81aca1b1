import type { FileFacts } from '../csv/file-facts.ts';
import { type ReadOptions, readRows, type TextRecord } from '../csv/read-records.ts';
import type { HeaderReading } from './read-header.ts';
import { type PassedOver, RowSieve } from './row-sieve.ts';

/** The rows of a file, and what was passed over, which is known when all are read. */
export interface DataRows {
  readonly records: AsyncIterable<readonly TextRecord[]>;
  readonly passedOver: Readonly<PassedOver>;
}

/** The records below the header that a person would call rows. Reading them throws FileJoined, see `RowSieve`. */
export function dataRows(facts: FileFacts, reading: HeaderReading, options: ReadOptions = {}): DataRows {
  const sieve = new RowSieve(reading, facts.name);
  return { records: rowsOf(facts, reading, { sieve, options }), passedOver: sieve.passedOver };
}

async function* rowsOf(
  facts: FileFacts,
  { layout }: HeaderReading,
  { sieve, options }: { readonly sieve: RowSieve; readonly options: ReadOptions },
): AsyncGenerator<readonly TextRecord[]> {
  for await (const batch of readRows(facts.path, layout, options)) {
    const rows: TextRecord[] = [];
    for (const record of batch) {
      const row = sieve.rowOf(record);
      if (row !== null) {
        rows.push(row);
      }
    }
    yield rows;
  }
}

/** What an operator should know of what was passed over; null: nothing. Blank rows are no news. */
export function passedOverNote({ headers }: Readonly<PassedOver>): string | null {
  if (headers === 0) {
    return null;
  }
  const rows = headers === 1 ? 'One line that repeats the header was' : `${headers} lines that repeat the header were`;
  return `${rows} passed over: several files seem to be joined to this one.`;
}
