import { Buffer } from 'node:buffer';
import type { Catalogue } from '../../catalogue/catalogue.ts';
import { copyLine } from '../../sql/copy-line.ts';
import { quoteIdentifier } from '../../sql/identifier.ts';
import { escapeText } from '../../sql/literal.ts';
import type { Transaction } from '../../warehouse/database.ts';
import { noteRemovedRows } from '../../warehouse/note-removed-rows.ts';
import { writeTombstones } from '../../warehouse/write-tombstones.ts';
import { maintainDerived } from '../derive/maintain-derived.ts';
import { noteAffected } from '../derive/note-affected.ts';
import type { DerivedMarks } from '../derive/write-derived.ts';
import { beginHistory, nextVersion, publishVersion } from '../ledger/set-version.ts';
import { ErasureRules, type RowErasure } from '../personal/erasure-rules.ts';
import type { Persons } from '../personal/persons.ts';
import { columnOf, type StoredTable } from '../stored/stored-table.ts';

/** Rows of one set that an erasure concerns. */
export interface ErasedRows {
  readonly removed: number;
  readonly emptied: number;
}

/** What else names the person in rows that are removed, by property. */
export type OtherNames = Map<string, Set<string>>;

export interface RowsToErase {
  readonly table: StoredTable;
  readonly persons: Persons;
  readonly marks: DerivedMarks;
  /** Only counted. */
  readonly dryRun: boolean;
  readonly others: OtherNames;
}

const found = 'erased_rows';
const batch = 5000;
/** So many other names of a property are shown to the operator. */
const mostOthers = 5;

/** Finds persons in the rows of a set and takes them out, with all that follows from these rows. */
export async function eraseRows(
  transaction: Transaction,
  catalogue: Catalogue,
  work: RowsToErase,
): Promise<ErasedRows> {
  const { table, dryRun } = work;
  const rules = new ErasureRules(catalogue, table.set.name);
  const extras = table.columns.get('Extras')?.name ?? null;
  if (rules.properties.length === 0 && extras === null) {
    return { removed: 0, emptied: 0 };
  }
  await transaction.query(
    `CREATE TEMP TABLE ${found} (_target bigint NOT NULL, _removed boolean NOT NULL, _by_key boolean NOT NULL, _emptied text[] NOT NULL, _has_extras boolean NOT NULL, _extras text COLLATE "C") ON COMMIT DROP`,
  );
  const counts = await findRows(transaction, work, { rules, extras });
  if (!dryRun && counts.removed + counts.emptied > 0) {
    await writeRows(transaction, catalogue, { ...work, rules, extras });
  }
  await transaction.query(`DROP TABLE ${found}`);
  return counts;
}

interface Look {
  readonly rules: ErasureRules;
  readonly extras: string | null;
}

async function findRows(
  transaction: Transaction,
  { table, persons, others }: RowsToErase,
  { rules, extras }: Look,
): Promise<ErasedRows> {
  const names = rules.properties.map(({ name }) => name).filter((name) => table.columns.has(name));
  const values = names.map((name) => `${quoteIdentifier(columnOf(table, name))}::text`).join(', ');
  const rest = extras === null ? 'NULL::text' : quoteIdentifier(extras);
  await transaction.query(
    `DECLARE looked_through NO SCROLL CURSOR FOR SELECT _row::text AS row, ARRAY[${values}]::text[] AS cells, ${rest} AS extras FROM ${table.name} WHERE _load_id IS NOT NULL`,
  );
  let [removed, emptied] = [0, 0];
  for (;;) {
    const { rows } = await transaction.query<{ row: string; cells: (string | null)[]; extras: string | null }>(
      `FETCH ${batch} FROM looked_through`,
    );
    if (rows.length === 0) {
      break;
    }
    let lines = '';
    for (const { row, cells, extras: text } of rows) {
      const erasure = rules.decide(persons, (name) => cells[names.indexOf(name)] ?? null);
      const left = text === null ? null : withoutMembers(text, persons);
      if (erasure.kind === 'keep' && left === text) {
        continue;
      }
      if (erasure.kind === 'remove') {
        removed++;
        noteOthers(others, { table, rules, persons, cells, names });
      } else {
        emptied++;
      }
      lines += lineOf(row, erasure, { changed: left !== text, left });
    }
    await transaction.copyIn(`COPY ${found} FROM STDIN`, once(lines));
  }
  await transaction.query('CLOSE looked_through');
  return { removed, emptied };
}

