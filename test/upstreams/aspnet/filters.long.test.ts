import assert from 'node:assert/strict';
import fc from 'fast-check';
import { conditions } from '../../upstream/conditions.ts';
import { callsFeed, idsOf } from './calls.ts';
import { runningFeeds } from './round-trip.ts';

describe('filters before Microsoft.AspNetCore.OData over objects', function () {
  this.timeout(600_000);
  const feed = runningFeeds(() => [callsFeed({}), callsFeed({ maxNodeCount: 10_000, pageSize: 20 })]);

  it('property: give the rows that OData says, whatever is null', async () => {
    await fc.assert(
      fc.asyncProperty(conditions, async (condition) => {
        const [found, expected] = await idsOf(feed(1), condition);
        assert.deepEqual(found, expected, condition);
      }),
      { numRuns: 400 },
    );
  });

  it('property: lists of any length and any text', async () => {
    const text = fc.oneof(
      fc.constantFrom('a', 'b', '', "O'Neil", 'a,b', '(a)', '"q"', '""', '%', 'back\\slash'),
      fc.string(),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('subject', 'agentId'),
        fc.array(text, { minLength: 1, maxLength: 60 }),
        fc.boolean(),
        async (property, texts, not) => {
          // A control character is no part of an address, and requests of the tests are cut before a dollar sign.
          const items = texts.map((one) => one.replace(/[\p{Cc}$]/gu, ''));
          const list = `${property} in (${items.map((one) => `'${one.replaceAll("'", "''")}'`).join(',')})`;
          const condition = not ? `not (${list})` : list;
          const [found, expected] = await idsOf(feed(0), condition);
          assert.deepEqual(found, expected, condition);
        },
      ),
      { numRuns: 200 },
    );
  });
});
