import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { Transaction } from '../../warehouse/database.ts';
import { nextVersion } from '../ledger/set-version.ts';
import type { StoredTable } from '../stored/stored-table.ts';
import { type DerivedTable, derivedFrom } from './derived-sets.ts';
import { hasOwnParents, insertMembers } from './new-parents.ts';
import { hasOwnRows, insertUnified } from './unified-rows.ts';
import type { DerivedMarks } from './write-derived.ts';

/** Derived rows that were made of all rows of a source. */
export interface MadeRows {
  readonly count: number;
  /** The data version that they have. */
  readonly version: string;
}

/** Derived sets to which a new row of a source gives rows of its own and changes no others: bridges of which it is a parent, sets over all sources. */
export const addedByRows = (catalogue: Catalogue, source: StoredTable): readonly DerivedTable[] =>
  derivedFrom(catalogue, source.set.name).filter(
    (derived) => hasOwnParents(catalogue, { derived, source }) || hasOwnRows(catalogue, { derived, source }),
  );

/** Such sets, filled while the source is: all of them hold nothing before, and have no indexes yet; the source's rows are new. */
export class EarlyRows {
  readonly #transaction: Transaction;
  readonly #catalogue: Catalogue;
  readonly #source: StoredTable;
  readonly #sets: Set<DerivedTable>;
  readonly #marks: DerivedMarks;
  readonly #made = new Map<string, MadeRows>();
  /** Number of the last row that something was made of. */
  #last = '0';

  constructor(
    transaction: Transaction,
    catalogue: Catalogue,
    {
      source,
      sets,
      marks,
    }: { readonly source: StoredTable; readonly sets: readonly DerivedTable[]; readonly marks: DerivedMarks },
  ) {
    this.#transaction = transaction;
    this.#catalogue = catalogue;
    this.#source = source;
    this.#sets = new Set(sets);
    this.#marks = marks;
  }

  /** What becomes of all rows that are numbered behind those it knows; the numbers are indexed. */
  async add(): Promise<void> {
    const { rows } = await this.#transaction.query<{ last: string | null }>(
      `SELECT max(_row)::text AS last FROM ${this.#source.name}`,
    );
    const last = rows[0]?.last ?? null;
    if (last === null) {
      return;
    }
    const [first, end] = [BigInt(this.#last), BigInt(last)];
    const changed = (alias: string): string => `${alias}._row > ${first} AND ${alias}._row <= ${end}`;
    for (const derived of this.#sets) {
      const { name } = derived.table.set;
      const version = await nextVersion(this.#transaction, name);
      const inserted = await this.#insert(derived, changed, version);
      if (inserted === null) {
        // They speak of what others speak of, too: only all of them can tell what is to be made.
        await this.#forget(derived);
      } else {
        this.#made.set(name, { count: (this.#made.get(name)?.count ?? 0) + inserted, version });
      }
    }
    this.#last = last;
  }

  #insert(derived: DerivedTable, changed: (alias: string) => string, version: string): Promise<number | null> {
    const written = { derived, marks: this.#marks, version };
    return derived.derivation.kind === 'unified'
      ? insertUnified(this.#transaction, this.#catalogue, { ...written, source: this.#source, changed })
      : insertMembers(this.#transaction, this.#catalogue, { ...written, changed: changed('t') });
  }

  async forget(): Promise<void> {
    for (const derived of this.#sets) {
      await this.#forget(derived);
    }
  }

  async #forget(derived: DerivedTable): Promise<void> {
    await this.#transaction.query(`TRUNCATE ${derived.table.name}`);
    this.#sets.delete(derived);
    this.#made.delete(derived.table.set.name);
  }

  /** What was made of all rows; null: nothing was. */
  madeOf({ table }: DerivedTable): MadeRows | null {
    return this.#made.get(table.set.name) ?? null;
  }
}
