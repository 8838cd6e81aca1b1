import { before, describe, it } from 'mocha';
import { survives } from './crash-fuzz.ts';
import { type LoadedFeed, loadedFeed } from './loaded-feed.ts';

describe('Crash fuzz over HTTP, long', () => {
  let feed: LoadedFeed;
  before(async () => {
    feed = await loadedFeed();
  });

  it('100,000 mutated requests: never a 500, never a hang, always OData', async function () {
    this.timeout(1_800_000);
    await survives(feed, 100_000);
  });
});
