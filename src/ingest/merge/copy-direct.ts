import { quoteIdentifier } from '../../sql/identifier.ts';
import type { Transaction } from '../../warehouse/database.ts';
import type { FileOrder } from '../ledger/file-order.ts';
import { columnList } from '../stored/column-lists.ts';
import type { StoredTable } from '../stored/stored-table.ts';
import type { TakenApart } from './direct-lines.ts';
import { loadTime } from './insert-rows.ts';
import { eachOf } from './pieces.ts';

/** Rows that go into their table as they come, and the table of those that do not. */
export interface DirectRows {
  readonly table: StoredTable;
  readonly file: FileOrder;
  /** Data version of the set that the load makes. */
  readonly version: string;
  /** Columns of the values in the lines, behind place and fault, and of the marks behind those. */
  readonly columns: readonly string[];
  readonly marks: readonly string[];
  /** COPY into the temporary table of rows that are left. */
  readonly copyLeft: string;
  /** Where what all rows have stands (`loadMarks`): in each line, or in the table, as what rows get that say nothing. */
  readonly marked: 'lines' | 'table';
}

/** What all rows of a load have, as texts by column. */
export const loadMarks = ({ file, version }: Pick<DirectRows, 'file' | 'version'>): ReadonlyMap<string, string> =>
  new Map([
    ['_version', version],
    ['_load_id', file.loadId],
    ['_loaded_at', loadTime()],
    ['_stamp', file.fileTime],
  ]);

/** COPY of rows into their table itself: rows are written many at a time, and only once. */
export class DirectCopy {
  readonly #transaction: Transaction;
  readonly #copyTaken: string;
  readonly #copyLeft: string;
  /** What stands behind the values and marks of each row, as COPY text; empty where the table has it. */
  readonly constants: string;

  constructor(transaction: Transaction, { table, columns, marks, copyLeft, marked, ...load }: DirectRows) {
    this.#transaction = transaction;
    const all = marked === 'table' ? new Map<string, string>() : loadMarks(load);
    const names = [columnList(columns), ...marks.map(quoteIdentifier), ...all.keys()];
    this.#copyTaken = `COPY ${table.name} (_line, ${names.join(', ')}) FROM STDIN`;
    this.#copyLeft = copyLeft;
    this.constants = [...all.values()].map((text) => `\t${text}`).join('');
  }

  /** Resolves to how many rows were stored. Rejected ones are left, when the others are in; throws 23505 where a key is stored. */
  async copy(parts: AsyncIterable<TakenApart>): Promise<number> {
    const left: Uint8Array[] = [];
    const stored = await this.#transaction.copyIn(this.#copyTaken, takenOf(parts, left));
    if (left.length > 0) {
      await this.#transaction.copyIn(this.#copyLeft, eachOf(left));
    }
    return stored;
  }
}

/** What can be stored of each; the rest goes to `left`. */
async function* takenOf(parts: AsyncIterable<TakenApart>, left: Uint8Array[]): AsyncGenerator<Uint8Array> {
  for await (const part of parts) {
    if (part.left !== null) {
      left.push(part.left);
    }
    if (part.taken !== null) {
      yield part.taken;
    }
  }
}
