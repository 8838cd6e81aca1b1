import { entityUrl } from '../../../edm/key-literal.ts';
import type { ReplySink } from '../../../http/reply-sink.ts';
import { CellInput } from '../../../json/cells/cell-input.ts';
import { cellEnd, cellText } from '../../../json/cells/cell-text.ts';
import { keyCells } from '../../../json/cells/key-cell.ts';
import type { CollectionPlan, RemovedPosition } from '../../../plan/model/read-plan.ts';
import type { CompiledQuery } from '../../../sql/compiled-query.ts';
import type { Rest, RowBatch } from '../../../warehouse/database.ts';

export interface RemovedRows {
  readonly plan: CollectionPlan;
  /** Of `compileRemoved`: key columns, the reason, then the position. */
  readonly query: CompiledQuery;
  /** Absolute service root with its final slash. */
  readonly root: string;
  /** Whether rows stand before them in the same array. */
  readonly follows: boolean;
  /** Waits for a slow client; where it sleeps too long, the page ends early. */
  readonly rest: Rest;
}

/** Bytes that are kept before they are handed to the connection. */
const enough = 64 * 1024;

/** How the removed rows of one page ended. */
export interface RemovedWritten {
  readonly count: number;
  /** Where the next page goes on; null: all were told. */
  readonly next: RemovedPosition | null;
}

/** Before the first removed row: versions and numbers begin at one. */
const start: RemovedPosition = { part: 'gone', version: 0n, row: 0n };

/**
 * Writes the rows that left as deleted entities of OData JSON 4.0 (15.3), as many as the page has room for; none where the
 * changed rows filled it, but whether there are any is told.
 */
export async function writeRemoved(
  batches: AsyncIterable<RowBatch>,
  { plan, query, root, follows, rest }: RemovedRows,
  sink: ReplySink,
): Promise<RemovedWritten> {
  const { name } = plan.selection.set;
  const key = query.shape.fields.flatMap((field) => (field.kind === 'value' ? [field] : [])).slice(0, -1);
  const context = JSON.stringify(`${root}$metadata#${name}/$deletedEntity`);
  const wait = (returned: Promise<void>): Promise<boolean> => rest.nap(returned);
  const input = new CellInput(Buffer.alloc(0));
  const limit = query.limit ?? Number.POSITIVE_INFINITY;
  let count = 0;
  let last = plan.removedAfter ?? start;
  for await (const { buffer, starts, ends, count: rows } of batches) {
    input.use(buffer);
    for (let index = 0; index < rows; index++) {
      input.rowEnd = ends[index] as number;
      if (count === limit) {
        return { count, next: last };
      }
      const { values, next } = keyCells(input, starts[index] as number, { key, nested: false });
      const [reason = 'deleted', part, version = '0', row = '0'] = cellsOf(input, next, 4);
      last = { part: part === '0' ? 'gone' : 'left', version: BigInt(version), row: BigInt(row) };
      const id = JSON.stringify(`${root}${entityUrl(name, key, values)}`);
      const comma = follows || count > 0 ? ',' : '';
      sink.output.appendText(`${comma}{"@odata.context":${context},"id":${id},"reason":"${reason}"}`);
      count += 1;
      if (sink.output.position > enough && !(await sink.makeRoom(wait))) {
        return { count, next: last };
      }
    }
  }
  return { count, next: null };
}

function cellsOf(input: CellInput, start: number, columns: number): string[] {
  let at = start;
  return Array.from({ length: columns }, () => {
    const text = cellText(input, at, false) ?? '';
    at = cellEnd(input, at, false) + 1;
    return text;
  });
}
