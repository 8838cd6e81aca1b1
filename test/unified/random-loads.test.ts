import fc from 'fast-check';
import { describe, it } from 'mocha';
import { useFeed } from '../ingest/support/feed.ts';
import { zone } from './random-days.ts';
import { assertUnified, emptyFeed, type RandomFile, randomFiles } from './random-loads.ts';
import { wholeCatalogue } from './whole-catalogue.ts';

/** A team of two sources of one product: what one opened is left where the days after it are told by the other alone. */
const backlogOfBoth: readonly RandomFile[] = [
  {
    name: 'sparkcentral/open-conversations',
    minute: 19,
    rows: [
      {
        ConversationId: 'a',
        CreatedAt: '2026-03-28 22:00:00',
        CurrentStatus: 'New',
        LastUpdatedAt: '2026-03-29 02:07:00',
      },
    ],
  },
  {
    name: 'hootsuite-inbox/resolved-conversations',
    minute: 133,
    rows: [
      {
        ConversationId: 'b',
        CreatedAt: '2026-03-28 22:00:00',
        CurrentStatus: 'Resolved',
        ResolvedAt: '2026-03-28 23:05:00',
        LastUpdatedAt: '2026-03-30 02:49:00',
      },
    ],
  },
];

describe('unified sets after random loads', () => {
  const feed = useFeed({ ...wholeCatalogue, reportingTimeZone: zone });

  it('property: every row is what its source says of it; none is missing, none is double', async () => {
    const runs = Number(process.env['UNIFIED_RUNS'] ?? 3);
    await fc.assert(
      fc.asyncProperty(randomFiles, async (files) => {
        await emptyFeed(feed());
        await assertUnified(feed(), files);
      }),
      // An example is one of the runs.
      { numRuns: runs + 1, examples: [[backlogOfBoth]] },
    );
  });
});
