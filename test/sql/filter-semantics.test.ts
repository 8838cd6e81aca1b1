import assert from 'node:assert/strict';
import { compiled, part } from './compile-url.ts';
import { rules } from './filter-rules.ts';
import { caseRows, insertRows } from './sample-rows.ts';
import { openTestFeed, type TestFeed } from './test-feed.ts';

describe('$filter keeps the rows that OData says', () => {
  let feed: TestFeed;
  before(async () => {
    feed = await openTestFeed(insertRows());
  });
  after(() => feed.close());

  for (const [filter, keeps] of rules) {
    it(filter, async () => {
      const encoded = filter.includes('%2B') ? filter : part(filter);
      const expected = caseRows.filter(keeps).map((row) => row.Id);
      const query = compiled(`Cases?$select=Id&$filter=${encoded}`);
      assert.deepEqual(
        (await feed.read(query)).map(({ row }) => row['Id']),
        expected,
        query.text,
      );
      const [count] = await feed.read(compiled(`Cases/$count?$filter=${encoded}`));
      assert.equal(count?.row['count'], expected.length);
    });
  }

  it('has rules that keep some rows and leave some out', () => {
    const telling = rules.filter(([, keeps]) => {
      const kept = caseRows.filter(keeps).length;
      return kept > 0 && kept < caseRows.length;
    });
    assert.ok(telling.length > rules.length * 0.85, `${telling.length} of ${rules.length}`);
  });
});
