import { agreementProperty } from './support/agreement-property.ts';
import { useFeed } from './support/feed.ts';

describe('`gateway inspect`, many files', () => {
  const feed = useFeed();
  it('property: says of whole and damaged files what a load makes of them, row by row', async function () {
    this.timeout(7_200_000);
    await agreementProperty(feed(), 10_000);
  });
});
