import type { Catalogue, StoredSet } from '../../catalogue/catalogue.ts';
import { countedRows } from '../../sql/apart.ts';
import { quoteIdentifier, quoteRelation } from '../../sql/identifier.ts';
import type { Transaction } from '../database.ts';
import { noteRemovedRows } from '../note-removed-rows.ts';
import { publishVersionText } from '../publish-version.ts';
import { writeTombstones } from '../write-tombstones.ts';
import { columnOf } from './wanted-tables.ts';

type GivenRows = readonly (readonly (string | null)[])[];

interface Given {
  readonly set: StoredSet;
  /** All columns that the metadata gives values for, quoted. */
  readonly columns: readonly string[];
  /** Quoted. */
  readonly key: readonly string[];
  /** `(VALUES ...) AS g (...)`, typed, and its parameters. */
  readonly source: string;
  readonly values: readonly (string | null)[];
}

/**
 * Brings the rows that the metadata gives into their tables: code lists become exactly those rows, seed rows are put in
 * where no load has written the key. A set whose rows are as given already keeps its data version. Returns the names of
 * the sets that changed, of those that it `concerns`. Runs in the provisioning transaction.
 */
export async function putGivenRows(
  transaction: Transaction,
  catalogue: Catalogue,
  concerns: (set: string) => boolean = () => true,
): Promise<readonly string[]> {
  const changed: string[] = [];
  for (const set of catalogue.sets.values()) {
    if (set.kind !== 'stored' || !concerns(set.name)) {
      continue;
    }
    const whole = set.derivation?.kind === 'rows';
    const rows = set.derivation?.kind === 'rows' ? set.derivation.rows : (set.seedRows ?? []);
    const key = catalogue.model.entitySets.get(set.name)?.entityType.key ?? [];
    if (!whole && rows.length === 0) {
      continue;
    }
    if (await putRows(transaction, given(set, key, rows), whole)) {
      changed.push(set.name);
    }
  }
  return changed;
}

function given(set: StoredSet, key: readonly string[], rows: GivenRows): Given {
  const width = Math.max(0, ...rows.map((row) => row.length));
  const columns = [...set.columns.values()].slice(0, width === 0 ? undefined : width);
  const names = columns.map((column) => quoteIdentifier(column.name));
  const values: (string | null)[] = [];
  const tuples = rows.map((row) => {
    const cells = columns.map((column, place) => `$${String(values.push(row[place] ?? null))}::${column.sqlType}`);
    return `(${cells.join(', ')})`;
  });
  const nothing = `(SELECT ${columns.map((column) => `NULL::${column.sqlType}`).join(', ')} WHERE false)`;
  const body = tuples.length === 0 ? nothing : `(VALUES ${tuples.join(', ')})`;
  return {
    set,
    columns: names,
    key: key.map((property) => quoteIdentifier(columnOf(set, property))),
    source: `${body} AS g (${names.join(', ')})`,
    values,
  };
}

async function putRows(transaction: Transaction, rows: Given, whole: boolean): Promise<boolean> {
  const { set, columns, key, source, values } = rows;
  const table = quoteRelation(set.relation);
  const version = await nextVersion(transaction, set.name);
  const removed = whole ? await removeOthers(transaction, rows, version) : 0;
  const others = columns.filter((name) => !key.includes(name));
  const differs = `(${others.map((name) => `t.${name}`).join(', ')}) IS DISTINCT FROM (${others.map((name) => `excluded.${name}`).join(', ')})`;
  // A row that a load has written is the load's, unless the list is the metadata's alone.
  const where = whole ? differs : `t._load_id IS NULL AND ${differs}`;
  const set_ = [...others, '_version'].map((name) => `${name} = excluded.${name}`).join(', ');
  const conflict = others.length === 0 ? 'DO NOTHING' : `DO UPDATE SET ${set_} WHERE ${where}`;
  const { rowCount } = await transaction.query(
    `INSERT INTO ${table} AS t (${columns.join(', ')}, _version) SELECT g.*, ${version} FROM ${source} ON CONFLICT (${key.join(', ')}) ${conflict}${countedRows(transaction)}`,
    values,
  );
  if (rowCount + removed === 0) {
    return false;
  }
  await transaction.query(publishVersionText, [set.name, version]);
  return true;
}

/** The lock is the one loads take, so that no version is given twice. */
async function nextVersion(transaction: Transaction, set: string): Promise<string> {
  await transaction.query(`SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, [`gateway.set:${set}`]);
  const { rows } = await transaction.query<{ version: string }>(
    `SELECT coalesce(max(version), 0) + 1 AS version FROM gateway.set_versions WHERE entity_set = $1`,
    [set],
  );
  return rows[0]?.version ?? '1';
}

async function removeOthers(transaction: Transaction, rows: Given, version: string): Promise<number> {
  const { set, key, source, values } = rows;
  const same = key.map((name) => `g.${name} = t.${name}`).join(' AND ');
  const pairs = key.map((name) => `'${name.slice(1, -1).replaceAll("'", "''")}', ${name}`).join(', ');
  const others = `FROM ${quoteRelation(set.relation)} AS t WHERE NOT EXISTS (SELECT 1 FROM ${source} WHERE ${same})`;
  const name = `$${String(values.length + 1)}`;
  await transaction.query(noteRemovedRows(others, { set: name, version }), [...values, set.name]);
  const { rowCount } = await transaction.query(
    `WITH gone AS (DELETE ${others} RETURNING t.*)
     ${writeTombstones(`${name}::text, jsonb_build_object(${pairs}), ${version}::bigint FROM gone`)}`,
    [...values, set.name],
  );
  return rowCount;
}
