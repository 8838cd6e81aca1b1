import { assertApplyAgreement } from './random-apply.ts';
import { insertRows } from './sample-rows.ts';
import { openTestFeed, type TestFeed } from './test-feed.ts';

describe('Many random pipelines of $apply', function () {
  this.timeout(600_000);
  let feed: TestFeed;
  before(async () => {
    feed = await openTestFeed(insertRows());
  });
  after(() => feed.close());

  it('give on PostgreSQL the rows of the reference evaluation', async () => {
    await assertApplyAgreement(feed, 10_000);
  });
});
