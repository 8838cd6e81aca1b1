import fc from 'fast-check';
import { describe, it } from 'mocha';
import { useFeed } from '../ingest/support/feed.ts';
import { zone } from './random-days.ts';
import { assertUnified, emptyFeed, randomFiles } from './random-loads.ts';
import { wholeCatalogue } from './whole-catalogue.ts';

describe('unified sets after random loads', () => {
  const feed = useFeed({ ...wholeCatalogue, reportingTimeZone: zone });

  it('property: every row is what its source says of it; none is missing, none is double', async () => {
    const runs = Number(process.env['UNIFIED_RUNS'] ?? 3);
    await fc.assert(
      fc.asyncProperty(randomFiles, async (files) => {
        await emptyFeed(feed());
        await assertUnified(feed(), files);
      }),
      { numRuns: runs },
    );
  });
});
