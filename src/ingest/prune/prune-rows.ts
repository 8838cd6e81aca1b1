import type { Catalogue, Export } from '../../catalogue/catalogue.ts';
import { quoteIdentifier } from '../../sql/identifier.ts';
import { escapeText } from '../../sql/literal.ts';
import type { Transaction } from '../../warehouse/database.ts';
import { noteRemovedRows } from '../../warehouse/note-removed-rows.ts';
import { writeTombstones } from '../../warehouse/write-tombstones.ts';
import { setsTouched } from '../derive/derived-sets.ts';
import { maintainDerived } from '../derive/maintain-derived.ts';
import { noteAffected } from '../derive/note-affected.ts';
import { lockSets, nextVersion, publishVersion } from '../ledger/set-version.ts';
import { columnOf, storedTable } from '../stored/stored-table.ts';

const outlived = 'outlived_rows';

/**
 * Removes the rows of an export that are older than `since` (ISO text), as a file that lacks them would: delta links tell it, and what only
 * they named leaves the derived sets. Resolves to how many; `dryRun`: only counts.
 */
export async function pruneRows(
  transaction: Transaction,
  catalogue: Catalogue,
  { target, since, dryRun }: { readonly target: Export; readonly since: string; readonly dryRun: boolean },
): Promise<number> {
  const table = storedTable(catalogue, target.set);
  const { set, name } = table;
  const by = quoteIdentifier(columnOf(table, target.retention?.by ?? ''));
  const condition = `${by} < $1::timestamptz AND _load_id IS NOT NULL`;
  const { rows } = await transaction.query<{ n: string }>(
    `SELECT count(*)::text AS n FROM ${name} WHERE ${condition}`,
    [since],
  );
  if (dryRun || rows[0]?.n === '0') {
    return Number(rows[0]?.n ?? 0);
  }
  await lockSets(transaction, setsTouched(catalogue, target.set));
  await transaction.query(`CREATE TEMP TABLE ${outlived} (_target bigint NOT NULL) ON COMMIT DROP`);
  const { rowCount } = await transaction.query(`INSERT INTO ${outlived} SELECT _row FROM ${name} WHERE ${condition}`, [
    since,
  ]);
  // An export that was renamed has loads under its former name alone.
  const newest = await transaction.query<{ load_id: string; file_time: string }>(
    `SELECT load_id::text, file_time::text FROM gateway.load l WHERE state = 'loaded' ORDER BY l.source = $1 AND l.export = $2 DESC, l.file_time DESC, l.load_id DESC LIMIT 1`,
    [target.source, target.name],
  );
  const marks = { loadId: newest.rows[0]?.load_id ?? '', fileTime: newest.rows[0]?.file_time ?? '' };
  const changing = { changing: `SELECT _target FROM ${outlived}`, restated: 'SELECT NULL::bigint WHERE false' };
  await noteAffected(transaction, catalogue, {
    ...{ source: table, rows: changing, bulk: true },
    fileTime: marks.fileTime,
  });
  const version = await nextVersion(transaction, set.name);
  if (set.versionColumn !== null) {
    const pairs = [...table.columns]
      .filter(([, column]) => table.key.includes(column.name))
      .map(([property, column]) => `${escapeText(property)}::text, t.${quoteIdentifier(column.name)}`);
    const shown = set.hiddenBy === null ? '' : ` WHERE t.${quoteIdentifier(set.hiddenBy)} IS NULL`;
    await transaction.query(
      writeTombstones(
        `$1::text, jsonb_build_object(${pairs.join(', ')}), $2::bigint FROM ${name} t JOIN ${outlived} o ON o._target = t._row${shown}`,
      ),
      [set.name, version],
    );
  }
  await transaction.query(noteRemovedRows(`FROM ${name} t JOIN ${outlived} o ON o._target = t._row`), [
    set.name,
    version,
  ]);
  await transaction.query(`DELETE FROM ${name} t USING ${outlived} o WHERE o._target = t._row`);
  await publishVersion(transaction, set.name, version);
  await maintainDerived(transaction, catalogue, { source: table, version, marks, bulk: true, outlived: true });
  await transaction.query(`DROP TABLE ${outlived}`);
  return rowCount;
}
