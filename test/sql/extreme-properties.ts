import assert from 'node:assert/strict';
import fc from 'fast-check';
import { GatewayError } from '../../src/errors.ts';
import { doubleArithmetic, singleArithmetic, toSingle } from '../../src/sql/expression/float-arithmetic.ts';
import { openScope } from '../../src/sql/expression/open-scope.ts';
import { postgresError } from '../../src/warehouse/postgres-errors.ts';
import { compiled, part } from './compile-url.ts';
import { anyDouble, anyExpression, assertReadable, floatOperators, sqlDouble, unsigned } from './extreme-rows.ts';
import { catalogue } from './small-model.ts';
import type { TestFeed } from './test-feed.ts';

/** JavaScript's numbers are the oracle, `Math.fround` that of Single. */
export async function assertIeee(feed: TestFeed, numRuns: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(anyDouble, anyDouble), { minLength: 1, maxLength: 40 }), async (pairs) => {
      const values = pairs.map(([a, b]) => `(${sqlDouble(a)}, ${sqlDouble(b)})`);
      const scope = openScope(catalogue);
      const doubles = floatOperators.map(([operator]) => doubleArithmetic(operator, ['p.a', 'p.b'], scope));
      const singles = floatOperators.map(([operator]) =>
        singleArithmetic(operator, [toSingle('p.a', scope), toSingle('p.b', scope)], scope),
      );
      const columns = [...doubles, ...singles].map((sql) => `(${sql})::text`);
      const { rows } = await feed.client.query<string[]>({
        text: `SELECT ${columns.join(', ')} FROM (VALUES ${values.join(', ')}) AS p(a, b)`,
        rowMode: 'array',
      });
      for (const [at, [a, b]] of pairs.entries()) {
        const expected = [
          ...floatOperators.map(([, work]) => work(a, b)),
          ...floatOperators.map(([, work]) => Math.fround(work(Math.fround(a), Math.fround(b)))),
        ];
        const found = rows[at]?.map((text, column) => (column < 4 ? Number(text) : Math.fround(Number(text))));
        // Of a zero the sign is PostgreSQL's.
        assert.deepEqual(found?.map(unsigned), expected.map(unsigned), `${String(a)} ${String(b)}`);
      }
    }),
    { numRuns },
  );
}

/** A random expression is refused when it is read, or computed for all rows, or is a division of exact numbers by zero. */
export async function assertNoFault(feed: TestFeed, numRuns: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(anyExpression, async (expression) => {
      const query = readable(expression);
      if (query === null) {
        return;
      }
      try {
        for (const { row } of await feed.read(query)) {
          assertReadable(row['X'], query.text);
        }
      } catch (error) {
        if (error instanceof assert.AssertionError) {
          throw error;
        }
        const told = postgresError(error);
        const known = told instanceof GatewayError && told.code === 'ComputationFailed';
        assert.ok(known && /division by zero/.test(told.message), `${String(error)}: ${query.text}`);
      }
    }),
    { numRuns },
  );
}

function readable(expression: string): ReturnType<typeof compiled> | null {
  try {
    return compiled(`Cases?$select=Id,X&$compute=${part(expression)} as X`);
  } catch (error) {
    assert.ok(error instanceof GatewayError && error.code !== 'Internal', String(error));
    return null;
  }
}
