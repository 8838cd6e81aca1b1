import { quoteIdentifier, quoteRelation } from '../../sql/identifier.ts';
import type { Transaction } from '../database.ts';
import type { WantedTable } from './wanted-tables.ts';

interface Taken extends Record<string, unknown> {
  readonly name: string;
  readonly oid: string;
  /** `pg_class.relkind`. */
  readonly kind: string;
  /** Table of an index; null: it is none. */
  readonly table: string | null;
}

/** PostgreSQL's kinds of relations in words; tables and indexes are not among them. */
const kinds: Readonly<Record<string, string>> = {
  v: 'a view',
  m: 'a materialized view',
  S: 'a sequence',
  f: 'a foreign table',
  c: 'a composite type',
};

/**
 * Tables and indexes of a schema share one room for names. A table that somebody renamed keeps its indexes under the names
 * that the table made in its place needs: those are renamed. Returns a sentence for each name of a table that something else has,
 * which nobody but its owner may move.
 */
export async function freeNames(transaction: Transaction, wanted: readonly WantedTable[]): Promise<readonly string[]> {
  const owners = new Map(
    wanted.flatMap((one) => [
      [one.table, one.table] as const,
      ...one.indexes.map((index) => [index.name, one.table] as const),
    ]),
  );
  const [first] = wanted;
  if (first === undefined) {
    return [];
  }
  const { rows } = await transaction.query<Taken>(
    `SELECT c.relname AS name, c.oid::text AS oid, c.relkind::text AS kind, t.relname AS "table"
       FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid LEFT JOIN pg_class t ON t.oid = i.indrelid
      WHERE c.relnamespace = $1::regnamespace AND c.relname = ANY($2::text[])`,
    [quoteIdentifier(first.schema), [...owners.keys()]],
  );
  const inTheWay: string[] = [];
  for (const { name, oid, kind, table } of rows) {
    const index = table !== null;
    if (index ? table === owners.get(name) : owners.get(name) === name && (kind === 'r' || kind === 'p')) {
      continue;
    }
    const relation = quoteRelation({ schema: first.schema, name });
    if (index) {
      const moved = `${name.slice(0, 40)}_of_${oid}`;
      await transaction.query(`ALTER INDEX ${relation} RENAME TO ${quoteIdentifier(moved)}`);
    } else {
      inTheWay.push(`${relation} is ${kinds[kind] ?? 'something else'}, and the gateway needs the name: rename it.`);
    }
  }
  return inTheWay;
}
