import { quoteIdentifier } from '../../sql/identifier.ts';
import type { Transaction } from '../../warehouse/database.ts';
import { takeNames } from '../../warehouse/left-tables.ts';
import { columnList } from '../stored/column-lists.ts';
import { distinctName } from '../stored/distinct-name.ts';
import type { StoredTable } from '../stored/stored-table.ts';
import { asDimension, type DerivedTable } from './derived-sets.ts';
import { columnsSaid } from './dimension-rows.ts';

/** Rows of a source, and the sets that are about to be told what they say. */
interface Bringing {
  readonly source: StoredTable;
  readonly sets: readonly DerivedTable[];
  /** Which rows `t`, as SQL. */
  readonly condition: string;
  /** They are about to change, or have changed. */
  readonly when: 'before' | 'after';
}

/**
 * Copies what dimensions read of some rows of a source into a table of the session, which stands in place of the source's then: where that lies on a worker of Citus, each
 * dimension would ask for the same rows there. Who asked for the table leaves it (`leaveTables`). null: the rows may as well be read where they are.
 */
export async function bringRows(
  transaction: Transaction,
  { source, sets, condition, when }: Bringing,
): Promise<StoredTable | null> {
  const kind = source.set.derivation?.kind;
  const columns = sets.flatMap((derived) => {
    const dimension = asDimension(derived);
    const ways = dimension?.derivation.from.filter(({ set }) => set === source.set.name) ?? [];
    return ways.flatMap((one) => (dimension === null ? [] : columnsSaid(dimension, { source: one, from: source })));
  });
  // Sets over all sources lie on the coordinator.
  if (!transaction.isDistributed || kind === 'unified' || columns.length === 0) {
    return null;
  }
  const name = quoteIdentifier(distinctName(`${when}_`, source.set.name));
  await takeNames(transaction, [name]);
  await transaction.query(
    `CREATE TEMP TABLE ${name} ON COMMIT DROP AS SELECT ${columnList([...new Set(columns)], 't')} FROM ${source.name} t WHERE ${condition}`,
  );
  return { ...source, name };
}

/** Names of dimensions that hold something, asked of a worker of Citus at once. Others are asked one by one, when they get their turn. */
export async function filledDimensions(
  transaction: Transaction,
  sets: readonly DerivedTable[],
): Promise<ReadonlySet<string>> {
  const tables = sets.filter((one) => asDimension(one) !== null).map(({ table }) => table);
  if (!transaction.isDistributed || tables.length === 0) {
    return new Set();
  }
  const some = tables.map(({ name }) => `EXISTS (SELECT 1 FROM ${name})`).join(', ');
  const { rows } = await transaction.query<{ filled: readonly boolean[] }>(`SELECT ARRAY[${some}] AS filled`);
  return new Set(tables.filter((_, place) => rows[0]?.filled[place] === true).map(({ set }) => set.name));
}
