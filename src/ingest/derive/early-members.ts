import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { Transaction } from '../../warehouse/database.ts';
import { nextVersion } from '../ledger/set-version.ts';
import type { StoredTable } from '../stored/stored-table.ts';
import type { DerivedTable } from './derived-sets.ts';
import { insertMembers } from './new-parents.ts';
import type { DerivedMarks } from './write-derived.ts';

/** Bridges of which each row of a source is a parent of its own, filled while the source is: both hold nothing before, and the source's rows are new. */
export class EarlyMembers {
  readonly #transaction: Transaction;
  readonly #catalogue: Catalogue;
  readonly #source: StoredTable;
  readonly #bridges: readonly DerivedTable[];
  readonly #marks: DerivedMarks;
  #counts = new Map<string, number>();
  /** Number of the last row that members were made of. */
  #last = '0';
  #forgotten = false;

  constructor(
    transaction: Transaction,
    catalogue: Catalogue,
    {
      source,
      bridges,
      marks,
    }: { readonly source: StoredTable; readonly bridges: readonly DerivedTable[]; readonly marks: DerivedMarks },
  ) {
    this.#transaction = transaction;
    this.#catalogue = catalogue;
    this.#source = source;
    this.#bridges = bridges;
    this.#marks = marks;
  }

  /** Members of all rows that are numbered behind those it knows; the numbers are indexed. */
  async add(): Promise<void> {
    const { rows } = await this.#transaction.query<{ last: string | null }>(
      `SELECT max(_row)::text AS last FROM ${this.#source.name}`,
    );
    const last = rows[0]?.last ?? null;
    if (last === null) {
      return;
    }
    for (const derived of this.#bridges) {
      const { name } = derived.table.set;
      const version = await nextVersion(this.#transaction, name);
      const changed = `t._row > ${BigInt(this.#last)} AND t._row <= ${BigInt(last)}`;
      const inserted = await insertMembers(this.#transaction, this.#catalogue, {
        ...{ derived, changed, version, marks: this.#marks },
      });
      this.#counts.set(name, (this.#counts.get(name) ?? 0) + inserted);
    }
    this.#last = last;
  }

  async forget(): Promise<void> {
    for (const { table } of this.#bridges) {
      await this.#transaction.query(`TRUNCATE ${table.name}`);
    }
    this.#forgotten = true;
  }

  /** How many members of the bridge were made of all rows; null: they are not made. */
  countOf({ table }: DerivedTable): number | null {
    return this.#forgotten ? null : (this.#counts.get(table.set.name) ?? null);
  }
}
