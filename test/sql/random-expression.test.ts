import { assertAgreement } from './agreement.ts';
import { insertRows } from './sample-rows.ts';
import { openTestFeed, type TestFeed } from './test-feed.ts';

describe('Random expressions', () => {
  let feed: TestFeed;
  before(async () => {
    feed = await openTestFeed(insertRows());
  });
  after(() => feed.close());

  it('have on PostgreSQL the values of the reference evaluation', async () => {
    await assertAgreement(feed, 250);
  });
});
