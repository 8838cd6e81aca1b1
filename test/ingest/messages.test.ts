import { deepEqual, equal } from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import fc from 'fast-check';
import { replayRejects } from '../../src/ingest/load/replay-rejects.ts';
import { drops } from './support/drop.ts';
import { exportFile, type Feed, useFeed } from './support/feed.ts';
import { clear, faulty, filesOf, loadAll, mended, modes, servedRows } from './support/random-files.ts';

/** Other words, other languages, none at all: what the ledger says to people. */
const messages = [null, 'x', 'Nothing was removed: the keys of 1 rejected rows are not known.'] as const;

async function rewrite(feed: Feed, message: string | null): Promise<void> {
  await feed.database.query(
    `UPDATE gateway.load SET message = $1, removal_message = CASE WHEN state = 'loaded' THEN $1 END`,
    [message],
  );
  await feed.database.query(`UPDATE gateway.reject SET message = coalesce($1, '')`, [message]);
}

describe('Messages of the ledger are for people: nothing is decided by one', () => {
  const feed = useFeed();
  for (const [title, name, row, sets] of modes) {
    it(title, async () => {
      const outcome = async (files: Parameters<typeof loadAll>[2]['files'], message: string | null | undefined) => {
        await clear(feed(), sets);
        const then = async () => (message === undefined ? undefined : rewrite(feed(), message));
        await loadAll(feed(), faulty, { name, files, then });
        await replayRejects({ catalogue: mended, database: feed().database });
        await then();
        const rows = [];
        for (const set of sets) {
          rows.push(await servedRows(feed(), set));
        }
        return [rows, await feed().rows('SELECT removal, rows_removed FROM gateway.load ORDER BY load_id')];
      };
      await fc.assert(
        fc.asyncProperty(filesOf(row), fc.constantFrom(...messages), async (files, message) => {
          deepEqual(await outcome(files, message), await outcome(files, undefined));
        }),
        { numRuns: 4 },
      );
    });
  }
});

describe('A file that changed after it was loaded', () => {
  const feed = useFeed();
  const make = drops(feed);

  it('is known by its code after a restart, whatever the message says', async () => {
    const drop = make();
    const text = exportFile('tracebuzz/cases', [{ CaseId: 1 }]);
    drop.write('raw-cases-1750000000.csv', text);
    await drop.after(0);
    deepEqual(await drop.after(60), ['loaded']);
    appendFileSync(drop.at('loaded', 'raw-cases-1750000000.csv'), text.slice(text.indexOf('\n') + 1).replace('1', '2'));
    deepEqual(await drop.after(60), []);
    await rewrite(feed(), 'x');
    drop.restart();
    await drop.after(60);
    deepEqual(await drop.after(60), ['loaded']);
    equal((await feed().rows('SELECT FROM feed."TracebuzzCases"')).length, 2);
  });
});

describe('The removal of a load, as data', () => {
  const feed = useFeed();
  const labels = (...ids: readonly (number | string)[]) =>
    exportFile(
      'tracebuzz/labels',
      ids.map((id) => ({ LabelId: id, Name: `label ${id}` })),
    );
  const options = { source: 'tracebuzz', export: 'labels' };
  const removals = async () =>
    (await feed().rows<{ removal: string }>('SELECT removal FROM gateway.load ORDER BY load_id')).map(
      ({ removal }) => removal,
    );

  it('says what was done, what was withheld and why', async () => {
    await feed().load('raw-cases-1750000000.csv', exportFile('tracebuzz/cases', [{ CaseId: 1 }]));
    await feed().load('raw-labels-1750000100.csv', labels(1, 2), options);
    await feed().load('raw-labels-1750000200.csv', labels(1, 'never'), options);
    await feed().load('raw-labels-1750000300.csv', '', options);
    deepEqual(await removals(), ['none', 'done', 'withheld-keyless', 'withheld-no-header']);
  });

  it('stays withheld where replayed rows tell that too much would go', async () => {
    const many = Array.from({ length: 30 }, (_, n) => n + 100);
    await feed().load('raw-labels-1750000400.csv', labels(...many), options);
    await feed().load('raw-labels-1750000500.csv', labels(100, 'never'), options);
    equal((await removals()).at(-1), 'withheld-keyless');
    const [source] = feed().catalogue.exports.filter((one) => one.set === 'TracebuzzLabels');
    await feed().database.query(
      `UPDATE gateway.reject SET raw_text = replace(raw_text, 'never', '9') WHERE state = 'open'`,
    );
    equal(source?.write.mode, 'snapshot');
    await replayRejects(feed());
    equal((await removals()).at(-1), 'withheld-too-small');
  });
});
