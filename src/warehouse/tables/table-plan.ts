import { quoteIdentifier, quoteRelation } from '../../sql/identifier.ts';
import type { ExistingColumn, ExistingTable } from './existing-tables.ts';
import { isNumberIndex, ownIndex, type WantedColumn, type WantedTable } from './wanted-tables.ts';

/** What must be done so that one table is as the metadata wants it. */
export interface TablePlan {
  readonly set: string;
  /** SQL, to be run in order. */
  readonly statements: readonly string[];
  /** One line for each change, for people. */
  readonly changes: readonly string[];
  /** Differences that are not made by themselves, each a sentence that says what is and what is wanted. */
  readonly refusals: readonly string[];
  /** Columns that the metadata does not name any more: kept with their values, not served. */
  readonly retired: readonly string[];
}

interface Draft {
  readonly set: string;
  readonly statements: string[];
  readonly changes: string[];
  readonly refusals: string[];
  readonly retired: string[];
}

interface PlanOptions {
  /** Columns become wider by themselves where every value stays as it is: the table is written anew, and nobody reads it meanwhile. */
  readonly widens?: boolean;
}

/**
 * Compares one table with what is there. Additions are planned; a change that could lose or falsify values is refused,
 * unless the table has no rows: then it is made anew. Pure.
 */
export function planTable(
  wanted: WantedTable,
  existing: ExistingTable | undefined,
  { widens = false }: PlanOptions = {},
): TablePlan {
  if (existing === undefined) {
    return create(wanted);
  }
  const draft: Draft = { set: wanted.set, statements: [], changes: [], refusals: [], retired: [] };
  for (const column of wanted.columns) {
    planColumn(wanted, column, { existing, draft, widens });
  }
  for (const column of existing.columns.values()) {
    planLeftover(wanted, column, draft);
  }
  if (!existing.setsVacuum) {
    // No change of what the table holds, which is what people are told of.
    draft.statements.push(`ALTER TABLE ${relation(wanted)} SET (${tableSettings})`);
  }
  planKey(wanted, existing, draft);
  planIndexes(wanted, existing, draft);
  if (draft.refusals.length === 0 || !existing.empty) {
    return draft;
  }
  const anew = create(wanted);
  const drop = `DROP TABLE ${relation(wanted)}`;
  return { ...anew, statements: [drop, ...anew.statements], changes: [`${wanted.set}: made anew (it had no rows)`] };
}

const relation = (table: WantedTable): string => quoteRelation({ schema: table.schema, name: table.table });

/** The statements that make a table with its indexes, closed to the reader. */
export const createTable = (wanted: WantedTable): readonly string[] => [
  createBareTable(wanted),
  ...createIndexes(wanted),
];

/**
 * When PostgreSQL puts away what rows were before: after a fiftieth of the rows changed, not a fifth. A period that is stated again each night leaves
 * its rows' former versions side by side, and who reads it goes through all of them.
 */
export const tableSettings = 'autovacuum_vacuum_scale_factor=0.02';

/** The statement that makes it without indexes. */
export function createBareTable(wanted: WantedTable): string {
  const columns = wanted.columns.map((column) => `  ${columnDefinition(column)}`);
  return `CREATE TABLE ${relation(wanted)} (\n${columns.join(',\n')}\n) WITH (${tableSettings})`;
}

/** The statements that make its indexes, the key's first; `only`: the one of the rows' numbers, or the others. */
export const createIndexes = (wanted: WantedTable, only?: 'numbers' | 'others'): readonly string[] =>
  wanted.indexes
    .filter((index) => only === undefined || isNumberIndex(index) === (only === 'numbers'))
    .map((index) => indexStatement(wanted, index));

function create(wanted: WantedTable): TablePlan {
  const statements = [...createTable(wanted), `GRANT SELECT ON ${relation(wanted)} TO gateway_reader`];
  return { set: wanted.set, statements, changes: [`${wanted.set}: created`], refusals: [], retired: [] };
}

/** Text compares by code point, whatever the database's own collation is. */
function columnDefinition({ name, sqlType, nullable, suffix }: WantedColumn): string {
  const collation = sqlType === 'text' ? ' COLLATE "C"' : '';
  return `${quoteIdentifier(name)} ${sqlType}${collation}${suffix}${nullable ? '' : ' NOT NULL'}`;
}

