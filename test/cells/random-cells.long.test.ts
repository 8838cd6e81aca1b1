import fc from 'fast-check';
import { useFeed } from '../ingest/support/feed.ts';
import { assertNumbersKept } from './support/number-oracle.ts';
import { assertAllHeld, forms, oddCell } from './support/random-cells.ts';

describe('many random cells', function () {
  this.timeout(600_000);
  const feed = useFeed();

  it('give PostgreSQL nothing that it refuses and readers nothing that they do not hold, in every encoding', async () => {
    for (const form of forms) {
      await assertAllHeld(feed().database, form, fc.sample(oddCell(), 10_000));
    }
  });

  it('are never another number than the one that was written, in any language', () => assertNumbersKept(100_000));
});
