import { ByteOutput } from '../../json/bytes/byte-output.ts';
import { CellInput } from '../../json/cells/cell-input.ts';
import { cellText } from '../../json/cells/cell-text.ts';
import type { RowWriter } from '../../json/row-writer.ts';
import type { CompiledQuery } from '../../sql/compiled-query.ts';
import type { ReadSession, RowBatch } from '../../warehouse/database.ts';

/** The rows of a statement, the first of which were awaited. */
export interface StartedRows {
  readonly batches: AsyncIterable<RowBatch>;
  /** The statement gives no row. */
  readonly empty: boolean;
}

/** Waits for the first rows, so that a fault before them is still an error reply. */
export async function startedRows(batches: AsyncIterable<RowBatch>): Promise<StartedRows> {
  const iterator = batches[Symbol.asyncIterator]();
  let first: IteratorResult<RowBatch> | null = await iterator.next();
  while (first.done !== true && first.value.count === 0) {
    first = await iterator.next();
  }
  const empty = first.done === true;
  const rest: AsyncIterable<RowBatch> = {
    [Symbol.asyncIterator]: () => ({
      next: async () => {
        const result = first ?? (await iterator.next());
        first = null;
        return result;
      },
      return: async () => (await iterator.return?.()) ?? { done: true, value: undefined },
    }),
  };
  return { batches: rest, empty };
}

/** One row, kept beyond its batch. */
export interface FoundRow {
  readonly input: CellInput;
  readonly span: { readonly start: number; readonly end: number };
}

/** Whether the transaction ends with the statement. */
interface Ending {
  readonly final: boolean;
}

/** The only row of a query, copied out of the batch; null: none. */
export async function firstRow(
  session: ReadSession,
  query: Pick<CompiledQuery, 'text'>,
  ending?: Ending,
): Promise<FoundRow | null> {
  let found: FoundRow | null = null;
  for await (const { buffer, starts, ends, count } of session.copyOut(query.text, ending)) {
    if (count === 0 || found !== null) {
      continue;
    }
    const line = Buffer.from(buffer.subarray(starts[0], (ends[0] ?? 0) + 1));
    found = { input: new CellInput(line), span: { start: 0, end: line.length - 1 } };
  }
  return found;
}

/** The only cell of the only row, e.g. a count. */
export async function singleCell(
  session: ReadSession,
  query: Pick<CompiledQuery, 'text'>,
  ending?: Ending,
): Promise<string> {
  const found = await firstRow(session, query, ending);
  return found === null ? '0' : (cellText(found.input, 0, false) ?? '0');
}

/** The row as JSON text. */
export function rowJson(writer: RowWriter, found: FoundRow): string {
  const output = new ByteOutput(256);
  writer.row(found.input, found.span, output);
  return output.bytes.toString('utf8', 0, output.position);
}
