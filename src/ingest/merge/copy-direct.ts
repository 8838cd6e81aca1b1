import { Buffer } from 'node:buffer';
import { quoteIdentifier } from '../../sql/identifier.ts';
import type { Transaction } from '../../warehouse/database.ts';
import type { FileOrder } from '../ledger/file-order.ts';
import { columnList } from '../stored/column-lists.ts';
import type { StoredTable } from '../stored/stored-table.ts';
import { takeApart } from './direct-lines.ts';
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
}

/** COPY of whole staging lines into a table itself: rows are written many at a time, and only once. */
export class DirectCopy {
  readonly #transaction: Transaction;
  readonly #copyTaken: string;
  readonly #copyLeft: string;
  readonly #constants: Buffer;

  constructor(transaction: Transaction, { table, file, version, columns, marks, copyLeft }: DirectRows) {
    this.#transaction = transaction;
    const names = [columnList(columns), ...marks.map(quoteIdentifier), '_version', '_load_id', '_loaded_at', '_stamp'];
    this.#copyTaken = `COPY ${table.name} (_line, ${names.join(', ')}) FROM STDIN`;
    this.#copyLeft = copyLeft;
    this.#constants = Buffer.from(`\t${[version, file.loadId, loadTime(), file.fileTime].join('\t')}`);
  }

  /** Resolves to how many rows were stored. Rejected ones are left, when the others are in; throws 23505 where a key is stored. */
  async copy(chunks: readonly Uint8Array[]): Promise<number> {
    const left: Uint8Array[] = [];
    const constants = this.#constants;
    const taken = function* (): Generator<Uint8Array> {
      for (const chunk of chunks) {
        const apart = takeApart(chunk, constants);
        if (apart.left !== null) {
          left.push(apart.left);
        }
        if (apart.taken !== null) {
          yield apart.taken;
        }
      }
    };
    const stored = await this.#transaction.copyIn(this.#copyTaken, eachOf([...taken()]));
    if (left.length > 0) {
      await this.#transaction.copyIn(this.#copyLeft, eachOf(left));
    }
    return stored;
  }
}
