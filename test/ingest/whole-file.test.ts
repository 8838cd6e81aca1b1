import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { resultLines } from '../../src/commands/ingest.ts';
import { scanDropFolder } from '../../src/ingest/delivery/folder/drop-folder.ts';
import { loadEvent } from '../../src/ingest/delivery/ingest-result.ts';
import { inspectFile } from '../../src/ingest/load/inspect-file.ts';
import { type LoadResult, loadFile } from '../../src/ingest/load/load-file.ts';
import { replayRejects } from '../../src/ingest/load/replay-rejects.ts';
import { levelOf } from '../../src/observation/observation.ts';
import { catalogue, exportFile, useFeed } from './support/feed.ts';

const range = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

/** The product's catalogue with another share of rejected rows, and other words that mean null. */
const withFiles = (more: { readonly maxRejectedPercent?: number; readonly nullTokens?: readonly string[] }) => ({
  ...catalogue,
  exports: catalogue.exports.map((one) => ({ ...one, files: { ...one.files, ...more } })),
});

describe('B3 a restated period or parent that comes again cut off', () => {
  const feed = useFeed();
  const day = (RowDate: string, agents: readonly number[], AssignedCount = 1) =>
    agents.map((AgentId) => ({ RowDate, AgentId, AssignedCount }));
  const statistics = (...rows: readonly ReturnType<typeof day>[]) =>
    exportFile('tracebuzz/agent-statistics', rows.flat());
  const load = (minute: number, text: string, force = false) =>
    feed().load(`s ${minute}.csv`, text, { source: 'tracebuzz', export: 'agent-statistics', minute, force });
  const agents = async (date: string) =>
    (await feed().rows(`SELECT 1 FROM feed."TracebuzzAgentStatistics" WHERE "RowDate" = '${date}'`)).length;

  it('is refused with the numbers, loads with --force, and the rows removed stand in the report and in the log line', async () => {
    await load(1, statistics(day('2026-01-01', range(19)), day('2026-01-02', range(3))));
    const cut = statistics(day('2026-01-01', range(4), 2), day('2026-01-02', [1], 2));
    const refused = await load(2, cut);
    deepEqual(refused.state === 'refused' && [refused.error.code, refused.error.message], [
      'PeriodTooSmall',
      'The file lacks 15 of the 19 rows that TracebuzzAgentStatistics has of RowDate 2026-01-01, more than half',
    ]);
    deepEqual([await agents('2026-01-01'), await agents('2026-01-02')], [19, 3]);
    equal(levelOf(loadEvent(refused)), 'warn');
    const forced = await load(2, cut, true);
    if (forced.state !== 'loaded') {
      throw new Error(forced.state);
    }
    equal(forced.counts.removed, 17);
    deepEqual([await agents('2026-01-01'), await agents('2026-01-02')], [4, 1]);
    match(resultLines(forced)[0] ?? '', /17 removed/);
    const line = loadEvent(forced);
    deepEqual(line.event === 'load' && line.message, '5 rows, 0 rejected, 17 removed');
    equal(levelOf(line), 'info');
  });

  it('is judged period by period: one that is cut off refuses a file of which the others are whole', async () => {
    const [first, second] = ['2026-02-01', '2026-02-02'];
    await load(10, statistics(day(first, range(40)), day(second, range(5))));
    const refused = await load(11, statistics(day(first, range(40), 2), day(second, range(2), 2)));
    match(refused.state === 'refused' ? refused.error.message : '', /lacks 3 of the 5 rows .* RowDate 2026-02-02/);
    equal((await load(12, statistics(day(first, range(20), 3), day(second, range(3), 3)))).state, 'loaded');
    deepEqual([await agents(first), await agents(second)], [20, 3]);
  });

  it('is no refusal where an older file lacks what a newer one brought', async () => {
    await load(22, statistics(day('2026-03-01', range(19))));
    equal((await load(21, statistics(day('2026-03-01', range(2))))).state, 'loaded');
    equal(await agents('2026-03-01'), 19);
  });

  it('holds for a period that the file name says, also where the file has a header only, and for a parent', async () => {
    const teams = (ids: readonly number[]) =>
      exportFile(
        'sparkcentral/team-metrics',
        ids.map((id) => ({ TeamId: `t${id}`, TeamName: `Team ${id}` })),
      );
    const named = (minute: number, text: string) =>
      feed().load(`t ${minute}.csv`, text, {
        source: 'sparkcentral',
        export: 'team-metrics',
        period: '2026-01-01..2026-01-02',
        minute,
      });
    equal((await named(1, teams(range(9)))).state, 'loaded');
    for (const [minute, rows] of [
      [2, range(4)],
      [3, []],
    ] as const) {
      const result = await named(minute, teams(rows));
      equal(result.state === 'refused' && result.error.code, 'PeriodTooSmall');
    }
    const attributes = (ids: readonly number[]) =>
      exportFile(
        'sparkcentral/contact-attributes',
        ids.map((AttributeId) => ({ ContactProfileId: 'p', AttributeId, AttributeName: 'a' })),
      );
    const contact = (minute: number, text: string) =>
      feed().load(`c ${minute}.csv`, text, { source: 'sparkcentral', export: 'contact-attributes', minute });
    equal((await contact(1, attributes(range(5)))).state, 'loaded');
    const result = await contact(2, attributes([1, 2]));
    match(
      result.state === 'refused' ? result.error.message : '',
      /lacks 3 of the 5 rows .* ContactProfileId p, more than half$/,
    );
  });
});

