import { deepEqual } from 'node:assert/strict';
import fc from 'fast-check';
import type { Feed } from './feed.ts';
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
} from './random-columns.ts';

/** Exports that are tried with `valuesStay`, and with `anyOrder`. */
export const triedExports = upserts.length + modes.length;

/** What holds of files that have some of their export's columns: one test for each export, of so many runs each. */
export function columnsProperty(
  feed: () => Feed,
  { valuesStay, anyOrder, timeout }: Readonly<Record<'valuesStay' | 'anyOrder' | 'timeout', number>>,
): void {
  for (const of of upserts) {
    it(`no value is lost that some file stated: ${of.title}`, async function () {
      this.timeout(timeout);
      await fc.assert(
        fc.asyncProperty(partialFiles(of), async (files) => {
          await loadPartial(feed(), of, files);
          deepEqual(await storedCells(feed(), of), together(of, files));
        }),
        { numRuns: valuesStay },
      );
    });
  }
  for (const of of modes) {
    it(`any order of arrival gives what the order of their times gives: ${of.title}`, async function () {
      this.timeout(timeout);
      await fc.assert(
        fc.asyncProperty(arrivals(of), ([files, shuffled]) => sameInAnyOrder(feed(), of, [shuffled, inOrder(files)])),
        { numRuns: anyOrder },
      );
    });
  }
}
