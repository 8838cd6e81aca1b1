import { runs } from '../../../support/runs.ts';
import { assertSameChanges, type ChangingFeeds, openChangingFeeds } from './changes.ts';
import { assertNeverHeld } from './never-held.ts';
import { openWholeFeeds, type WholeFeeds } from './whole-feeds.ts';

describe('http: rights over sets of all kinds are a database that never held the rest', () => {
  let feeds: WholeFeeds;
  before(async () => {
    feeds = await openWholeFeeds();
  });
  after(() => feeds.close());

  it('for random files of rules, claims and requests', async () => {
    await assertNeverHeld(feeds, runs(3));
  });
});

describe('http: changes of what is seen are those of a database that never held the rest', () => {
  let feeds: ChangingFeeds;
  before(async () => {
    feeds = await openChangingFeeds();
  });
  after(() => feeds.close());

  it('for random rights by keys, requests and changes, rows that left among them', async () => {
    await assertSameChanges(feeds, runs(5));
  });
});
