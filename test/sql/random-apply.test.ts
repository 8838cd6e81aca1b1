import { assertApplyAgreement } from './random-apply.ts';
import { insertRows } from './sample-rows.ts';
import { openTestFeed, type TestFeed } from './test-feed.ts';

describe('Random pipelines of $apply', () => {
  let feed: TestFeed;
  before(async () => {
    feed = await openTestFeed(insertRows());
  });
  after(() => feed.close());

  it('give on PostgreSQL the rows of the reference evaluation', async () => {
    await assertApplyAgreement(feed, 400);
  });
});
