import assert from 'node:assert/strict';
import { assertNeverHeld } from './never-held.ts';
import { openWholeFeeds, type WholeFeeds } from './whole-feeds.ts';

describe('http: rights over sets of all kinds are a database that never held the rest, for long', function () {
  this.timeout(3_600_000);
  let feeds: WholeFeeds;
  before(async () => {
    feeds = await openWholeFeeds();
  });
  after(() => feeds.close());

  it('for 10,000 random requests', async () => {
    const tally = await assertNeverHeld(feeds, 1000);
    const all = Object.values(tally).reduce((sum, one) => sum + one, 0);
    assert.ok(all >= 10_000, JSON.stringify(tally));
    assert.ok((tally['200'] ?? 0) > all / 3, JSON.stringify(tally));
  });
});
