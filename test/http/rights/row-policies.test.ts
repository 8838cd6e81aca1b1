import { assertNothingElse, openTwoFeeds, type TwoFeeds } from './two-feeds.ts';

describe('http: what is not granted, where PostgreSQL has policies for rows', () => {
  let feeds: TwoFeeds;
  before(async () => {
    feeds = await openTwoFeeds({ rowLevelSecurity: true });
  });
  after(() => feeds.close());

  it('is as if it were nowhere, for random rights and requests', () => assertNothingElse(feeds, 3));
});
