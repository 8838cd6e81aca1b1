import type { Relation } from '../catalogue/catalogue.ts';
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
