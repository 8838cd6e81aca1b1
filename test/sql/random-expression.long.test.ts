import { assertAgreement } from './agreement.ts';
import { insertRows } from './sample-rows.ts';
import { openTestFeed, type TestFeed } from './test-feed.ts';

describe('Many random expressions', function () {
  this.timeout(600_000);
  let feed: TestFeed;
  before(async () => {
    feed = await openTestFeed(insertRows());
  });
  after(() => feed.close());

  it('have on PostgreSQL the values of the reference evaluation', async () => {
    await assertAgreement(feed, 10_000);
  });
});
