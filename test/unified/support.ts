import assert from 'node:assert/strict';
import type { Catalogue } from '../../src/catalogue/catalogue.ts';
import { derivedColumns } from '../../src/ingest/derive/derived-columns.ts';
import { completeTotals } from '../../src/ingest/derive/running-totals.ts';
import { unifiedQuery } from '../../src/ingest/derive/unified-rows.ts';
import { storedTable } from '../../src/ingest/stored/stored-table.ts';
import { quoteIdentifier } from '../../src/sql/identifier.ts';
import { exportFile, type Feed } from '../ingest/support/feed.ts';

export type Row = Readonly<Record<string, string | number | null>>;

/** Loads rows of an export, named `source/export`, as a file of `minute` minutes after the anchor. */
export async function loadRows(
  feed: Feed,
  name: string,
  rows: readonly Row[],
  minute = 0,
  period?: string,
): Promise<void> {
  const [source = '', target = ''] = name.split('/');
  const file = exportFile(name, rows, feed.catalogue);
  const result = await feed.load(`${source}/${target}-${minute}.csv`, file, {
    source,
    export: target,
    minute,
    force: true,
    ...(period !== undefined && { period }),
  });
  assert.notEqual(result.state, 'refused', JSON.stringify(result));
}

const unifiedNames = (catalogue: Catalogue): readonly string[] =>
  [...catalogue.sets.values()].flatMap((set) =>
    set.kind === 'stored' && set.derivation?.kind === 'unified' ? [set.name] : [],
  );

/** Asserts that loads left every unified set as it is when it is made at once of all stored rows. */
export async function assertMadeAnew(feed: Feed): Promise<void> {
  for (const name of unifiedNames(feed.catalogue)) {
    const table = storedTable(feed.catalogue, name);
    if (table.set.derivation?.kind !== 'unified') {
      continue;
    }
    const derived = { table, derivation: table.set.derivation };
    const columns = derivedColumns(derived).map(quoteIdentifier).join(', ');
    const [key = ''] = table.key.map(quoteIdentifier);
    const stored = await feed.rows(`SELECT ${columns} FROM ${table.name} ORDER BY ${key}`);
    const made = await feed.database.transaction(async (transaction) => {
      await transaction.query(
        `CREATE TEMP TABLE made_anew ON COMMIT DROP AS ${unifiedQuery(feed.catalogue, { derived, all: true })}`,
      );
      await completeTotals(transaction, feed.catalogue, { derived, made: 'made_anew', all: true });
      return (await transaction.query(`SELECT ${columns} FROM made_anew ORDER BY ${key} COLLATE "C"`)).rows;
    });
    assert.deepEqual(stored, made, name);
  }
}