function lineOf(
  row: string,
  erasure: RowErasure,
  extras: { readonly changed: boolean; readonly left: string | null },
): string {
  const isRemoved = erasure.kind === 'remove';
  const names = erasure.kind === 'blank' ? [...erasure.properties].map((name) => JSON.stringify(name)) : [];
  return copyLine([
    row,
    isRemoved ? 't' : 'f',
    isRemoved && erasure.byKey ? 't' : 'f',
    `{${names.join(',')}}`,
    extras.changed ? 't' : 'f',
    extras.left,
  ]);
}

/** The cells under unknown headers without those that name somebody; null: none is left. */
function withoutMembers(text: string, persons: Persons): string | null {
  const members = Object.entries(JSON.parse(text) as Record<string, string>);
  const left = members.filter(([, value]) => !persons.isPerson(value, false) && !persons.mentions(value));
  if (left.length === members.length) {
    return text;
  }
  return left.length === 0 ? null : JSON.stringify(Object.fromEntries(left));
}

function noteOthers(
  others: OtherNames,
  {
    table,
    rules,
    persons,
    cells,
    names,
  }: {
    readonly table: StoredTable;
    readonly rules: ErasureRules;
    readonly persons: Persons;
    readonly cells: readonly (string | null)[];
    readonly names: readonly string[];
  },
): void {
  for (const { name, kind } of rules.properties) {
    const text = cells[names.indexOf(name)];
    if (
      (kind !== 'direct' && kind !== 'pseudonym') ||
      text == null ||
      text === '' ||
      persons.isPerson(text, kind === 'pseudonym')
    ) {
      continue;
    }
    const property = `${table.set.name}.${name}`;
    const known = others.get(property) ?? new Set<string>();
    others.set(property, known.size < mostOthers ? known.add(text) : known);
  }
}

async function writeRows(transaction: Transaction, catalogue: Catalogue, work: RowsToErase & Look): Promise<void> {
  const { table, marks, rules, extras } = work;
  const { set, name } = table;
  await transaction.query(`ANALYZE ${found}`);
  const rows = { changing: `SELECT _target FROM ${found}`, restated: 'SELECT NULL::bigint WHERE false' };
  await noteAffected(transaction, catalogue, { source: table, rows, fileTime: marks.fileTime, bulk: false });
  const version = await nextVersion(transaction, set.name);
  const { rows: keyed } = await transaction.query<{ n: string }>(
    `SELECT count(*)::text AS n FROM ${found} WHERE _by_key`,
  );
  if (set.versionColumn !== null) {
    const pairs = [...table.columns]
      .filter(([, column]) => table.key.includes(column.name))
      .map(([property, column]) => `${escapeText(property)}::text, t.${quoteIdentifier(column.name)}`);
    const shown = set.hiddenBy === null ? '' : ` AND t.${quoteIdentifier(set.hiddenBy)} IS NULL`;
    await transaction.query(
      writeTombstones(
        `$1::text, jsonb_build_object(${pairs.join(', ')}), $2::bigint FROM ${name} t JOIN ${found} e ON e._target = t._row WHERE e._removed AND NOT e._by_key${shown}`,
      ),
      [set.name, version],
    );
  }
  await transaction.query(noteRemovedRows(`FROM ${name} t JOIN ${found} e ON e._target = t._row AND e._removed`), [
    set.name,
    version,
  ]);
  await transaction.query(`DELETE FROM ${name} t USING ${found} e WHERE e._target = t._row AND e._removed`);
  const columns = [...new Set([...rules.properties.map((one) => one.name), ...computedOf(catalogue, set.name)])].filter(
    (property) => table.columns.has(property) && !table.key.includes(columnOf(table, property)),
  );
  const emptied = columns.map((property) => {
    const column = quoteIdentifier(columnOf(table, property));
    return `${column} = CASE WHEN ${escapeText(property)} = ANY(e._emptied) THEN NULL ELSE t.${column} END`;
  });
  if (extras !== null) {
    const column = quoteIdentifier(extras);
    emptied.push(`${column} = CASE WHEN e._has_extras THEN e._extras ELSE t.${column} END`);
  }
  await transaction.query(
    `UPDATE ${name} t SET ${[...emptied, '_version = $1'].join(', ')} FROM ${found} e WHERE e._target = t._row`,
    [version],
  );
  await publishVersion(transaction, set.name, version);
  if (keyed[0]?.n !== '0') {
    // A key that names the person cannot be told to anybody: who follows the set reads it anew.
    await beginHistory(transaction, set.name);
  }
  await maintainDerived(transaction, catalogue, { source: table, version, marks, bulk: false });
}

const computedOf = (catalogue: Catalogue, set: string): readonly string[] =>
  catalogue.exports.filter((one) => one.set === set).flatMap((one) => one.computed.map(({ property }) => property));

async function* once(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text, 'utf8');
}
