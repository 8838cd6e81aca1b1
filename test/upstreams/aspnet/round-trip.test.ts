import assert from 'node:assert/strict';
import { checkModel } from '../../../src/edm/check-model.ts';
import { documentedFeed, expandAll, roundTrip, runningFeeds } from './round-trip.ts';

describe('the documented sets from Microsoft.AspNetCore.OData, in short', function () {
  this.timeout(60_000);
  const { samples, file } = documentedFeed(6, { navigations: true, settings: { pageSize: 4, skipToken: true } });
  const feed = runningFeeds(() => [file]);

  it('all 26, none different from the documents', () => {
    assert.equal(samples.size, 26);
    assert.deepEqual(feed(0).upstream.state().differences, []);
    assert.deepEqual(checkModel(feed(0).served().model), []);
  });

  it('every row, over pages, and by key', () => roundTrip(feed(0), samples));

  it('what the feed leads to', async () => {
    const some = new Map([...samples].slice(0, 4));
    assert.ok((await expandAll(feed(0), some, samples)) > 10);
  });
});
