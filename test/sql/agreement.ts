import assert from 'node:assert/strict';
import fc from 'fast-check';
import { compiled, part } from './compile-url.ts';
import { condition, numberExpression, type Typed, textExpression } from './random-expression.ts';
import { caseRows } from './sample-rows.ts';
import type { TestFeed } from './test-feed.ts';

/** Random conditions keep the rows, and random values have the values, that the reference evaluation says. */
export async function assertAgreement(feed: TestFeed, numRuns: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(condition, async (filter) => {
      const query = compiled(`Cases?$select=Id,X&$filter=${part(filter.text)}&$compute=${part(filter.text)} as X`);
      const found = (await feed.read(query)).map(({ row }) => row);
      const expected = caseRows.filter((row) => filter.of(row) === true).map((row) => ({ Id: row.Id, X: true }));
      assert.deepEqual(found, expected, query.text);
    }),
    { numRuns },
  );
  const values: fc.Arbitrary<Typed<unknown>> = fc.oneof(condition, numberExpression, textExpression);
  await fc.assert(
    fc.asyncProperty(values, async (computed) => {
      const query = compiled(`Cases?$select=Id,X&$compute=${part(computed.text)} as X`);
      const found = (await feed.read(query)).map(({ row }) => row['X']);
      assert.deepEqual(
        found,
        caseRows.map((row) => computed.of(row)),
        query.text,
      );
    }),
    { numRuns },
  );
}