describe('B7 a file of which too many rows are rejected is judged as a whole', () => {
  const feed = useFeed();
  const labels = (good: number, bad: number, first = 1) =>
    exportFile('tracebuzz/labels', [
      ...range(good).map((id) => ({ LabelId: first + id, Name: 'good' })),
      ...range(bad).map((id) => ({ LabelId: `x${first + id}`, Name: 'bad' })),
    ]);
  const load = (text: string, of = catalogue, force = false) =>
    loadFile({ catalogue: of, database: feed().database }, feed().write('l.csv', text), {
      source: 'tracebuzz',
      export: 'labels',
      force,
    });
  const codeOf = (result: LoadResult) => (result.state === 'refused' ? result.error.code : result.state);

  it('all rows, however few; more than half of more than 20; not half, not of 20', async () => {
    equal(codeOf(await load(labels(0, 1, 100))), 'TooManyRejects');
    equal(codeOf(await load(labels(10, 11, 200))), 'TooManyRejects');
    equal(codeOf(await load(labels(11, 11, 300))), 'loaded');
    equal(codeOf(await load(labels(1, 19, 400))), 'loaded');
  });

  it('by the share that the metadata states; 0 takes no reject', async () => {
    equal(codeOf(await load(labels(20, 2, 500), withFiles({ maxRejectedPercent: 5 }))), 'TooManyRejects');
    equal(codeOf(await load(labels(1, 40, 600), withFiles({ maxRejectedPercent: 100 }))), 'loaded');
    equal(codeOf(await load(labels(0, 40, 700), withFiles({ maxRejectedPercent: 100 }))), 'TooManyRejects');
    equal(codeOf(await load(labels(5, 1, 800), withFiles({ maxRejectedPercent: 0 }))), 'TooManyRejects');
  });

  it('lies in refused/ with counts by code, the first bad rows and the remedy, keeps nothing, and is a warning', async () => {
    await feed().database.query('DELETE FROM gateway.reject');
    const [header = ''] = labels(0, 0).split('\n');
    const width = header.split(',').length;
    const text = `${labels(3, 20, 900)}${`1,2\n`.repeat(2)}`;
    ok(width > 2);
    feed().write('drop/tracebuzz/raw-labels-1750000000.csv', text);
    const drop = join(feed().folder, 'drop');
    const { results } = await scanDropFolder(feed(), drop, { settle: 20 });
    deepEqual(
      results.map((one) => one.state),
      ['refused'],
    );
    const refused = join(drop, 'refused', 'tracebuzz');
    deepEqual(readdirSync(refused).sort(), ['raw-labels-1750000000.csv', 'raw-labels-1750000000.csv.reason.txt']);
    const reason = readFileSync(join(refused, 'raw-labels-1750000000.csv.reason.txt'), 'utf8').split('\n');
    deepEqual(reason.slice(0, 5), [
      'TooManyRejects',
      '',
      '22 of 25 rows are rejected, more than the 50 % that tracebuzz/labels may have: 20 INVALID_INTEGER, 2 TOO_FEW_FIELDS',
      'line 5, ID: INVALID_INTEGER: "x901" is not a whole number',
      'line 6, ID: INVALID_INTEGER: "x902" is not a whole number',
    ]);
    equal(reason[13], 'and 12 more');
    match(reason.join('\n'), /What to do: Correct the metadata, or the export, .* --force .* gateway replay/);
    equal((await feed().rows('SELECT 1 FROM gateway.reject')).length, 0);
    const ledger = await feed().rows<{ message: string }>(
      `SELECT message FROM gateway.load WHERE state = 'refused' ORDER BY load_id DESC LIMIT 1`,
    );
    match(ledger[0]?.message ?? '', /^TooManyRejects: 22 of 25 rows/);
    const [first] = results;
    if (first === undefined || first.state === 'failed') {
      throw new Error('not refused');
    }
    equal(levelOf(loadEvent(first)), 'warn');
    ok(resultLines(first).some((line) => line.includes('line 5, ID: INVALID_INTEGER')));
    // It loads once the metadata is right: here it allows that share.
    const inspection = await inspectFile(join(refused, 'raw-labels-1750000000.csv'), catalogue, {
      source: 'tracebuzz',
      export: 'labels',
    });
    equal(inspection.refusal?.code, 'TooManyRejects');
    renameSync(join(refused, 'raw-labels-1750000000.csv'), join(drop, 'tracebuzz', 'raw-labels-1750000000.csv'));
    const again = await scanDropFolder({ ...feed(), catalogue: withFiles({ maxRejectedPercent: 90 }) }, drop, {
      settle: 20,
    });
    deepEqual(
      again.results.map((one) => one.state === 'loaded' && one.counts.rejected),
      [22],
    );
    const [second] = again.results;
    if (second?.state !== 'loaded') {
      throw new Error('not loaded');
    }
    equal(levelOf(loadEvent(second)), 'warn');
  });

  it('--force loads the good rows now and keeps the others for replay', async () => {
    await feed().database.query('DELETE FROM gateway.reject');
    const cases = exportFile(
      'tracebuzz/cases',
      range(3).map((CaseId) => ({ CaseId, ExternalId: 'a', ClosedAt: 'never' })),
    );
    const path = feed().write('c.csv', cases);
    const options = { source: 'tracebuzz', export: 'cases' };
    equal(codeOf(await loadFile(feed(), path, options)), 'TooManyRejects');
    const forced = await loadFile(feed(), path, { ...options, force: true });
    equal(forced.state === 'loaded' && forced.counts.rejected, 3);
    const replayed = await replayRejects(
      { catalogue: withFiles({ nullTokens: ['never'] }), database: feed().database },
      options,
    );
    deepEqual(
      replayed.map((one) => [one.tried, one.replayed]),
      [[3, 3]],
    );
    equal((await feed().rows('SELECT 1 FROM feed."TracebuzzCases"')).length, 3);
  });
});
