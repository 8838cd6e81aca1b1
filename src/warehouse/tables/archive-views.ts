import { archiveView, viewedSets } from '../../catalogue/archive-view.ts';
import type { Catalogue, StoredSet, UpstreamSet } from '../../catalogue/catalogue.ts';
import type { EntitySet } from '../../edm/model.ts';
import { quoteIdentifier, quoteRelation } from '../../sql/identifier.ts';
import { escapeText } from '../../sql/literal.ts';
import type { Transaction } from '../database.ts';

/** What every row has besides what its document names. */
const own = { _row: 'bigint', _version: 'bigint', _load_id: 'bigint', _stamp: 'timestamp with time zone' };

/** Types whose values a column of another type holds, each as it is. */
const held: ReadonlyMap<string, readonly string[]> = new Map([
  ['smallint', ['integer', 'bigint', 'numeric', 'double precision', 'text']],
  ['integer', ['bigint', 'numeric', 'double precision', 'text']],
  ['bigint', ['numeric', 'text']],
  ['uuid', ['text']],
  ['boolean', ['text']],
]);

/** Columns of a table by name, with their types. */
type Columns = ReadonlyMap<string, string>;

/** The statement of a view `archiveView`; `columns`: of the table that the rows are kept in, null: they are not. Pure. */
export function archiveViewQuery(view: StoredSet, binding: UpstreamSet, columns: Columns | null): string {
  const cells = [...view.columns].map(([property, { name, sqlType }]) => {
    const found = columns === null ? null : columnFor(property, binding, columns);
    const collation = sqlType === 'text' ? ' COLLATE "C"' : '';
    const value =
      found !== null && columns !== null && holds(columns.get(found), sqlType) ? `t.${quoteIdentifier(found)}` : 'NULL';
    return `(${value})::${sqlType}${collation} AS ${quoteIdentifier(name)}`;
  });
  const marks = Object.entries(own).map(([name, type]) =>
    columns === null ? `NULL::${type} AS ${name}` : `t.${quoteIdentifier(name)}`,
  );
  const from =
    columns === null ? 'WHERE false' : `FROM ${quoteRelation({ schema: view.relation.schema, name: view.name })} t`;
  return `SELECT ${[...marks, ...cells].join(', ')} ${from}`;
}

/** Documented properties of which a view has nothing but null, with the column of another type that stands in their place; null: none does. Pure. */
export function emptyProperties(
  view: StoredSet,
  binding: UpstreamSet,
  columns: Columns,
): ReadonlyMap<string, string | null> {
  const empty = [...view.columns].flatMap(([property, { sqlType }]) => {
    const found = columnFor(property, binding, columns);
    return found !== null && holds(columns.get(found), sqlType) ? [] : [[property, found] as const];
  });
  return new Map(empty);
}

/** Whether a column of one type has each value of another one as it is. */
const holds = (type: string | undefined, sqlType: string): boolean =>
  type === sqlType || (type !== undefined && held.get(type)?.includes(sqlType) === true);

/** The feed's own name of a property counts, then what it is called in other generations of the feed, then its letters alone. */
function columnFor(property: string, { hints }: UpstreamSet, columns: Columns): string | null {
  const others = hints?.get(property)?.upstreamNames?.map(({ name }) => name) ?? [];
  const exact = [property, ...others].find((name) => columns.has(name) && !name.startsWith('_'));
  if (exact !== undefined) {
    return exact;
  }
  const [alike, ...more] = [...columns.keys()].filter((name) => name.toLowerCase() === property.toLowerCase());
  return alike === undefined || more.length > 0 ? null : alike;
}

/**
 * Makes the views of archives what the documents and the tables that are there want; of one set or of all. Call where the tables change. A
 * view that is there as it should be is not touched, so nobody waits for who reads it.
 */
export async function putArchiveViews(transaction: Transaction, catalogue: Catalogue, only?: string): Promise<void> {
  const sets = viewedSets(catalogue).filter(({ name }) => only === undefined || name === only);
  if (sets.length === 0) {
    return;
  }
  const tables = await columnsOf(transaction, sets);
  const there = await viewsThere(transaction);
  const statements = sets.flatMap((set) => {
    const binding = catalogue.sets.get(set.name);
    if (binding?.kind !== 'upstream') {
      return [];
    }
    const view = archiveView(set, binding.source);
    // What somebody's own token was needed for is for nobody else.
    const columns = binding.archive === undefined ? null : (tables.get(set.name) ?? null);
    const query = archiveViewQuery(view, binding, columns);
    const name = quoteRelation(view.relation);
    return there.get(view.relation.name) === query
      ? []
      : [
          `DROP VIEW IF EXISTS ${name}`,
          `CREATE VIEW ${name} AS ${query}`,
          `COMMENT ON VIEW ${name} IS ${escapeText(query)}`,
        ];
  });
  if (statements.length > 0) {
    await transaction.query(statements.join(';\n'));
  }
}

/** Lets the view of a set go, whose table is about to change. */
export async function dropArchiveView(transaction: Transaction, set: EntitySet, source: string): Promise<void> {
  await transaction.query(`DROP VIEW IF EXISTS ${quoteRelation(archiveView(set, source).relation)}`);
}

async function columnsOf(transaction: Transaction, sets: readonly EntitySet[]): Promise<ReadonlyMap<string, Columns>> {
  const { rows } = await transaction.query<{ name: string; columns: Readonly<Record<string, string>> }>(
    `SELECT c.relname AS name, json_object_agg(a.attname, format_type(a.atttypid, a.atttypmod)) AS columns FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped WHERE c.relnamespace = to_regnamespace('gateway_archive') AND c.relkind = 'r' AND c.relname = ANY($1::text[]) GROUP BY c.relname`,
    [sets.map(({ name }) => name)],
  );
  return new Map(rows.map(({ name, columns }) => [name, new Map(Object.entries(columns))]));
}

/** By name, the statement that each was made by. */
async function viewsThere(transaction: Transaction): Promise<ReadonlyMap<string, string>> {
  const { rows } = await transaction.query<{ name: string; query: string | null }>(
    `SELECT relname AS name, obj_description(oid, 'pg_class') AS query FROM pg_class WHERE relnamespace = to_regnamespace('gateway_archive') AND relkind = 'v'`,
  );
  return new Map(rows.map(({ name, query }) => [name, query ?? '']));
}
