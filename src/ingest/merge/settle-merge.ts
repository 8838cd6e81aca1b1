import type { Transaction } from '../../warehouse/database.ts';
import { notedOf, settleConfirmations } from '../ledger/confirmations.ts';
import { columnList, sameKey } from '../stored/column-lists.ts';
import { isAction } from './actions.ts';
import type { Decisions } from './decide-rows.ts';
import type { MergeInput } from './merge-input.ts';
import { scopeColumns, scopesQuery } from './replaced-scopes.ts';

/**
 * Before a merge is decided: how it stands to what is noted beside the rows of its table. A file that is newer than all of that finds
 * what it would find were it written in the rows, and may note more. Of any other the notes of all rows that it is compared with are settled first.
 */
export async function settleBefore(
  transaction: Transaction,
  input: Omit<MergeInput, 'notes'>,
): Promise<MergeInput['notes']> {
  const { table, file, replayed } = input;
  const { some, late } = await notedOf(transaction, table.set.name, file.fileTime);
  if (some && (late || replayed)) {
    await settleConcerned(transaction, input);
  }
  return { may: !late && !replayed, some };
}

async function settleConcerned(transaction: Transaction, input: Omit<MergeInput, 'notes'>): Promise<void> {
  const { staged, table, file, write, replayed } = input;
  if (write.mode === 'snapshot') {
    await settleConfirmations(transaction, table, null);
    return;
  }
  const named = `SELECT t._row FROM ${table.name} t JOIN ${staged.name} s ON ${sameKey('t', 's', table.key)} WHERE s._code IS NULL`;
  const scope = scopeColumns(input);
  if (scope === null) {
    await settleConfirmations(transaction, table, { text: named, values: [] });
    return;
  }
  if (replayed) {
    // What the file said already is part of its scope, so that must be known first.
    const own = `SELECT t._row FROM ${table.name} t JOIN gateway.confirmation n ON n.entity_set = $1 AND n.load_id = $2 AND n.cell = '' AND n.chunk = t._row >> 13 AND n.rows @> (t._row & 8191)::integer`;
    await settleConfirmations(transaction, table, { text: own, values: [table.set.name, file.loadId] });
  }
  const scopes = scopesQuery(input);
  const stated = `SELECT DISTINCT ${columnList(scope, 's')} FROM ${staged.name} s`;
  const within = (query: string): string =>
    `SELECT t._row FROM ${table.name} t JOIN (${query}) p ON ${sameKey('p', 't', scope)}`;
  await settleConfirmations(transaction, table, {
    text: `${named} UNION ALL ${within(stated)} UNION ALL ${within(scopes.text)} WHERE $1::timestamptz IS NOT NULL`,
    values: [file.fileTime, ...scopes.values],
  });
}

/** Before decisions are written: cells that newer files lack become as new as their row was, so that must stand in the row. */
export async function settleCarried(
  transaction: Transaction,
  { table, shape, notes }: MergeInput,
  decisions: Decisions,
): Promise<void> {
  if (notes.some && shape.others !== null) {
    const text = `SELECT _target FROM ${decisions.rows} d WHERE _dropped IS NOT NULL AND ${isAction('d', 'same', 'update')}`;
    await settleConfirmations(transaction, table, { text, values: [] });
  }
}
