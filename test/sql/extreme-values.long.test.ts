import { assertIeee, assertNoFault } from './extreme-properties.ts';
import { extremeRows } from './extreme-rows.ts';
import { openTestFeed, type TestFeed } from './test-feed.ts';

describe('Many random expressions over extreme values', function () {
  this.timeout(1_800_000);
  let feed: TestFeed;
  before(async () => {
    feed = await openTestFeed(extremeRows);
  });
  after(() => feed.close());

  it('C2 doubles: arithmetic as IEEE 754 has it', async () => {
    await assertIeee(feed, 10_000);
  });

  it('C16 none is our fault, and no value is one that readers cannot read', async () => {
    await assertNoFault(feed, 10_000);
  });
});