/** What ALTER TABLE says so that a column has the default that it is made with. */
export const ownDefault = ({ name, suffix }: WantedColumn): string =>
  `ALTER COLUMN ${quoteIdentifier(name)} ${suffix.startsWith(' DEFAULT ') ? `SET${suffix}` : 'DROP DEFAULT'}`;

function indexStatement(wanted: WantedTable, index: WantedTable['indexes'][number]): string {
  const unique = index.unique ? 'UNIQUE ' : '';
  return `CREATE ${unique}INDEX ${quoteIdentifier(index.name)} ON ${relation(wanted)} ${index.definition}`;
}

function planColumn(
  wanted: WantedTable,
  column: WantedColumn,
  { existing, draft, widens }: { existing: ExistingTable; draft: Draft; widens: boolean },
): void {
  const there = existing.columns.get(column.name);
  const name = `${wanted.set}.${column.name}`;
  const alter = `ALTER TABLE ${relation(wanted)}`;
  if (there === undefined) {
    if (!column.nullable && column.suffix === '') {
      draft.refusals.push(`${name} is new and may not be null, but the table has rows without it: let it be nullable.`);
      return;
    }
    draft.statements.push(`${alter} ADD COLUMN ${columnDefinition(column)}`);
    draft.changes.push(`${name}: added (${column.sqlType})`);
    return;
  }
  const isWider = widens && wider.get(there.sqlType)?.includes(column.sqlType) === true;
  if (isWider) {
    draft.statements.push(`${alter} ALTER COLUMN ${quoteIdentifier(column.name)} TYPE ${column.sqlType}`);
    draft.changes.push(`${name}: ${column.sqlType} now (${there.sqlType} until now)`);
  }
  if (there.sqlType !== column.sqlType && !isWider) {
    draft.refusals.push(`${name} is ${there.sqlType} in the database, and the metadata wants ${column.sqlType}.`);
  } else if (there.nullable && !column.nullable) {
    draft.refusals.push(`${name} may be null in the database, and the metadata says it may not.`);
  } else if (!there.nullable && column.nullable) {
    draft.statements.push(`${alter} ALTER COLUMN ${quoteIdentifier(column.name)} DROP NOT NULL`);
    draft.changes.push(`${name}: may be null now`);
  }
}

/** Types that hold each value of another one. */
const wider: ReadonlyMap<string, readonly string[]> = new Map([
  ['smallint', ['integer', 'bigint', 'numeric', 'double precision']],
  ['integer', ['bigint', 'numeric', 'double precision']],
  ['bigint', ['numeric']],
]);

/** A column without a property keeps its values; new rows leave it empty. */
function planLeftover(wanted: WantedTable, column: ExistingColumn, draft: Draft): void {
  if (wanted.columns.some((other) => other.name === column.name)) {
    return;
  }
  draft.retired.push(`${wanted.set}.${column.name}`);
  if (column.nullable) {
    return;
  }
  draft.statements.push(`ALTER TABLE ${relation(wanted)} ALTER COLUMN ${quoteIdentifier(column.name)} DROP NOT NULL`);
  draft.changes.push(`${wanted.set}.${column.name}: not in the metadata any more, may be null now`);
}

function planKey(wanted: WantedTable, existing: ExistingTable, draft: Draft): void {
  const old = [...existing.indexes].find(([name]) => /_key_[0-9a-f]{10}$/.test(name))?.[1];
  if (old === undefined || old.join() === wanted.key.join()) {
    return;
  }
  draft.refusals.push(
    `${wanted.set} has the key (${old.join(', ')}) in the database, and the metadata wants (${wanted.key.join(', ')}).`,
  );
}

function planIndexes(wanted: WantedTable, existing: ExistingTable, draft: Draft): void {
  const names = new Set(wanted.indexes.map((index) => index.name));
  for (const index of wanted.indexes) {
    if (existing.indexes.has(index.name)) {
      continue;
    }
    draft.statements.push(indexStatement(wanted, index));
    draft.changes.push(`${wanted.set}: index ${index.definition}`);
  }
  for (const name of existing.indexes.keys()) {
    if (names.has(name) || !ownIndex.test(name)) {
      continue;
    }
    draft.statements.push(`DROP INDEX ${quoteRelation({ schema: wanted.schema, name })}`);
    draft.changes.push(`${wanted.set}: index ${name} dropped`);
  }
}
