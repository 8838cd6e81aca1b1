import type { Catalogue } from '../../catalogue/catalogue.ts';
import { quoteIdentifier } from '../../sql/identifier.ts';
import { escapeText } from '../../sql/literal.ts';
import type { Transaction } from '../../warehouse/database.ts';
import { writeTombstones } from '../../warehouse/write-tombstones.ts';
import { nextVersion, publishVersion } from '../ledger/set-version.ts';
import { decidedTable, removedTable } from '../merge/decide-rows.ts';
import { columnDefinition, columnList, sameKey } from '../stored/column-lists.ts';
import { type StoredTable, storedTable } from '../stored/stored-table.ts';
import {
  affectedBy,
  affectedColumns,
  affectedJoin,
  affectedTable,
  derivationQuery,
  derivedColumns,
  disputedBy,
} from './derive-rows.ts';
import { asDimension, type DerivedTable, derivedFrom, forgets, forgetsValue, madeOf } from './derived-sets.ts';
import { noteStatements, settledTable, settleStatements } from './settle-statements.ts';

/** Where more rows change than this, `bulk`, comparing what each says costs more than making all things they name again. */
export const manyChanges = 200_000;

/** What all derived rows of a load are marked with. */
export interface DerivedMarks {
  readonly loadId: string;
  readonly fileTime: string;
}

/**
 * Before the source set changes: notes the keys that rows about to change or go name now, and those of rows that stay
 * as they are but are restated by a newer file, where that makes their statement the newest one. Returns the number of the latter.
 */
export async function noteAffected(
  transaction: Transaction,
  catalogue: Catalogue,
  { source, fileTime, bulk }: { readonly source: StoredTable; readonly fileTime: string; readonly bulk: boolean },
): Promise<number> {
  let restated = 0;
  for (const derived of derivedFrom(catalogue, source.set.name)) {
    await createAffected(transaction, derived);
    const changing = `t._row IN (SELECT _target FROM ${decidedTable} WHERE _action IN ('u', 'f', 'c') UNION ALL SELECT _target FROM ${removedTable})`;
    await noteChanging(transaction, { derived, source, bulk }, changing);
    const newer = `t._row IN (SELECT _target FROM ${decidedTable} WHERE _action = 's') AND (t._stamp IS NULL OR t._stamp < $1)`;
    const disputed = disputedBy(derived, source, newer);
    if (disputed !== null) {
      restated += await addAffected(transaction, derived, disputed, [fileTime]);
    }
  }
  return restated;
}

/** Before rows `t` of the source matching `condition` change or go: the keys they name, for a dimension with what they say. */
async function noteChanging(
  transaction: Transaction,
  { derived, source, bulk }: { readonly derived: DerivedTable; readonly source: StoredTable; readonly bulk: boolean },
  condition: string,
): Promise<void> {
  const dimension = bulk ? null : asDimension(derived);
  if (dimension !== null) {
    await noteStatements(transaction, { dimension, source }, condition);
  } else {
    await addAffected(transaction, derived, affectedBy(derived, source, condition));
  }
}

async function createAffected(transaction: Transaction, derived: DerivedTable): Promise<void> {
  const types = new Map([...derived.table.columns.values()].map((column) => [column.name, column.sqlType]));
  const definition = affectedColumns(derived).map((name) => columnDefinition(name, types.get(name) ?? 'text'));
  await transaction.query(
    `CREATE TEMP TABLE IF NOT EXISTS ${affectedTable(derived)} (${definition.join(', ')}) ON COMMIT DROP`,
  );
}

/** After it changed: makes the derived rows of all noted keys again, and those derived from these. */
export async function maintainDerived(
  transaction: Transaction,
  catalogue: Catalogue,
  change: {
    readonly source: StoredTable;
    readonly version: string;
    readonly marks: DerivedMarks;
    readonly bulk: boolean;
  },
): Promise<void> {
  const { source, version, marks, bulk } = change;
  for (const derived of derivedFrom(catalogue, source.set.name)) {
    // A set derived from this one and from another derived one was made, and its table dropped, on the way to here.
    await createAffected(transaction, derived);
    const changed = `t._version = ${Number(version)}`;
    const dimension = bulk ? null : asDimension(derived);
    const count =
      dimension === null
        ? await addAffected(transaction, derived, affectedBy(derived, source, changed))
        : await settleStatements(transaction, catalogue, { dimension, source, changed });
    await transaction.query(`ANALYZE ${affectedTable(derived)}`);
    if (dimension === null || count > 0) {
      await rederive(transaction, catalogue, { derived, marks, bulk });
    }
    await transaction.query(`DROP TABLE ${affectedTable(derived)}`);
    if (dimension !== null) {
      await transaction.query(`DROP TABLE ${settledTable(dimension)}`);
    }
  }
}

