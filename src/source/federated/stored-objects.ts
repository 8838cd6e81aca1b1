import { ByteOutput } from '../../json/bytes/byte-output.ts';
import { CellInput } from '../../json/cells/cell-input.ts';
import type { JsonFormat } from '../../json/json-format.ts';
import { rowWriter } from '../../json/row-writer.ts';
import type { PagePosition } from '../../plan/model/read-plan.ts';
import type { CompiledQuery } from '../../sql/compiled-query.ts';
import type { ReadSession } from '../../warehouse/database.ts';
import { positionAt } from '../stored/row-position.ts';

/** Rows of PostgreSQL as JSON objects, because a join has to look into them. */
export interface StoredObjects {
  readonly objects: readonly string[];
  /** Where the next page starts; null: there is none. */
  readonly next: PagePosition | null;
}

/** Most characters of JSON that one query may give: the rows of one chunk are held until their joins are known. */
export const longestChunk = 64 * 1024 * 1024;

/** Runs a compiled query to its end. Gives null where the rows are more than may be held. */
export async function storedObjects(
  session: ReadSession,
  query: CompiledQuery,
  format: JsonFormat,
): Promise<StoredObjects | null> {
  const writer = rowWriter(query.shape, format, query.control ?? null);
  const limit = query.limit ?? Number.POSITIVE_INFINITY;
  const input = new CellInput(Buffer.alloc(0));
  const output = new ByteOutput(4096);
  const objects: string[] = [];
  let next: PagePosition | null = null;
  let further = false;
  let length = 0;
  for await (const { buffer, starts, ends, count } of session.copyOut(query.text)) {
    input.use(buffer);
    for (let index = 0; index < count; index++) {
      if (objects.length >= limit) {
        further = true;
        break;
      }
      output.position = 0;
      const span = { start: starts[index] as number, end: ends[index] as number };
      const behind = writer.row(input, span, output);
      const text = output.bytes.toString('utf8', 0, output.position);
      length += text.length;
      if (length > longestChunk) {
        return null;
      }
      objects.push(text);
      if (objects.length === limit && query.positionColumns > 0) {
        next = positionAt(input, { start: span.start, behind }, query);
      }
    }
  }
  return { objects, next: further ? next : null };
}
