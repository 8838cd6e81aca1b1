import { hash } from 'node:crypto';
import type { Catalogue } from '../../catalogue/catalogue.ts';
import { quoteIdentifier, quoteRelation } from '../../sql/identifier.ts';
import { escapeText } from '../../sql/literal.ts';
import { attempt } from '../attempt.ts';
import type { Transaction } from '../database.ts';
import { isPlaced } from '../placement/place-beside.ts';
import { lockNotAvailable } from '../postgres-errors.ts';
import { isEmptyAndPlain } from './plain-table.ts';
import { createShadow, indexShadow, lockAlone, type ShadowTable, takePlace, withShadows } from './shadow-table.ts';
import { ownDefault } from './table-plan.ts';
import { wantedTableOf } from './wanted-tables.ts';

// A row that goes into an index by itself costs several times what it costs among all others at once. So what the first load of a set
// brings is put into a table without indexes, which get theirs when all rows are there; then it takes the place of the empty one.

/**
 * How long readers of the empty tables are waited for; then rows are copied. A quarter of a second is less than PostgreSQL's `deadlock_timeout`: where a reader
 * waits for us, too, we let go first.
 */
const shortPatience = { patience: 250, tries: 4 };

/** Tables of sets that hold nothing yet, each filled beside the empty one that is served, within one transaction. */
export class FreshTables {
  /** The catalogue with these tables in the place of the empty ones. */
  readonly catalogue: Catalogue;
  readonly #live: Catalogue;
  readonly #tables: readonly ShadowTable[];
  readonly #bare: Set<string>;
  readonly #first: string;
  /** By set: columns whose default is the load's for a while. */
  readonly #given = new Map<string, ReadonlySet<string>>();

  // biome-ignore lint/style/useConsistentMemberAccessibility: made by its static method alone, which looks at the tables
  private constructor(live: Catalogue, tables: readonly ShadowTable[], first: string) {
    this.#live = live;
    this.#first = first;
    this.#tables = tables;
    this.#bare = new Set(tables.map(({ set }) => set));
    this.catalogue = withShadows(live, tables);
  }

  /**
   * Makes tables without indexes (but for that of the first one's row numbers) for those of the sets that hold nothing, nothing of somebody
   * else's hangs on (grants, views, triggers ...: see `isEmptyAndPlain`) and nobody writes to. null: the first is not among them. The sets are
   * locked (`lockSets`). Of tables that Citus has placed, which have a trigger, only that is asked: their lock would be asked of all workers.
   */
  static async open(
    transaction: Transaction,
    catalogue: Catalogue,
    [first, ...others]: readonly [string, ...string[]],
  ): Promise<FreshTables | null> {
    const tables: ShadowTable[] = [];
    for (const set of [first, ...others]) {
      const binding = catalogue.sets.get(set);
      const isOurs =
        binding?.kind === 'stored' && !(transaction.isDistributed && (await isPlaced(transaction, binding.relation)));
      if (isOurs && (await isEmptyAndPlain(transaction, catalogue, set))) {
        tables.push({ set, live: binding.relation, shadow: { ...binding.relation, name: freshName(set) } });
      } else if (set === first) {
        return null;
      }
    }
    for (const one of tables) {
      await createShadow(transaction, catalogue, one, whileFilled(one.set, first));
    }
    return new FreshTables(catalogue, tables, first);
  }

  has(set: string): boolean {
    return this.#tables.some((one) => one.set === set);
  }

  /**
   * Rows of a set's table that say nothing get these values, texts by column, until it takes the place of the empty one: what all rows have is read once, and not
   * in each of their lines. Resolves to false where it is no such table, or lies on other servers.
   */
  async give(transaction: Transaction, set: string, values: ReadonlyMap<string, string>): Promise<boolean> {
    const one = this.#tables.find((table) => table.set === set);
    if (one === undefined || transaction.isDistributed) {
      return false;
    }
    const defaults = [...values].map(
      ([name, text]) => `ALTER COLUMN ${quoteIdentifier(name)} SET DEFAULT ${escapeText(text)}`,
    );
    await transaction.query(`ALTER TABLE ${quoteRelation(one.shadow)} ${defaults.join(', ')}`);
    this.#given.set(set, new Set(values.keys()));
    return true;
  }

