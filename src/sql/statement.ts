import { GatewayError } from '../errors.ts';
import { fromWhere } from './collection.ts';
import type { CompiledQuery } from './compiled-query.ts';
import type { Scope } from './scope.ts';

/** Characters of SQL that one request may become; a `$compute`d value stands in the text wherever it is named. */
const longestStatement = 4_000_000;

/** Refuses a statement that would keep PostgreSQL busy with reading it. Throws GatewayError LimitExceeded. */
export function statement(text: string): string {
  if (text.length > longestStatement) {
    throw new GatewayError(
      'LimitExceeded',
      `The request becomes ${text.length} characters of SQL; name computed values less often.`,
    );
  }
  return text;
}

/** One row with the number of rows that a scope has. */
export function counted(scope: Scope): CompiledQuery {
  return {
    text: statement(`SELECT count(*) ${fromWhere(scope)}`),
    shape: { fields: [{ kind: 'value', name: 'count', type: 'Edm.Int64', collection: false }] },
    limit: null,
    remaining: null,
    positionColumns: 0,
  };
}
