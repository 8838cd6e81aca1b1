import { deepEqual } from 'node:assert/strict';
import fc from 'fast-check';
import { useFeed } from './support/feed.ts';
import {
  arrivals,
  inOrder,
  loadPartial,
  modes,
  partialFiles,
  sameInAnyOrder,
  storedCells,
  together,
  upserts,
} from './support/random-columns.ts';

/** All properties together. */
const runs = 10_000;

describe('Files with some of their columns, in any order, many', function () {
  this.timeout(7_200_000);
  const feed = useFeed();
  const numRuns = Math.ceil(runs / (upserts.length + modes.length));
  for (const of of upserts) {
    it(`no value is lost that some file stated: ${of.title}`, async () => {
      await fc.assert(
        fc.asyncProperty(partialFiles(of), async (files) => {
          await loadPartial(feed(), of, files);
          deepEqual(await storedCells(feed(), of), together(of, files));
        }),
        { numRuns },
      );
    });
  }
  for (const of of modes) {
    it(`any order of arrival gives what the order of their times gives: ${of.title}`, async () => {
      await fc.assert(
        fc.asyncProperty(arrivals(of), ([files, shuffled]) => sameInAnyOrder(feed(), of, [shuffled, inOrder(files)])),
        { numRuns },
      );
    });
  }
});
