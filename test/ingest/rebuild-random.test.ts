import { deepEqual, equal } from 'node:assert/strict';
import fc from 'fast-check';
import { rebuildSets } from '../../src/ingest/rebuild/rebuild-sets.ts';
import { useFeed } from './support/feed.ts';
import { type File, filesOf, loadFaulty, mended, modes, servedRows } from './support/random-files.ts';

describe('B2 A set rebuilt from its files is as if they were loaded with the metadata of now', () => {
  const feed = useFeed();
  for (const [title, name, row, sets] of modes) {
    it(title, async () => {
      await fc.assert(
        fc.asyncProperty(filesOf(row), (files) => rebuiltTwice({ name, sets, files })),
        { numRuns: 2 },
      );
    });
  }
  it('snapshots of which a key could not be read at first: the second time changes nothing', async () => {
    const row = (LabelId: string) => ({ LabelId, CategoryLabelId: '0', Name: 'b' });
    for (const minute of [0, 1]) {
      await rebuiltTwice({
        name: 'tracebuzz/labels',
        sets: ['TracebuzzLabels'],
        files: [
          { minute: 0, name: 1, rows: [row('1')] },
          { minute, name: 10, rows: [row('77'), row('1')] },
        ],
      });
    }
  });

  const rebuiltTwice = async (given: {
    readonly name: string;
    readonly sets: readonly string[];
    readonly files: readonly File[];
  }) => {
    const { name, sets, files } = given;
    const expected = await loadFaulty(feed(), { name, sets, files });
    const options = { database: feed().database, catalogue: mended, sets: sets.slice(0, 1), folders: [] };
    await rebuildSets(options);
    for (const [index, set] of sets.entries()) {
      deepEqual(await servedRows(feed(), set), expected[index], set);
    }
    equal((await feed().rows(`SELECT FROM gateway.reject WHERE state = 'open'`)).length, 0);
    const before = await versions();
    await rebuildSets(options);
    for (const [index, set] of sets.entries()) {
      deepEqual(await servedRows(feed(), set), expected[index], set);
    }
    deepEqual(await versions(), before, 'the second time changes nothing');
  };
  const versions = () => feed().rows(`SELECT entity_set, version::text FROM gateway.set_versions ORDER BY 1`);
});
