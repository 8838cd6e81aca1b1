import fc from 'fast-check';
import { describe, it } from 'mocha';
import { remakeDerived } from '../../src/ingest/derive/remake-derived.ts';
import { personalKey } from '../../src/ingest/personal/personal-key.ts';
import { useFeed } from '../ingest/support/feed.ts';
import { runs } from '../support/runs.ts';
import { betweens, runBetween } from './between-loads.ts';
import { zone } from './random-days.ts';
import { emptyFeed, randomFiles } from './random-loads.ts';
import { wholeCatalogue } from './whole-catalogue.ts';

describe('unified sets between loads', () => {
  const feed = useFeed({
    ...{ ...wholeCatalogue, reportingTimeZone: zone },
    personalKey: personalKey('0123456789abcdef0123456789abcdef'),
  });

  it('property: they follow what is rebuilt, pruned, erased, told in another zone or by other metadata', async () => {
    await fc.assert(
      fc.asyncProperty(
        randomFiles,
        fc.array(betweens, { minLength: 6, maxLength: 9, size: 'max' }),
        async (files, between) => {
          await emptyFeed(feed());
          await feed().rows('DELETE FROM gateway.erased_token; DELETE FROM gateway.erasure');
          await remakeDerived(feed().database, feed().catalogue);
          await runBetween(feed(), files, between);
        },
      ),
      { numRuns: runs(3), endOnFailure: true },
    );
  });
});
