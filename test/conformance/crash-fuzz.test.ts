import { before, describe, it } from 'mocha';
import { seeds, survives } from './crash-fuzz.ts';
import { type LoadedFeed, loadedFeed } from './loaded-feed.ts';

describe('Crash fuzz over HTTP', () => {
  let feed: LoadedFeed;
  before(async () => {
    feed = await loadedFeed();
  });

  it('the requests that the mutations start from are answered', async () => {
    for (const seed of seeds) {
      await feed.text(seed);
    }
  });

  it('400 mutated requests: never a 500, never a hang, always OData', async () => {
    await survives(feed, 400);
  });
});
