import { deepEqual, equal } from 'node:assert/strict';
import { dismiss, rejectedRows, rejectGroups, reopen } from '../../src/ingest/ledger/reject-work.ts';
import { countHiding } from '../../src/ingest/ledger/rejects.ts';
import { loadFile } from '../../src/ingest/load/load-file.ts';
import { replayRejects } from '../../src/ingest/load/replay-rejects.ts';
import { catalogue, exportFile, useFeed } from './support/feed.ts';
import { clear, faulty, mended } from './support/random-files.ts';
import { supersededProperty } from './support/superseded-property.ts';

describe('A reject that a newer file closed is one that replay could take nothing from', () => {
  supersededProperty(2);
});

describe('An open reject', () => {
  const feed = useFeed();
  beforeEach(() => clear(feed(), ['TracebuzzCases', 'TracebuzzLabels']));
  const states = async () =>
    (
      await feed().rows<{ v: string }>(
        `SELECT line || ' ' || r.state || coalesce(' by ' || file_name, '') AS v FROM gateway.reject r LEFT JOIN gateway.load l ON l.load_id = r.closed_by_load ORDER BY reject_id`,
      )
    ).map(({ v }) => v);
  const cases = (second: string, rows: readonly Record<string, string | number>[], columns = '') =>
    feed().load(`raw-cases-17500${second}.csv`, withColumn(exportFile('tracebuzz/cases', rows), columns));

  it('is closed by a newer file that brings its row, not by an older one, another row, or another fault', async () => {
    await cases('10000', [
      { CaseId: 1, ClosedAt: 'never' },
      { CaseId: 2, ClosedAt: 'never' },
      { CaseId: 'x' },
      { CaseId: 9 },
    ]);
    await cases('09000', [{ CaseId: 1 }, { CaseId: 2 }]);
    deepEqual(await states(), ['2 open', '3 open', '4 open']);
    await cases('11000', [{ CaseId: 1 }, { CaseId: 2, ClosedAt: 'never' }, { CaseId: 9 }]);
    deepEqual(await states(), ['2 superseded by raw-cases-1750011000.csv', '3 open', '4 open', '3 open']);
    deepEqual(await feed().rows(`SELECT rows_rejected, rows_read FROM gateway.load WHERE file_name ~ '10000'`), [
      { rows_rejected: '3', rows_read: '4' },
    ]);
  });

  it('stays while the newer file lacks a column that its file had', async () => {
    await cases('10000', [{ CaseId: 1, ClosedAt: 'never' }, { CaseId: 9 }], 'Colour');
    await cases('11000', [{ CaseId: 1 }]);
    deepEqual(await states(), ['2 open']);
    await cases('12000', [{ CaseId: 1 }], 'Colour');
    deepEqual(await states(), ['2 superseded by raw-cases-1750012000.csv']);
  });

  it('is closed or not with the load that would close it: one that fails closes nothing', async () => {
    await cases('10000', [{ CaseId: 1, ClosedAt: 'never' }, { CaseId: 9 }]);
    const bad = [{ CaseId: 1 }, ...Array.from({ length: 30 }, (_, n) => ({ CaseId: n + 50, ClosedAt: 'never' }))];
    equal((await cases('11000', bad)).state, 'refused');
    deepEqual(await states(), ['2 open']);
  });

  it('is dismissed by a word that the ledger keeps, and opened again; a dismissed key still hides what a snapshot lacks', async () => {
    const { database } = feed();
    const labels = (name: string, ids: readonly (number | string)[]) =>
      loadFile(
        { catalogue: faulty, database },
        feed().write(
          name,
          exportFile(
            'tracebuzz/labels',
            ids.map((id) => ({ LabelId: id, Name: `label ${id}` })),
          ),
        ),
        { source: 'tracebuzz', export: 'labels' },
      );
    await labels('raw-labels-1750000100.csv', [1, 2]);
    await labels('raw-labels-1750000200.csv', [1, 'x', 77]);
    const [group] = await rejectGroups(database, {});
    deepEqual([group?.code, group?.rows, group?.loads], ['INVALID_INTEGER', '1', '1']);
    equal(await dismiss(database, { code: 'INVALID_INTEGER' }, { by: 'ann', reason: 'a heading' }), 1);
    const [row] = await rejectedRows(database, { state: 'dismissed' }, { limit: 5, raw: true });
    deepEqual([row?.closed_by, row?.reason, row?.raw_text?.startsWith('x,')], ['ann', 'a heading', true]);
    equal('raw_text' in ((await rejectedRows(database, { state: 'all' }, { limit: 5, raw: false }))[0] ?? {}), false);
    const left = () =>
      feed().rows(`SELECT FROM feed."TracebuzzLabels" WHERE _load_id IS NOT NULL AND _deleted_at IS NOT NULL`);
    await replayRejects({ catalogue: mended, database });
    deepEqual([(await left()).length, await states()], [0, ['3 dismissed', '4 replayed']]);
    equal(await database.transaction((transaction) => countHiding(transaction, row?.load_id ?? '')), 1);
    equal(await reopen(database, { ids: [row?.reject_id ?? ''] }), 1);
    deepEqual(await states(), ['3 open', '4 replayed']);
  });
});

describe('onRowError', () => {
  const feed = useFeed();
  const as = (onRowError: 'quarantine' | 'skip' | 'fail') => ({
    ...catalogue,
    exports: catalogue.exports.map((one) => ({ ...one, files: { ...one.files, onRowError } })),
  });
  const load = (name: string, rows: readonly Record<string, string | number>[], how: 'skip' | 'fail', force = false) =>
    loadFile(
      { catalogue: as(how), database: feed().database },
      feed().write(name, exportFile('tracebuzz/cases', rows)),
      {
        source: 'tracebuzz',
        export: 'cases',
        force,
      },
    );

  it('skip notes a row by line and code, keeps nothing of its text, and counts it', async () => {
    const result = await load('a 1750000100.csv', [{ CaseId: 1 }, { CaseId: 2, ClosedAt: 'secret' }], 'skip');
    deepEqual(result.state === 'loaded' && [result.counts.read, result.counts.rejected], [2, 1]);
    const rows = await feed().rows(`SELECT line, code, state, to_jsonb(r)::text AS v FROM gateway.reject r`);
    deepEqual(
      rows.map(({ line, code, state }) => [line, code, state]),
      [['3', 'INVALID_UNIX_TIME', 'skipped']],
    );
    equal(String(rows[0]?.['v']).includes('secret'), false);
    const many = Array.from({ length: 30 }, (_, n) => ({ CaseId: n + 50, ClosedAt: 'never' }));
    equal((await load('a 1750000200.csv', many, 'skip')).state, 'refused');
  });

  it('fail refuses a file of any size for one row, whatever maxRejectedPercent says; --force loads it', async () => {
    const rows = [{ CaseId: 5 }, { CaseId: 6, ClosedAt: 'never' }];
    const result = await load('b 1750000300.csv', rows, 'fail');
    deepEqual(result.state === 'refused' && [result.error.code, /onRowError: fail/.test(result.error.message)], [
      'TooManyRejects',
      true,
    ]);
    equal((await load('b 1750000300.csv', rows, 'fail', true)).state, 'loaded');
  });
});

/** The same file with a column more, without values. */
function withColumn(text: string, column: string): string {
  if (column === '') {
    return text;
  }
  const [header = '', ...lines] = text.trimEnd().split('\n');
  return [`${header},${column}`, ...lines.map((line) => `${line},`)].join('\n');
}
