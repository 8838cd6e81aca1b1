import fc from 'fast-check';
import { describe, it } from 'mocha';
import { useFeed } from '../ingest/support/feed.ts';
import { runs } from '../support/runs.ts';
import { ArchivedFeed } from './archived-feed.ts';
import { archiveSteps, runArchive } from './random-archived.ts';
import { zone } from './random-days.ts';
import { emptyFeed } from './random-loads.ts';
import { wholeCatalogue } from './whole-catalogue.ts';

describe('unified sets of a random archive', () => {
  const feed = useFeed({ ...wholeCatalogue, reportingTimeZone: zone });
  const archived = new ArchivedFeed(feed);

  it('property: rows are what the archived ones say, whatever comes, goes, is pruned and let go in between', async () => {
    await fc.assert(
      fc.asyncProperty(archiveSteps, async (steps) => {
        await archived.reset();
        await emptyFeed(feed());
        await feed().rows('DELETE FROM gateway.tombstones');
        await runArchive(feed(), archived, steps);
      }),
      { numRuns: runs(1), endOnFailure: true },
    );
  });
});
