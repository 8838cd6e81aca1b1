import { agreementProperty } from './support/agreement-property.ts';
import { useFeed } from './support/feed.ts';

describe('`gateway inspect`', () => {
  const feed = useFeed();
  it('property: says of whole and damaged files what a load makes of them, row by row', async () => {
    await agreementProperty(feed(), 30);
  });
});
