import type { ReplySink } from '../../http/reply-sink.ts';
import { CellInput } from '../../json/cells/cell-input.ts';
import type { JsonFormat } from '../../json/json-format.ts';
import { type RowWriter, rowWriter } from '../../json/row-writer.ts';
import type { PagePosition } from '../../plan/model/read-plan.ts';
import type { CompiledQuery } from '../../sql/compiled-query.ts';
import type { Rest, RowBatch } from '../../warehouse/database.ts';
import { positionAt } from './row-position.ts';

/** How the rows of one page ended. */
export interface RowsWritten {
  readonly count: number;
  /** Where the next page starts; null: there is none. */
  readonly next: PagePosition | null;
}

/** Where rows are written to. */
export interface RowsTarget {
  readonly sink: ReplySink;
  /** Waits for a slow client. */
  readonly rest: Rest;
  readonly format: JsonFormat;
  readonly onRow: (count: number) => void;
  /** Rows of another query stand before them in the same array. Absent: none. */
  readonly follows?: boolean;
}

/** Milliseconds that bytes wait for more of them before they are sent although the buffer is not full. */
const patience = 50;
const comma = 0x2c;

/**
 * Writes the rows of a COPY as the members of a JSON array, commas between them. The sink's back-pressure holds up the
 * iteration, and so PostgreSQL. Not one object or string is made for a row. Where the client sleeps for too long, the rows
 * end early, with the position of the last one written. Throws GatewayError SlowReader where they have no position.
 */
export async function writeRows(
  batches: AsyncIterable<RowBatch>,
  query: CompiledQuery,
  to: RowsTarget,
): Promise<RowsWritten> {
  const writer = rowWriter(query.shape, to.format, query.control ?? null);
  const limit = query.limit ?? Number.POSITIVE_INFINITY;
  const page = new PageWriter(writer, query, to.follows ?? false);
  const wait = (returned: Promise<void>): Promise<boolean> =>
    query.positionColumns > 0 ? to.rest.nap(returned) : to.rest.endure(returned).then(() => true);
  let late: NodeJS.Timeout | null = null;
  try {
    for await (const batch of batches) {
      if (late !== null) {
        clearTimeout(late);
      }
      page.input.use(batch.buffer);
      for (let index = 0; index < batch.count; index++) {
        if (page.count === limit) {
          return { count: page.count, next: page.position };
        }
        const span = { start: batch.starts[index] as number, end: batch.ends[index] as number };
        const wanted = writer.bound(span.end - span.start) + 1;
        const wake = to.sink.output.free >= wanted || (await to.sink.makeRoom(wait));
        const behind = page.write(span, to.sink);
        if (!wake) {
          return endEarly(page, { start: span.start, behind }, { query, sink: to.sink });
        }
      }
      to.onRow(page.count);
      late = setTimeout(() => to.sink.flushIfFree(), patience);
    }
  } finally {
    if (late !== null) {
      clearTimeout(late);
    }
    to.onRow(page.count);
  }
  return { count: page.count, next: null };
}

/** The row that there was no room for is the last one: its position is at hand. */
function endEarly(
  { count, input }: PageWriter,
  row: { readonly start: number; readonly behind: number },
  { query, sink }: { readonly query: CompiledQuery; readonly sink: ReplySink },
): RowsWritten {
  sink.dropCopy();
  const { remaining, ...position } = positionAt(input, row, query);
  // What `$top` wants after this page was counted for a page that is full.
  const left = remaining === null ? null : remaining + ((query.limit ?? count) - count);
  return { count, next: left === 0 ? null : { ...position, remaining: left } };
}

/** The rows of one page as they are written, and the position of the last one. */
class PageWriter {
  readonly input = new CellInput(Buffer.alloc(0));
  count = 0;
  position: PagePosition | null = null;
  readonly #writer: RowWriter;
  readonly #query: CompiledQuery;
  readonly #limit: number;
  readonly #follows: boolean;

  constructor(writer: RowWriter, query: CompiledQuery, follows: boolean) {
    this.#writer = writer;
    this.#query = query;
    this.#follows = follows;
    this.#limit = query.limit ?? -1;
  }

  /** Gives where the columns that are not served begin. */
  write(span: { readonly start: number; readonly end: number }, sink: ReplySink): number {
    const { output } = sink;
    if (this.#follows || this.count > 0) {
      output.ensure(1);
      output.bytes[output.position++] = comma;
    }
    const behind = this.#writer.row(this.input, span, output);
    this.count += 1;
    if (this.count === this.#limit && this.#query.positionColumns > 0) {
      this.position = positionAt(this.input, { start: span.start, behind }, this.#query);
    }
    return behind;
  }
}
