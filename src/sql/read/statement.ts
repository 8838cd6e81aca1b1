import { GatewayError } from '../../errors.ts';
import type { CompiledQuery } from '../compiled-query.ts';
import { fromWhere } from '../expression/collection.ts';
import type { Scope } from '../scope.ts';

/** Characters of SQL that one request may become; a `$compute`d value stands in the text wherever it is named. */
const longestStatement = 4_000_000;

/** Refuses a statement that would keep PostgreSQL busy with reading it. Throws GatewayError LimitExceeded. */
export function statement(text: string): string {
  checkLength(text.length);
  return text;
}

/** The same before the text is made, where parts of it are repeated. */
export function checkLength(characters: number): void {
  if (characters <= longestStatement) {
    return;
  }
  const message = `The request becomes ${characters} characters of SQL; name computed values and paths less often.`;
  throw new GatewayError('LimitExceeded', message);
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
