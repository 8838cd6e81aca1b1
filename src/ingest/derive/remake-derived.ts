import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { Database, Transaction } from '../../warehouse/database.ts';
import { lockSets } from '../ledger/set-version.ts';
import { derivedColumns } from './derived-columns.ts';
import { type DerivedTable, derivedTables, setsTouched, sourcesOf } from './derived-sets.ts';
import { type DerivationRecord, describeDerivation, unlearnedBy } from './describe-derivation.ts';
import { makeAgain } from './maintain-derived.ts';
import { archiveMarks, clearColumns, type DerivedMarks } from './write-derived.ts';

interface Changed {
  readonly derived: DerivedTable;
  readonly now: DerivationRecord;
  /** null: nothing is known of how its rows were made. */
  readonly former: DerivationRecord | null;
}

/**
 * Makes the rows of derived sets again, from all rows, where the metadata says otherwise than when they were made last: a
 * property was added or takes its values from elsewhere, a source came or went. Loads alone would change things they name
 * only. Call after `provision`. One statement where nothing changed; else all in one transaction, in which loads wait; rows
 * that come out as they were keep their version. Returns the names of the sets made again.
 */
export async function remakeDerived(database: Database, catalogue: Catalogue): Promise<readonly string[]> {
  const changed = await changedDerivations(database, catalogue);
  if (changed.length === 0) {
    return [];
  }
  return database.transaction(async (transaction) => {
    await lockSets(
      transaction,
      changed.flatMap(({ derived }) => setsTouched(catalogue, derived.table.set.name)),
    );
    const made: string[] = [];
    // Another gateway may have made them while this one waited.
    for (const one of await changedDerivations(transaction, catalogue)) {
      const marks = await newestLoad(transaction, catalogue, one.derived);
      if (marks !== null) {
        await remake(transaction, catalogue, { ...one, marks });
        made.push(one.derived.table.set.name);
      }
      await transaction.query(
        `INSERT INTO gateway.derivation (entity_set, made_by) VALUES ($1, $2) ON CONFLICT (entity_set) DO UPDATE SET made_by = excluded.made_by, made_at = now()`,
        [one.derived.table.set.name, JSON.stringify(one.now)],
      );
    }
    return made;
  });
}

async function remake(
  transaction: Transaction,
  catalogue: Catalogue,
  { derived, now, former, marks }: Changed & { readonly marks: DerivedMarks },
): Promise<void> {
  if (former === null) {
    await makeAgain(transaction, catalogue, { derived, marks });
    return;
  }
  const unlearned = unlearnedBy(former, now);
  const given = derivedColumns(derived);
  const untold = [...derived.table.columns.values()]
    .map(({ name }) => name)
    .filter((name) => unlearned.columns.has(name) && !given.includes(name));
  await clearColumns(transaction, derived.table, untold);
  await makeAgain(transaction, catalogue, { derived: { ...derived, unlearned }, marks });
}

/** Those that others are made of come first. */
async function changedDerivations(
  asker: Pick<Database | Transaction, 'query'>,
  catalogue: Catalogue,
): Promise<readonly Changed[]> {
  const { rows } = await asker.query<{ entity_set: string; made_by: string }>(
    `SELECT entity_set, made_by FROM gateway.derivation`,
  );
  const records = new Map(rows.map((row) => [row.entity_set, row.made_by]));
  return derivedTables(catalogue).flatMap((derived) => {
    const now = describeDerivation(catalogue, derived);
    const record = records.get(derived.table.set.name);
    if (record === JSON.stringify(now)) {
      return [];
    }
    return [{ derived, now, former: record === undefined ? null : (JSON.parse(record) as DerivationRecord) }];
  });
}

/** What the rows made again are marked with; null: nothing was loaded that they could be made of. */
export async function newestLoad(
  transaction: Transaction,
  catalogue: Catalogue,
  derived: DerivedTable,
): Promise<DerivedMarks | null> {
  const sets = sourcesOf(catalogue, derived);
  const writing = catalogue.exports.filter((one) => sets.has(one.set));
  const { rows } = await transaction.query<{ load_id: string; file_time: string }>(
    `SELECT load_id::text, file_time::text FROM gateway.load AS l JOIN unnest($1::text[], $2::text[]) AS x(source, export) USING (source, export) WHERE state = 'loaded' ORDER BY l.file_time DESC, l.load_id DESC LIMIT 1`,
    [writing.map((one) => one.source), writing.map((one) => one.name)],
  );
  const [row] = rows;
  if (row !== undefined) {
    return { loadId: row.load_id, fileTime: row.file_time };
  }
  return [...sets].some((name) => catalogue.sets.get(name)?.kind === 'upstream') ? archiveMarks() : null;
}
