import { assertNeverHeld } from './never-held/never-held.ts';
import { openWholeFeeds, type WholeFeeds } from './never-held/whole-feeds.ts';
import { assertNothingElse, openTwoFeeds, type TwoFeeds } from './two-feeds.ts';

describe('http: what is not granted, where PostgreSQL has policies for rows, for long', function () {
  this.timeout(3_600_000);
  let small: TwoFeeds;
  let whole: WholeFeeds;
  before(async () => {
    small = await openTwoFeeds({ rowLevelSecurity: true });
    whole = await openWholeFeeds({ rowLevelSecurity: true });
  });
  after(async () => {
    await small.close();
    await whole.close();
  });

  it('is as if it were nowhere, for random rights and 2,000 requests', () => assertNothingElse(small, 200));

  it('is as if it were nowhere, for random files of rules and claims over sets of all kinds', async () => {
    await assertNeverHeld(whole, 300);
  });
});
