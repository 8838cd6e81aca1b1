import type { Catalogue } from '../../catalogue/catalogue.ts';
import { keptColumns } from '../../catalogue/kept-columns.ts';
import { apart, metRows } from '../../sql/apart.ts';
import { quoteIdentifier, quoteRelation } from '../../sql/identifier.ts';
import { escapeText } from '../../sql/literal.ts';
import type { Transaction } from '../../warehouse/database.ts';
import { noteRemovedRows } from '../../warehouse/note-removed-rows.ts';
import type { ShadowTable } from '../../warehouse/tables/shadow-table.ts';
import { writeTombstones } from '../../warehouse/write-tombstones.ts';
import { nextVersion, publishVersion } from '../ledger/set-version.ts';
import { columnList, sameKey } from '../stored/column-lists.ts';
import { storedTable } from '../stored/stored-table.ts';

/** Columns beside the properties that a row brings along; its number and the version that it changed with are the live table's. */
const marks = ['_load_id', '_line', '_stamp', '_place', '_cells', '_deleted_at'];

/**
 * Makes the rows of the live table those of its shadow, which has the same columns: rows that come out as they were keep their number and
 * their version, the others get a new one, those that left leave their key. So ETags, pages and delta links stay true.
 */
export async function mergeShadow(transaction: Transaction, catalogue: Catalogue, one: ShadowTable): Promise<void> {
  const table = storedTable(catalogue, one.set);
  const [live, shadow] = [table.name, quoteRelation(one.shadow)];
  const kept = keptColumns(catalogue, one.set).flatMap(({ stamp, place, winner }) => [
    stamp,
    place,
    ...(winner === null ? [] : [winner.mark]),
  ]);
  const data = [...table.columns.values()].map(({ name }) => name);
  const all = [...data, ...marks, ...kept];
  const same = sameKey('s', 't', table.key);
  const version = await nextVersion(transaction, one.set);
  const hidden = table.set.hiddenBy;
  const shown = (alias: string): string => (hidden === null ? 'true' : `${alias}.${quoteIdentifier(hidden)} IS NULL`);
  if (table.set.versionColumn !== null) {
    const pairs = [...table.columns]
      .filter(([, { name }]) => table.key.includes(name))
      .map(([property, { name }]) => `${escapeText(property)}::text, t.${quoteIdentifier(name)}`);
    await transaction.query(
      writeTombstones(
        `$1::text, jsonb_build_object(${pairs.join(', ')}), $2::bigint FROM ${live} t WHERE ${shown('t')} AND NOT EXISTS (SELECT 1 FROM ${apart(shadow)} s WHERE ${same} AND ${shown('s')})`,
      ),
      [one.set, version],
    );
  }
  const leaving = `FROM ${live} t WHERE NOT EXISTS (SELECT 1 FROM ${apart(shadow)} s WHERE ${same})`;
  await transaction.query(noteRemovedRows(leaving), [one.set, version]);
  const gone = await transaction.query(`DELETE ${leaving}`);
  const differs = (names: readonly string[]): string =>
    names.map((name) => `t.${quoteIdentifier(name)} IS DISTINCT FROM s.${quoteIdentifier(name)}`).join(' OR ');
  const served = `(${differs([...data, '_load_id', '_deleted_at'])})`;
  const { rows } = await transaction.query<{ changed: string }>(
    `WITH written AS (
       UPDATE ${live} t SET ${all.map((name) => `${quoteIdentifier(name)} = s.${quoteIdentifier(name)}`).join(', ')}, _version = CASE WHEN ${served} THEN $1 ELSE t._version END, _loaded_at = CASE WHEN ${served} THEN s._loaded_at ELSE t._loaded_at END
         FROM ${shadow} s WHERE ${same} AND (${differs(all)}) RETURNING t._version
     ) SELECT count(*)::text AS changed FROM written WHERE _version = $1`,
    [version],
  );
  const on = sameKey('t', 'o', table.key);
  const stored = metRows(transaction, {
    table: live,
    by: shadow,
    on,
    columns: columnList(table.key, 't'),
  });
  const added = await transaction.query(
    `INSERT INTO ${live} (${columnList(all)}, _loaded_at, _version) SELECT ${columnList(all, 's')}, s._loaded_at, $1 FROM ${shadow} s WHERE NOT EXISTS (SELECT 1 FROM ${stored} t WHERE ${same}) ORDER BY s._row`,
    [version],
  );
  if (gone.rowCount + added.rowCount + Number(rows[0]?.changed ?? 0) > 0) {
    await publishVersion(transaction, one.set, version);
  }
  await transaction.query(`DROP TABLE ${shadow}`);
}
