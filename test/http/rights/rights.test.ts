import { assertNothingElse, openTwoFeeds, type TwoFeeds } from './two-feeds.ts';

describe('http: what is not granted is as if it were nowhere', () => {
  let feeds: TwoFeeds;
  before(async () => {
    feeds = await openTwoFeeds();
  });
  after(() => feeds.close());

  it('for random rights and requests', () => assertNothingElse(feeds, 6));
});
