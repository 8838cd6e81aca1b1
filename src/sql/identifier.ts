import type { Relation, SetBinding, SetHistory } from '../catalogue/catalogue.ts';
import { GatewayError } from '../errors.ts';

/** An SQL identifier, always quoted (the rule of `quote_ident`). Throws GatewayError Internal for one that cannot be one. */
export function quoteIdentifier(name: string): string {
  if (name === '' || name.includes('\0')) {
    throw new GatewayError('Internal', 'A name cannot be an SQL identifier.');
  }
  return `"${name.replaceAll('"', '""')}"`;
}

/** Schema and name of a table or view. */
export function quoteRelation(relation: Relation): string {
  return `${quoteIdentifier(relation.schema)}.${quoteIdentifier(relation.name)}`;
}

/** SQL of the number of the table that bears a name now: one that is made again has another one. */
export const relationNumber = (relation: Relation): string =>
  `'${quoteRelation(relation).replaceAll("'", "''")}'::regclass::oid`;

/** The tables with the data version of a set and with the keys of its removed rows, as they stand in SQL: they lie where its rows do. */
export function historyTables(set: SetBinding | undefined): Readonly<Record<keyof SetHistory, string>> {
  const history = set?.kind === 'stored' ? set.history : undefined;
  return history === undefined
    ? { versions: 'gateway.set_versions', tombstones: '"gateway"."tombstones"' }
    : { versions: quoteRelation(history.versions), tombstones: quoteRelation(history.tombstones) };
}