/** Makes all rows of a derived set again, from all rows of its sources, and those derived from the ones that changed. */
export async function makeAgain(
  transaction: Transaction,
  catalogue: Catalogue,
  { derived, marks }: { readonly derived: DerivedTable; readonly marks: DerivedMarks },
): Promise<void> {
  await createAffected(transaction, derived);
  for (const set of madeOf(derived)) {
    await addAffected(transaction, derived, affectedBy(derived, storedTable(catalogue, set), 'true'));
  }
  const { table } = derived;
  await addAffected(
    transaction,
    derived,
    `SELECT DISTINCT ${columnList(affectedColumns(derived), 't')} FROM ${table.name} t`,
  );
  await transaction.query(`ANALYZE ${affectedTable(derived)}`);
  await rederive(transaction, catalogue, { derived, marks, bulk: true });
  await transaction.query(`DROP TABLE ${affectedTable(derived)}`);
}

/** Empties columns that nothing gives values any more; rows given by the metadata keep theirs. */
export async function clearColumns(
  transaction: Transaction,
  table: StoredTable,
  columns: readonly string[],
): Promise<void> {
  if (columns.length === 0) {
    return;
  }
  const version = await nextVersion(transaction, table.set.name);
  const emptied = columns.map((name) => `${quoteIdentifier(name)} = NULL`).join(', ');
  const filled = columns.map((name) => `${quoteIdentifier(name)} IS NOT NULL`).join(' OR ');
  const { rowCount } = await transaction.query(
    `UPDATE ${table.name} SET ${emptied}, _version = $1 WHERE _load_id IS NOT NULL AND (${filled})`,
    [version],
  );
  if (rowCount > 0) {
    await publishVersion(transaction, table.set.name, version);
  }
}

async function addAffected(
  transaction: Transaction,
  derived: DerivedTable,
  select: string,
  values: readonly string[] = [],
): Promise<number> {
  const columns = affectedColumns(derived);
  const present = columns.map((name) => `n.${quoteIdentifier(name)} IS NOT NULL`).join(' AND ');
  const { rowCount } = await transaction.query(
    `INSERT INTO ${affectedTable(derived)} SELECT n.* FROM (${select}) n(${columnList(columns)}) WHERE ${present} AND NOT EXISTS (SELECT FROM ${affectedTable(derived)} a WHERE ${sameKey('a', 'n', columns)})`,
    values,
  );
  return rowCount;
}

async function rederive(
  transaction: Transaction,
  catalogue: Catalogue,
  { derived, marks, bulk }: { readonly derived: DerivedTable; readonly marks: DerivedMarks; readonly bulk: boolean },
): Promise<void> {
  const { table } = derived;
  const made = quoteIdentifier(`made_${table.set.name}`.slice(0, 60));
  const lost = quoteIdentifier(`lost_${table.set.name}`.slice(0, 60));
  await transaction.query(`CREATE TEMP TABLE ${made} ON COMMIT DROP AS ${derivationQuery(catalogue, derived)}`);
  const dimension = bulk ? null : asDimension(derived);
  if (dimension !== null) {
    const columns = columnList(derivedColumns(derived));
    await transaction.query(`INSERT INTO ${made} SELECT ${columns} FROM ${settledTable(dimension)}`);
  }
  await transaction.query(`ANALYZE ${made}`);
  const version = await nextVersion(transaction, table.set.name);
  await transaction.query(
    `CREATE TEMP TABLE ${lost} ON COMMIT DROP AS SELECT t._row AS _target FROM ${table.name} t JOIN ${affectedTable(derived)} a ON ${affectedJoin(derived, 't')} WHERE ${forgets(derived) ? `t._load_id IS NOT NULL AND NOT EXISTS (SELECT FROM ${made} m WHERE ${sameKey('m', 't', table.key)})` : 'false'}`,
  );
  await transaction.query(`ANALYZE ${lost}`);
  const below = derivedFrom(catalogue, table.set.name);
  await noteBelow(transaction, { derived, below, made, lost, bulk });
  const changed = await writeDerived(transaction, { derived, made, lost, version, marks });
  await transaction.query(`DROP TABLE ${made}, ${lost}`);
  if (!changed) {
    return;
  }
  await publishVersion(transaction, table.set.name, version);
  if (below.length > 0) {
    await maintainDerived(transaction, catalogue, { source: table, version, marks, bulk });
  }
}

