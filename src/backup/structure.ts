import { GatewayError } from '../errors.ts';
import { quoteIdentifier, quoteRelation } from '../sql/identifier.ts';
import type { Snapshot } from '../warehouse/database.ts';
import type { SequenceState, TableStructure } from './manifest.ts';

/** What belongs to the gateway: every table and counter of these schemas, whoever made them. */
export const ownSchemas = ['gateway', 'feed', 'gateway_archive'] as const;

/** SELECT of the tables of these schemas, as quoted names. */
export const tableNames = `SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ANY ($1) AND c.relkind = 'r' ORDER BY 1`;

/**
 * Kinds of `pg_class` that a backup knows: tables, indexes, counters and TOAST are carried or made with their table; views come from
 * the migrations.
 */
const knownKinds = ['r', 'i', 'S', 't', 'v'];

/** Throws Internal where the schemas hold something that a backup would leave out. */
export async function readStructure(snapshot: Snapshot): Promise<readonly TableStructure[]> {
  const { rows: strangers } = await snapshot.query<{ name: string; kind: string }>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS name, c.relkind AS kind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ANY ($1) AND c.relkind <> ALL ($2::text[]::"char"[])`,
    [ownSchemas, knownKinds],
  );
  const [stranger] = strangers;
  if (stranger !== undefined) {
    throw new GatewayError('Internal', `A backup does not know how to carry ${stranger.name} (kind ${stranger.kind}).`);
  }
  const { rows } = await snapshot.query<{ structure: TableStructure }>(structureQuery, [ownSchemas]);
  return rows.map(({ structure }) => structure);
}

const structureQuery = `
SELECT json_build_object(
  'schema', n.nspname, 'name', c.relname,
  'readable', has_table_privilege('gateway_reader', c.oid, 'SELECT'),
  'columns', (
    SELECT coalesce(json_agg(json_build_object(
             'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'notNull', a.attnotnull,
             'collation', (SELECT l.collname FROM pg_collation l JOIN pg_type t ON t.oid = a.atttypid
                            WHERE l.oid = a.attcollation AND a.attcollation <> t.typcollation),
             'expression', (SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d WHERE d.adrelid = c.oid AND d.adnum = a.attnum),
             'identity', a.attidentity, 'generated', a.attgenerated <> '') ORDER BY a.attnum), '[]')
      FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
  'constraints', (
    SELECT coalesce(json_agg(json_build_object('name', x.conname, 'definition', pg_get_constraintdef(x.oid)) ORDER BY x.conname), '[]')
      FROM pg_constraint x WHERE x.conrelid = c.oid AND x.contype <> 'n'),
  'indexes', (
    SELECT coalesce(json_agg(pg_get_indexdef(i.indexrelid) ORDER BY i.indexrelid::regclass::text), '[]')
      FROM pg_index i WHERE i.indrelid = c.oid AND NOT EXISTS (SELECT FROM pg_constraint x WHERE x.conindid = i.indexrelid AND x.conrelid = c.oid))
) AS structure
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = ANY ($1) AND c.relkind = 'r'
 ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`;

/** Tables whose rows are of this moment and this server alone, such as which gateways run and what sessions are sealed with: the unlogged ones. */
export async function passingTables(snapshot: Pick<Snapshot, 'query'>): Promise<ReadonlySet<string>> {
  const { rows } = await snapshot.query<{ schema: string; name: string }>(
    `SELECT n.nspname AS schema, c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = ANY ($1) AND c.relkind = 'r' AND c.relpersistence = 'u'`,
    [ownSchemas],
  );
  return new Set(rows.map(({ schema, name }) => `${schema}.${name}`));
}

/** The counters as they are now, which is no earlier than the snapshot: no number is given out twice. */
export async function readSequences(snapshot: Snapshot): Promise<readonly SequenceState[]> {
  const { rows } = await snapshot.query<Pick<SequenceState, 'schema' | 'name' | 'table' | 'column'>>(
    `SELECT n.nspname AS schema, s.relname AS name, t.relname AS table, a.attname AS column
       FROM pg_class s JOIN pg_namespace n ON n.oid = s.relnamespace
       LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = s.oid AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
       LEFT JOIN pg_class t ON t.oid = d.refobjid
       LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
      WHERE n.nspname = ANY ($1) AND s.relkind = 'S' ORDER BY 1, 2`,
    [ownSchemas],
  );
  if (rows.length === 0) {
    return [];
  }
  const states = await snapshot.query<{ place: number; value: string; called: boolean }>(
    rows
      .map(
        (row, place) =>
          `SELECT ${place} AS place, last_value::text AS value, is_called AS called FROM ${quoteRelation(row)}`,
      )
      .join(' UNION ALL '),
  );
  return states.rows.flatMap(({ place, value, called }) => {
    const row = rows[place];
    return row === undefined ? [] : [{ ...row, value, called }];
  });
}

/** The columns whose values are carried, in order. */
export const carriedColumns = ({ columns }: TableStructure): string =>
  columns
    .filter(({ generated }) => !generated)
    .map(({ name }) => quoteIdentifier(name))
    .join(', ');

/** The statement that makes the table without constraints, indexes and rights. */
export function createStatement(table: TableStructure): string {
  const columns = table.columns.map(({ name, type, notNull, collation, expression, identity, generated }) =>
    [
      `${quoteIdentifier(name)} ${type}`,
      collation === null ? '' : ` COLLATE ${quoteIdentifier(collation)}`,
      identity === '' ? '' : ` GENERATED ${identity === 'a' ? 'ALWAYS' : 'BY DEFAULT'} AS IDENTITY`,
      expression === null ? '' : generated ? ` GENERATED ALWAYS AS (${expression}) STORED` : ` DEFAULT ${expression}`,
      notNull ? ' NOT NULL' : '',
    ].join(''),
  );
  return `CREATE TABLE ${quoteRelation(table)} (${columns.join(', ')})`;
}

/** What follows once the rows of all tables are in: foreign keys last, since they need the keys of others. */
export function finishStatements(tables: readonly TableStructure[]): readonly string[] {
  const constraints = (foreign: boolean): readonly string[] =>
    tables.flatMap((table) =>
      table.constraints
        .filter(({ definition }) => definition.startsWith('FOREIGN KEY') === foreign)
        .map(
          ({ name, definition }) =>
            `ALTER TABLE ${quoteRelation(table)} ADD CONSTRAINT ${quoteIdentifier(name)} ${definition}`,
        ),
    );
  return [
    ...constraints(false),
    ...tables.flatMap(({ indexes }) => indexes),
    ...constraints(true),
    ...tables
      .filter(({ readable }) => readable)
      .map((table) => `GRANT SELECT ON ${quoteRelation(table)} TO gateway_reader`),
  ];
}
