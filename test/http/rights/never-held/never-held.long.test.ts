import assert from 'node:assert/strict';
import { assertSameChanges, type ChangingFeeds, openChangingFeeds } from './changes.ts';
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

describe('http: changes of what is seen are those of a database that never held the rest, for long', function () {
  this.timeout(3_600_000);
  let feeds: ChangingFeeds;
  before(async () => {
    feeds = await openChangingFeeds();
  });
  after(() => feeds.close());

  it('for 1,000 delta links, some of which tell of rows that left', async () => {
    const { followed, removed } = await assertSameChanges(feeds, 700);
    assert.ok(followed >= 1000 && removed >= 100, JSON.stringify({ followed, removed }));
  });
});
