import type { Catalogue } from '../../catalogue/catalogue.ts';
import { apart } from '../../sql/apart.ts';
import type { Transaction } from '../../warehouse/database.ts';
import { leaveTables, takeNames } from '../../warehouse/left-tables.ts';
import { notedAmong } from '../ledger/confirmations.ts';
import { sameKey } from '../stored/column-lists.ts';
import { affectedJoin, affectedTable } from './affected-keys.ts';
import { derivationQuery } from './derive-rows.ts';
import { type DerivedTable, isNamed, madeOf } from './derived-sets.ts';
import { affectedSpaces, affectedUnified, unifiedLookups, unifiedQuery } from './unified-rows.ts';

/** The SELECT of the rows of a derived set, for the affected keys or all. */
export async function madeQuery(
  transaction: Transaction,
  catalogue: Catalogue,
  derived: DerivedTable,
  whole: boolean,
): Promise<string> {
  const { isDistributed } = transaction;
  if (isNamed(derived)) {
    const noted = await notedAmong(transaction, [...madeOf(catalogue, derived)]);
    return derivationQuery(catalogue, derived, { whole, noted, isDistributed });
  }
  return unifiedQuery(catalogue, {
    ...{ derived, all: whole },
    looked: await unifiedLookups(transaction, catalogue, derived),
    // Sources that have nothing to say are not even planned, and lie on other servers with Citus.
    ...(whole ? {} : { spaces: await affectedSpaces(transaction, derived) }),
  });
}

/** Puts stored rows that nothing makes any more into a table `lost`, where there are any. Resolves to how many. */
export async function findLost(
  transaction: Transaction,
  catalogue: Catalogue,
  {
    derived,
    made,
    lost,
    totals,
    whole,
  }: {
    readonly derived: DerivedTable;
    readonly made: string;
    readonly lost: string;
    readonly totals: string | null;
    readonly whole: boolean;
  },
): Promise<number> {
  const { table } = derived;
  const affected = isNamed(derived)
    ? `${table.name} t JOIN ${affectedTable(derived)} a ON ${affectedJoin(derived, 't')}`
    : (totals ?? affectedUnified(catalogue, { derived, all: whole }));
  await takeNames(transaction, [lost]);
  const { rowCount } = await transaction.query(
    `CREATE TEMP TABLE ${lost} ON COMMIT DROP AS SELECT t._row AS _target FROM ${affected} WHERE t._load_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM ${apart(made)} m WHERE ${sameKey('m', 't', table.key)})`,
  );
  if (rowCount > 0) {
    await transaction.query(`ANALYZE ${lost}`);
  } else {
    await leaveTables(transaction, [lost]);
  }
  return rowCount;
}
