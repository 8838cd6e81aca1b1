import { CellInput } from '../../json/cells/cell-input.ts';
import type { JsonFormat } from '../../json/json-format.ts';
import type { CopyRowWriter } from '../../json/row-writer.ts';
import type { PagePosition } from '../../plan/model/read-plan.ts';
import type { CompiledQuery } from '../../sql/compiled-query.ts';
import type { RowBatch } from '../../warehouse/database.ts';
import type { RowPage, RowStep } from '../data-source.ts';
import { positionAt } from './row-position.ts';

/** How the rows of one statement ended. */
export interface RowsEnd {
  readonly count: number;
  /** Where the next page starts; null: there is none. */
  readonly next: PagePosition | null;
}

/**
 * Writes the rows of a COPY as members of the envelope's array. Batches are taken as there is room for them, and so
 * PostgreSQL is held up by a slow client. Not one object or string is made for a row. Where there will be no room, the rows
 * end early, with the position of the last one written.
 */
export async function* pageRows(
  batches: AsyncIterable<RowBatch>,
  query: CompiledQuery,
  to: { readonly envelope: RowPage; readonly format: JsonFormat },
): AsyncGenerator<RowStep, RowsEnd, boolean> {
  const writer = to.envelope.copyRow(query.shape, query.control ?? null, to.format);
  const page = new PageWriter(writer, query, to.envelope);
  for await (const batch of batches) {
    for (let index = page.write(batch, 0); index < batch.count; index = page.write(batch, index)) {
      if (page.isFull) {
        return { count: page.count, next: page.position };
      }
      const hasRoom = yield 'full';
      const behind = page.row(batch, index);
      if (!hasRoom) {
        // The row that there was no room for is the last one: its position is at hand.
        return { count: page.count, next: earlyEnd(page, { start: batch.starts[index] as number, behind }, query) };
      }
      index += 1;
    }
    yield 'waiting';
  }
  return { count: page.count, next: null };
}

function earlyEnd(
  { count, input }: PageWriter,
  row: { readonly start: number; readonly behind: number },
  query: CompiledQuery,
): PagePosition | null {
  const { remaining, ...position } = positionAt(input, row, query);
  // What `$top` wants after this page was counted for a page that is full.
  const left = remaining === null ? null : remaining + ((query.limit ?? count) - count);
  return left === 0 ? null : { ...position, remaining: left };
}

/** The rows of one page as they are written, and the position of the last one. */
class PageWriter {
  readonly input = new CellInput(Buffer.alloc(0));
  count = 0;
  position: PagePosition | null = null;
  readonly #writer: CopyRowWriter;
  readonly #query: CompiledQuery;
  readonly #limit: number;
  readonly #envelope: RowPage;

  constructor(writer: CopyRowWriter, query: CompiledQuery, envelope: RowPage) {
    this.#writer = writer;
    this.#query = query;
    this.#envelope = envelope;
    this.#limit = query.limit ?? Number.POSITIVE_INFINITY;
  }

  /** All rows that the page may hold were written. */
  get isFull(): boolean {
    return this.count === this.#limit;
  }

  /** Writes rows of the batch from `from` on, as long as they surely fit. Gives the first that was left. */
  write({ buffer, starts, ends, count }: RowBatch, from: number): number {
    const input = this.input;
    const envelope = this.#envelope;
    const writer = this.#writer;
    const { output } = envelope;
    const until = Math.min(count, from + this.#limit - this.count);
    input.use(buffer);
    let index = from;
    let behind = 0;
    for (; index < until; index++) {
      const start = starts[index] as number;
      const end = ends[index] as number;
      if (output.free <= writer.bound(end - start)) {
        break;
      }
      envelope.separate();
      behind = writer.row(input, { start, end }, output);
    }
    if (index > from) {
      this.#wrote(index - from, { start: starts[index - 1] as number, behind });
    }
    return index;
  }

  /** Writes one row, in a larger output if it has to. Gives where its columns begin that are not served. */
  row(batch: RowBatch, index: number): number {
    const span = { start: batch.starts[index] as number, end: batch.ends[index] as number };
    this.#envelope.separate();
    const behind = this.#writer.row(this.input, span, this.#envelope.output);
    this.#wrote(1, { start: span.start, behind });
    return behind;
  }

  /** The last row of a full page says where the next one begins. */
  #wrote(rows: number, last: { readonly start: number; readonly behind: number }): void {
    this.count += rows;
    if (this.count === this.#limit && this.#query.positionColumns > 0) {
      this.position = positionAt(this.input, last, this.#query);
    }
  }
}
