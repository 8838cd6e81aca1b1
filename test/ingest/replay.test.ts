import { deepEqual, equal, ok } from 'node:assert/strict';
import fc from 'fast-check';
import { loadFile } from '../../src/ingest/load/load-file.ts';
import { replayRejects } from '../../src/ingest/load/replay-rejects.ts';
import { exportFile, useFeed } from './support/feed.ts';
import { modes as columnModes, loadPartial } from './support/random-columns.ts';
import { faulty, filesOf, loadFaulty, mended, modes, servedRows } from './support/random-files.ts';

describe('Replay gives what the file would have given with its rows good from the start', () => {
  const feed = useFeed();
  for (const [title, name, row, sets] of modes) {
    it(title, async () => {
      await fc.assert(
        fc.asyncProperty(filesOf(row), async (files) => {
          const expected = await loadFaulty(feed(), { name, sets, files });
          await replayRejects({ catalogue: mended, database: feed().database });
          equal((await feed().rows(`SELECT FROM gateway.reject WHERE state = 'open'`)).length, 0);
          for (const [index, set] of sets.entries()) {
            deepEqual(await servedRows(feed(), set), expected[index], set);
          }
        }),
        { numRuns: 5 },
      );
    });
  }
});

describe('A rejected row that is replayed', () => {
  const feed = useFeed();
  const shown = async () =>
    (
      await feed().rows<{ v: string }>(
        `SELECT "CaseId" || '=' || "ExternalId" AS v FROM feed."TracebuzzCases" ORDER BY "CaseId"`,
      )
    ).map((row) => row.v);
  const replay = () => replayRejects({ catalogue: mended, database: feed().database });

  it('loses to a later line of its own file, and wins over an earlier one', async () => {
    await feed().load(
      'raw-cases-1750000000.csv',
      exportFile('tracebuzz/cases', [
        { CaseId: 1, ExternalId: 'first', ClosedAt: 'never' },
        { CaseId: 1, ExternalId: 'second' },
        { CaseId: 2, ExternalId: 'first' },
        { CaseId: 2, ExternalId: 'second', ClosedAt: 'never' },
      ]),
    );
    deepEqual(await shown(), ['1=second', '2=first']);
    deepEqual(
      (await replay()).map((one) => [one.tried, one.replayed]),
      [[2, 2]],
    );
    deepEqual(await shown(), ['1=second', '2=second']);
  });

  it('loses to a line of its own file that only confirmed the stored row', async () => {
    const row = { CaseId: 3, ExternalId: 'same' };
    await feed().load('raw-cases-1750000100.csv', exportFile('tracebuzz/cases', [row]));
    const bad = { CaseId: 3, ExternalId: 'other', ClosedAt: 'never' };
    await feed().load('raw-cases-1750000200.csv', exportFile('tracebuzz/cases', [bad, row]));
    await replay();
    deepEqual((await shown()).at(-1), '3=same');
  });

  it('tells a snapshot what it lacks, once no key is hidden any more', async () => {
    const labels = (...ids: readonly (number | string)[]) =>
      exportFile(
        'tracebuzz/labels',
        ids.map((id) => ({ LabelId: id, Name: `label ${id}` })),
      );
    const load = async (name: string, text: string) => {
      const path = feed().write(name, text);
      return loadFile({ catalogue: faulty, database: feed().database }, path, {
        source: 'tracebuzz',
        export: 'labels',
      });
    };
    const present = async () =>
      (
        await feed().rows<{ id: string }>(
          'SELECT "LabelId"::text AS id FROM feed."TracebuzzLabels" WHERE _load_id IS NOT NULL AND _deleted_at IS NULL ORDER BY 1',
        )
      ).map((row) => row.id);
    await load('raw-labels-1750000100.csv', labels(1, 2));
    await load('raw-labels-1750000200.csv', labels(1, 77));
    deepEqual(await present(), ['1', '2']);
    await replay();
    deepEqual(await present(), ['1', '77']);
    deepEqual(await feed().rows(`SELECT message, rows_removed FROM gateway.load ORDER BY load_id DESC LIMIT 1`), [
      { message: null, rows_removed: '1' },
    ]);
  });

  it('of a file that a newer one of its period replaced has the cells for which that has no column', async () => {
    const of = columnModes.find(({ title }) => title === 'restate by the period of the file');
    ok(of !== undefined);
    const file = (name: number, columns: readonly string[]) => ({
      minute: 0,
      name,
      columns: [...columns, 'X1'],
      rows: [{ TeamId: '77', ResolvesWithReplyCount: '5', X1: 'x' }],
    });
    // Whatever came first.
    for (const names of [
      [1, 2],
      [2, 1],
    ]) {
      const files = names.map((name) => file(name, name === 1 ? ['ResolvesWithReplyCount'] : []));
      await loadPartial(feed(), of, files, faulty);
      deepEqual(
        (await replay()).map((one) => one.fileName),
        ['team-metrics 1.csv', 'team-metrics 2.csv'],
      );
      deepEqual(
        await feed().rows(
          'SELECT "ResolvesWithReplyCount" AS n FROM feed."SparkcentralTeamMetrics" WHERE _load_id IS NOT NULL',
        ),
        [{ n: 5 }],
      );
    }
  });
});
