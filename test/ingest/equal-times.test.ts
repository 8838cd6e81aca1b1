import { deepEqual, ok } from 'node:assert/strict';
import fc from 'fast-check';
import { compareFiles } from '../../src/ingest/ledger/file-order.ts';
import { exportFile, useFeed } from './support/feed.ts';
import { clear, filesOf, loadAll, mended, modes, servedRows } from './support/random-files.ts';

describe('Files of exactly the same time: the order of arrival does not matter', () => {
  const feed = useFeed();
  for (const [title, name, row, sets] of modes) {
    it(title, async () => {
      const arrivals = filesOf(row).chain((files) =>
        fc.tuple(
          fc.shuffledSubarray(files, { minLength: files.length }),
          fc.shuffledSubarray(files, { minLength: files.length }),
        ),
      );
      await fc.assert(
        fc.asyncProperty(arrivals, async (given) => {
          const results = [];
          for (const files of given) {
            await clear(feed(), sets);
            await loadAll(feed(), mended, {
              name,
              files: files.map((file) => ({ ...file, minute: file.minute >> 1 })),
            });
            const found = [];
            for (const set of sets) {
              found.push(await servedRows(feed(), set));
            }
            results.push(found);
          }
          deepEqual(results[1], results[0]);
        }),
        { numRuns: 5 },
      );
    });
  }

  it('the later name is the newer file, for rows and for cells that an empty one does not overwrite', async () => {
    const message = (Content: string, AgentName: string) =>
      exportFile('sparkcentral/messages', [{ MessageId: 'm', Content, AgentName }]);
    const options = { source: 'sparkcentral', export: 'messages' };
    await feed().load('messages (1).csv', message('', 'second'), options);
    await feed().load('messages (10).csv', message('third', ''), options);
    await feed().load('messages (9).csv', message('not the third', 'not the last'), options);
    await feed().load('messages.csv', message('first', 'first'), options);
    deepEqual(
      await feed().rows('SELECT "Content", "AgentName" FROM feed."SparkcentralMessages" WHERE "MessageId" = \'m\''),
      [{ Content: 'third', AgentName: null }],
    );
  });

  it('a file whose name holds the time is corrected by one of that name, whatever its bytes, and never set back', async () => {
    const rows = (Name: string) => exportFile('tracebuzz/labels', [{ LabelId: 70, Name }]);
    const name = 'raw-labels-1750000000.csv';
    const options = { source: 'tracebuzz', export: 'labels' };
    // Five of them: their digests are hardly in this order.
    for (const [minute, text] of ['one', 'two', 'three', 'four', 'five'].entries()) {
      await feed().load(name, rows(text), { ...options, minute: minute + 100 });
    }
    const stored = () => feed().rows('SELECT "Name" FROM feed."TracebuzzLabels" WHERE "LabelId" = 70');
    deepEqual(await stored(), [{ Name: 'five' }]);
    await feed().load(name, rows('earlier'), { ...options, minute: 1 });
    deepEqual(await stored(), [{ Name: 'five' }]);
  });

  it('the time of day in a name decides between files of one day, however they come and whenever they were changed', async () => {
    const rows = (Name: string) => exportFile('tracebuzz/labels', [{ LabelId: 71, Name }]);
    const options = { source: 'tracebuzz', export: 'labels' };
    await feed().load('labels_20250616_201500.csv', rows('evening'), { ...options, minute: 1 });
    await feed().load('labels_20250616_081500.csv', rows('morning'), { ...options, minute: 2 });
    deepEqual(await feed().rows('SELECT "Name" FROM feed."TracebuzzLabels" WHERE "LabelId" = 71'), [
      { Name: 'evening' },
    ]);
  });

  it('the modification time decides first; numbers in names count as numbers; the digest decides last', () => {
    const file = (file_name: string, sha256 = 'a', modified = '1') => ({ file_name, sha256, modified });
    ok(compareFiles(file('x 9.csv'), file('x 10.csv')) < 0);
    ok(compareFiles(file('x.csv'), file('x (1).csv')) < 0);
    ok(compareFiles(file('x 1.csv'), file('x 01.csv')) !== 0);
    ok(compareFiles(file('x.csv', 'b'), file('x.csv', 'a')) > 0);
    ok(compareFiles(file('x 10.csv', 'b', '1'), file('x 9.csv', 'a', '2')) < 0);
  });
});
