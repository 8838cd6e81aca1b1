import { apart } from '../../sql/apart.ts';
import { quoteIdentifier } from '../../sql/identifier.ts';
import type { Transaction } from '../../warehouse/database.ts';
import { leaveTables, takeNames } from '../../warehouse/left-tables.ts';
import { distinctName } from '../stored/distinct-name.ts';
import { columnOf, type StoredTable } from '../stored/stored-table.ts';
import { sourceProperty } from './derived-columns.ts';
import { asDimension, type DerivedTable } from './derived-sets.ts';
import { saysMore } from './dimension-rows.ts';

/** Rows of a set that are about to be changed, beside what they become. */
export interface ComparedRows {
  /** The number of one, as SQL. */
  readonly row: string;
  /** What follows FROM. */
  readonly from: string;
  /** Whether the cells of these columns stay as they are, as SQL; null: it cannot be told of one of them. */
  readonly alike: (columns: readonly string[]) => string | null;
  /** How many rows of the set change, come or go, these among them. */
  readonly changes: number;
}

/** Rows of a set that change in columns which a derived set does not read: to it they are as they were. */
export interface UntouchedRows {
  readonly source: string;
  /** SQL that leaves them out among rows `t` of the source; '' where there are none. */
  others(derived: DerivedTable): string;
  /** Whether all rows that change, come or go are such to it: nothing has to be asked for it then. */
  all(derived: DerivedTable): boolean;
}

/**
 * Before rows of a set change: notes for each set that is derived from it which of them say the same to it as before. null: none does, to none.
 * A message of which only its sentiment changes is nothing to agents, teams and contacts.
 */
export async function noteUntouched(
  transaction: Transaction,
  {
    source,
    sets,
    rows,
  }: { readonly source: StoredTable; readonly sets: readonly DerivedTable[]; readonly rows: ComparedRows },
): Promise<UntouchedRows | null> {
  const conditions = new Map<string, readonly string[]>();
  for (const derived of sets) {
    const columns = columnsRead(derived, source);
    const alike = columns === null ? null : rows.alike(columns);
    if (alike !== null) {
      conditions.set(alike, [...(conditions.get(alike) ?? []), derived.table.set.name]);
    }
  }
  if (conditions.size === 0) {
    return null;
  }
  const table = quoteIdentifier(distinctName('untouched_', source.set.name));
  const flags = [...conditions.keys()].map((condition, index) => ({ condition, flag: `_alike_${index}` }));
  const told = flags.map(({ condition, flag }) => `(${condition}) AS ${flag}`).join(', ');
  const some = flags.map(({ flag }) => flag).join(' OR ');
  await dropFormer(transaction, table);
  await transaction.query(
    `CREATE TEMP TABLE ${table} ON COMMIT DROP AS SELECT * FROM (SELECT ${rows.row} AS _row, ${told} FROM ${rows.from}) u WHERE ${some}`,
  );
  await transaction.query(`ANALYZE ${table}`);
  const { rows: counted } = await transaction.query<Record<string, string>>(
    `SELECT ${flags.map(({ flag }) => `count(*) FILTER (WHERE ${flag})::text AS ${flag}`).join(', ')} FROM ${table}`,
  );
  const found = new Map(
    flags.flatMap(({ condition, flag }) => {
      const count = Number(counted[0]?.[flag] ?? 0);
      return (conditions.get(condition) ?? []).map((name) => [name, { flag, count }] as const);
    }),
  );
  return {
    source: source.set.name,
    others: ({ table: { set } }) => {
      const { flag, count } = found.get(set.name) ?? { flag: '', count: 0 };
      const alike = `SELECT 1 FROM ${apart(table)} u WHERE u._row = t._row AND u.${flag}`;
      return count === 0 ? '' : ` AND NOT EXISTS (${alike})`;
    },
    all: ({ table: { set } }) => found.get(set.name)?.count === rows.changes,
  };
}

/** Drops the table of a load before in the same transaction. */
async function dropFormer(transaction: Transaction, table: string): Promise<void> {
  if (!transaction.isDistributed) {
    await transaction.query(`DROP TABLE IF EXISTS pg_temp.${table}`);
    return;
  }
  await takeNames(transaction, [table]);
  await leaveTables(transaction, [table]);
}

/** Of which columns a file had better tell whether their cells stay, for each set that is derived from a source. */
export const comparedColumns = (sets: readonly DerivedTable[], source: StoredTable): readonly (readonly string[])[] =>
  sets.flatMap((derived) => {
    const columns = columnsRead(derived, source);
    return columns === null ? [] : [columns];
  });

/**
 * The columns of a source's rows that decide what they say to a derived set; null: more than columns does (how new a row is, whether it is served),
 * or nobody can tell.
 */
function columnsRead(derived: DerivedTable, source: StoredTable): readonly string[] | null {
  const { derivation } = derived;
  if (source.set.hiddenBy !== null) {
    return null;
  }
  if (derivation.kind === 'bridge') {
    const { parent, carries, list, paired } = derivation;
    const properties = [
      ...parent.keys(),
      list.property,
      ...(paired === null ? [] : [paired.property]),
      ...carries.keys(),
    ];
    return properties.map((property) => columnOf(source, property));
  }
  const dimension = asDimension(derived);
  if (dimension === null) {
    return null;
  }
  const columns = new Set<string>();
  for (const one of dimension.derivation.from.filter(({ set }) => set === source.set.name)) {
    if (one.stamp === null && saysMore(dimension, one)) {
      return null;
    }
    const keys = dimension.table.key.map((name) => sourceProperty(dimension, one, name));
    for (const property of [...keys, ...one.columns.values(), ...(one.stamp === null ? [] : [one.stamp])]) {
      columns.add(columnOf(source, property));
    }
  }
  return [...columns];
}
