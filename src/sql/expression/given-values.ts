import type { Scope } from '../scope.ts';

/**
 * Lets SQL speak of values several times that are written once, so that the text grows with an expression and not
 * faster: `body` is given their names.
 */
export function withValue(value: string, scope: Scope, body: (name: string) => string): string {
  return withRow([value], scope, (row) => body(`${row}.a`));
}

/** As `withValue`, of two. */
export function withValues(
  [left, right]: readonly [left: string, right: string],
  scope: Scope,
  body: (left: string, right: string) => string,
): string {
  return withRow([left, right], scope, (row) => body(`${row}.a`, `${row}.b`));
}

function withRow(values: readonly string[], scope: Scope, body: (row: string) => string): string {
  const row = scope.aliases.next('v');
  const named = values.map((value, at) => `${value} AS ${at === 0 ? 'a' : 'b'}`).join(', ');
  // OFFSET 0 keeps PostgreSQL from putting the values into each place of their names: nested in each other they would grow
  // with the power of their depth, up to all memory of the machine.
  return `(SELECT ${body(row)} FROM (SELECT ${named} OFFSET 0) AS ${row})`;
}
