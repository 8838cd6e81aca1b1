import { ok } from 'node:assert/strict';
import fc from 'fast-check';
import type { Feed } from './feed.ts';
import {
  inOrder,
  modes,
  type PartialExport,
  type PartialFile,
  partialFiles,
  sameInAnyOrder,
} from './random-columns.ts';

/**
 * Files most of which say what others said, under one header: the same rows, or some of them. `most`: how many at the most. Given in
 * the order in which they arrive.
 */
export function confirmingFiles(of: PartialExport, most = 7): fc.Arbitrary<PartialFile[]> {
  const pool = fc.array(partialFiles(of, 1), { minLength: 2, maxLength: 2 });
  const file = fc.record({
    minute: fc.integer({ min: 0, max: 4 }),
    name: fc.constantFrom(1, 2, 3, 4, 10, 20, 30, 100, 200),
    rows: fc.oneof({ arbitrary: fc.constant(0), weight: 3 }, { arbitrary: fc.constant(1), weight: 1 }),
    part: fc.oneof({ arbitrary: fc.constant(4), weight: 3 }, { arbitrary: fc.constantFrom(1, 2), weight: 1 }),
    whole: fc.oneof({ arbitrary: fc.constant(true), weight: 5 }, { arbitrary: fc.constant(false), weight: 1 }),
  });
  const files = fc.uniqueArray(file, { selector: ({ name }) => name, minLength: 2, maxLength: most });
  return fc.tuple(pool, files).map(([rowSets, drawn]) =>
    drawn.map(({ minute, name, rows, part, whole }) => {
      const said = rowSets[rows]?.[0] ?? { columns: [], rows: [] };
      const columns = whole ? Object.keys(of.cells) : said.columns;
      return { minute, name, columns, rows: said.rows.slice(0, part) };
    }),
  );
}

/** The files as they arrive, then in the order of their times. */
export const confirmingArrivals = (of: PartialExport, most?: number): fc.Arbitrary<PartialFile[][]> =>
  confirmingFiles(of, most).map((files) => [files, inOrder(files)]);

/** One test for each write mode. */
export function confirmingProperty(feed: () => Feed, numRuns: number): void {
  for (const of of modes) {
    it(`any order of arrival gives what the order of their times gives: ${of.title}`, async function () {
      this.timeout(7_200_000);
      let noted = 0;
      await fc.assert(
        fc.asyncProperty(confirmingArrivals(of), async (given) => {
          await sameInAnyOrder(feed(), of, given);
          const { length } = await feed().rows('SELECT FROM gateway.confirmation');
          noted += Math.sign(length);
        }),
        { numRuns },
      );
      // Few runs may be such that no file confirms a row of another.
      ok(noted > 0 || numRuns < 20, 'no file confirmed a row');
    });
  }
}
