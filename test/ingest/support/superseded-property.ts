import { deepEqual, ok } from 'node:assert/strict';
import fc from 'fast-check';
import { replayRejects } from '../../../src/ingest/load/replay-rejects.ts';
import { useFeed } from './feed.ts';
import { filesOf, loadFaulty, mended, modes, servedRows } from './random-files.ts';

/** Rejects that newer files closed are left out of a replay, and the result is what all rows good from the start would have given. */
export function supersededProperty(numRuns: number): void {
  const feed = useFeed();
  let closed = 0;
  for (const [title, name, row, sets] of modes) {
    it(title, async function () {
      this.timeout(600_000);
      await fc.assert(
        fc.asyncProperty(filesOf(row), async (files) => {
          const expected = await loadFaulty(feed(), { name, sets, files, alike: true });
          closed += (await feed().rows(`SELECT FROM gateway.reject WHERE state = 'superseded'`)).length;
          await replayRejects({ catalogue: mended, database: feed().database });
          deepEqual(await feed().rows(`SELECT FROM gateway.reject WHERE state = 'open'`), []);
          for (const [index, set] of sets.entries()) {
            deepEqual(await servedRows(feed(), set), expected[index], set);
          }
        }),
        { numRuns },
      );
    });
  }
  // A few runs may have no such file; the examples beside them have.
  if (numRuns >= 20) {
    after(() => ok(closed > 0, 'no reject was closed, so nothing was tried'));
  }
}