async function noteBelow(
  transaction: Transaction,
  {
    derived,
    below,
    made,
    lost,
    bulk,
  }: {
    readonly derived: DerivedTable;
    readonly below: readonly DerivedTable[];
    readonly made: string;
    readonly lost: string;
    readonly bulk: boolean;
  },
): Promise<void> {
  const { table } = derived;
  const differs = differences(derived);
  const gone = `SELECT _target FROM ${lost}`;
  const updated = `SELECT t._row FROM ${table.name} t JOIN ${made} m ON ${sameKey('m', 't', table.key)} WHERE ${differs}`;
  for (const one of below) {
    await createAffected(transaction, one);
    const changing = `t._row IN (${differs === null ? gone : `${gone} UNION ALL ${updated}`})`;
    await noteChanging(transaction, { derived: one, source: table, bulk }, changing);
  }
}

/** What a made row `m` gives a column of the stored row `t`. */
function madeValue(derived: DerivedTable, name: string): string {
  // What a dimension learned once is not unlearned because the set that told it now says less.
  return forgetsValue(derived, name)
    ? `m.${quoteIdentifier(name)}`
    : `coalesce(m.${quoteIdentifier(name)}, t.${quoteIdentifier(name)})`;
}

/** Whether the made row `m` changes the stored row `t`; null: rows of nothing but a key never change. */
function differences(derived: DerivedTable): string | null {
  const rest = derivedColumns(derived).filter((name) => !derived.table.key.includes(name));
  if (rest.length === 0) {
    return null;
  }
  return rest.map((name) => `t.${quoteIdentifier(name)} IS DISTINCT FROM ${madeValue(derived, name)}`).join(' OR ');
}

interface DerivedWriting {
  readonly derived: DerivedTable;
  readonly made: string;
  readonly lost: string;
  readonly version: string;
  readonly marks: DerivedMarks;
}

/** true: something changed. */
async function writeDerived(transaction: Transaction, writing: DerivedWriting): Promise<boolean> {
  const { derived, made, lost, version, marks } = writing;
  const { table } = derived;
  const columns = derivedColumns(derived);
  const rest = columns.filter((name) => !table.key.includes(name));
  const keyPairs = [...table.columns]
    .filter(([, column]) => table.key.includes(column.name))
    .map(([property, column]) => `${escapeText(property)}::text, t.${quoteIdentifier(column.name)}`);
  if (table.set.versionColumn !== null) {
    await transaction.query(
      writeTombstones(
        `$1::text, jsonb_build_object(${keyPairs.join(', ')}), $2::bigint FROM ${table.name} t JOIN ${lost} l ON l._target = t._row`,
      ),
      [table.set.name, version],
    );
  }
  const gone = await transaction.query(`DELETE FROM ${table.name} t USING ${lost} l WHERE l._target = t._row`);
  const differs = differences(derived);
  const marked = [version, marks.loadId, marks.fileTime];
  const updated =
    differs === null
      ? 0
      : (
          await transaction.query(
            `UPDATE ${table.name} t SET ${rest.map((name) => `${quoteIdentifier(name)} = ${madeValue(derived, name)}`).join(', ')}, _version = $1, _load_id = $2, _loaded_at = now(), _stamp = $3 FROM ${made} m WHERE ${sameKey('m', 't', table.key)} AND (${differs})`,
            marked,
          )
        ).rowCount;
  const inserted = await transaction.query(
    `INSERT INTO ${table.name} (${columnList(columns)}, _version, _load_id, _loaded_at, _stamp) SELECT ${columnList(columns, 'm')}, $1, $2, now(), $3 FROM ${made} m WHERE NOT EXISTS (SELECT FROM ${table.name} t WHERE ${sameKey('m', 't', table.key)}) ORDER BY ${columnList(table.key, 'm')}`,
    marked,
  );
  return gone.rowCount + updated + inserted.rowCount > 0;
}
