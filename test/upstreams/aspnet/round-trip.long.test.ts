import assert from 'node:assert/strict';
import { asDocumented, documentedFeed, expandAll, filtered, roundTrip, runningFeeds } from './round-trip.ts';

const shapes = [
  ['all rows on one page', {}],
  ['pages that continue after a number of rows', { pageSize: 17 }],
  ['pages that continue after a key', { pageSize: 17, skipToken: true }],
] as const;

for (const [how, settings] of shapes) {
  describe(`the documented sets from Microsoft.AspNetCore.OData: ${how}`, () => {
    const { samples, file } = documentedFeed(60, { navigations: true, settings });
    const feed = runningFeeds(() => [asDocumented(file)]);

    it('every row, by key, filtered and counted', async () => {
      await roundTrip(feed(0), samples);
      await filtered(feed(0), samples);
    });

    it('every navigation that the feed has', async () => {
      assert.ok((await expandAll(feed(0), samples)) > 1000);
    });
  });
}