  /** Makes the indexes of a set's table, the key's first; nothing for other sets and for those that have them. Throws 23505 where a key stands twice. */
  async index(transaction: Transaction, set: string): Promise<void> {
    const one = this.#tables.find((table) => table.set === set);
    if (one !== undefined && this.#bare.has(set)) {
      await indexShadow(transaction, this.#live, one, whileFilled(set, this.#first));
      this.#bare.delete(set);
    }
  }

  /**
   * Puts the tables in the place of the empty ones, at the end of the transaction; where readers do not let go of those, or somebody made
   * something that depends on them meanwhile, their rows are copied.
   */
  async settle(transaction: Transaction): Promise<void> {
    const filled: ShadowTable[] = [];
    for (const one of this.#tables) {
      const { rowCount } = await transaction.query(`SELECT 1 FROM ${quoteRelation(one.shadow)} LIMIT 1`);
      if (rowCount > 0) {
        await this.index(transaction, one.set);
        filled.push(one);
      } else {
        await transaction.query(`DROP TABLE ${quoteRelation(one.shadow)}`);
      }
    }
    if (filled.length > 0 && !(await this.#replace(transaction, filled))) {
      for (const one of filled) {
        await copyRows(transaction, this.#live, one);
      }
    }
  }

  async #replace(transaction: Transaction, filled: readonly ShadowTable[]): Promise<boolean> {
    const replaced = await attempt(transaction, givesWay, async () => {
      await lockAlone(
        transaction,
        filled.map(({ live }) => quoteRelation(live)),
        shortPatience,
      );
      for (const one of filled) {
        await this.#takeBack(transaction, one);
        await takePlace(transaction, this.#live, one);
        await transaction.query(`GRANT SELECT ON ${quoteRelation(one.live)} TO gateway_reader`);
      }
      return true;
    });
    return replaced !== null;
  }

  /** Defaults are those of the metadata again. */
  async #takeBack(transaction: Transaction, { set, shadow }: ShadowTable): Promise<void> {
    const given = this.#given.get(set);
    if (given !== undefined) {
      const own = wantedTableOf(this.#live, set).columns.filter(({ name }) => given.has(name));
      await transaction.query(`ALTER TABLE ${quoteRelation(shadow)} ${own.map(ownDefault).join(', ')}`);
    }
  }
}

/** Rows of the first set are found by their numbers while the others are filled from them; nothing looks into those. */
const whileFilled = (set: string, first: string): 'numbers' | 'none' => (set === first ? 'numbers' : 'none');

/** Of one set; no other transaction makes it, since the set is locked. */
const freshName = (set: string): string => `~fresh ${hash('sha256', set, 'hex').slice(0, 16)}`;

/** Moves the rows into the live table, with their numbers. */
async function copyRows(
  transaction: Transaction,
  catalogue: Catalogue,
  { set, live, shadow }: ShadowTable,
): Promise<void> {
  const columns = wantedTableOf(catalogue, set)
    .columns.map(({ name }) => quoteIdentifier(name))
    .join(', ');
  await transaction.query(
    `INSERT INTO ${quoteRelation(live)} (${columns}) OVERRIDING SYSTEM VALUE SELECT ${columns} FROM ${quoteRelation(shadow)} ORDER BY _row`,
  );
  await transaction.query(
    `SELECT setval(pg_get_serial_sequence($1, '_row')::regclass, max(_row)) FROM ${quoteRelation(shadow)}`,
    [quoteRelation(live)],
  );
  await transaction.query(`DROP TABLE ${quoteRelation(shadow)}`);
}

/** Besides lock_not_available: deadlock_detected, dependent_objects_still_exist (PostgreSQL manual, appendix A). */
const givesWay: ReadonlySet<string> = new Set([lockNotAvailable, '40P01', '2BP01']);
