import { runs } from '../../../support/runs.ts';
import { assertNeverHeld } from './never-held.ts';
import { openWholeFeeds, type WholeFeeds } from './whole-feeds.ts';

describe('http: rights over sets of all kinds are a database that never held the rest', () => {
  let feeds: WholeFeeds;
  before(async () => {
    feeds = await openWholeFeeds();
  });
  after(() => feeds.close());

  it('for random files of rules, claims and requests', async () => {
    await assertNeverHeld(feeds, runs(4));
  });
});
