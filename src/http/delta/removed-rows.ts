import type { CollectionPlan } from '../../plan/read-plan.ts';
import type { CompiledQuery } from '../../sql/compiled-query.ts';
import type { RowBatch } from '../../warehouse/database.ts';
import { CellInput } from '../json/cell-input.ts';
import { cellEnd, cellText } from '../json/cell-text.ts';
import { entityId } from '../json/entity-id.ts';
import type { ReplySink } from '../reply-sink.ts';

export interface RemovedRows {
  readonly plan: CollectionPlan;
  /** Of `compileChanges`: key columns, then the reason. */
  readonly query: CompiledQuery;
  /** Absolute service root with its final slash. */
  readonly root: string;
  /** Whether rows stand before them in the same array. */
  readonly follows: boolean;
}

/** Bytes that are kept before they are handed to the connection. */
const enough = 64 * 1024;

/** Writes the rows that left as deleted entities of OData JSON 4.0 (15.3). Gives back how many. */
export async function writeRemoved(
  batches: AsyncIterable<RowBatch>,
  { plan, query, root, follows }: RemovedRows,
  sink: ReplySink,
): Promise<number> {
  const { name, entityType } = plan.selection.set;
  const key = query.shape.fields.flatMap((field) => (field.kind === 'value' ? [field] : [])).slice(0, -1);
  const control = { set: name, type: entityType.name, key };
  const context = JSON.stringify(`${root}$metadata#${name}/$deletedEntity`);
  const input = new CellInput(Buffer.alloc(0));
  let count = 0;
  for await (const { buffer, starts, ends, count: rows } of batches) {
    input.use(buffer);
    for (let index = 0; index < rows; index++) {
      input.rowEnd = ends[index] as number;
      const cells = cellsOf(input, starts[index] as number, key.length + 1);
      const reason = cells.pop() ?? 'deleted';
      const id = JSON.stringify(`${root}${entityId(control, cells)}`);
      const comma = follows || count > 0 ? ',' : '';
      sink.output.appendText(`${comma}{"@odata.context":${context},"id":${id},"reason":"${reason}"}`);
      count += 1;
      if (sink.output.position > enough) await sink.flush();
    }
  }
  return count;
}

function cellsOf(input: CellInput, start: number, columns: number): string[] {
  let at = start;
  return Array.from({ length: columns }, () => {
    const text = cellText(input, at, false) ?? '';
    at = cellEnd(input, at, false) + 1;
    return text;
  });
}
