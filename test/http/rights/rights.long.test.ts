import { assertNothingElse, openTwoFeeds, type TwoFeeds } from './two-feeds.ts';

describe('http: what is not granted is as if it were nowhere, for long', function () {
  this.timeout(3_600_000);
  let feeds: TwoFeeds;
  before(async () => {
    feeds = await openTwoFeeds();
  });
  after(() => feeds.close());

  // Two readers ask for five things each time.
  it('for 10,000 random requests', () => assertNothingElse(feeds, 1000));
});
