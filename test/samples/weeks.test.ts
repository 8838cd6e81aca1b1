import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { DateTime } from 'luxon';
import { after, before, describe, it } from 'mocha';
import { dayAt, shareBefore } from '../../src/samples/day-shape.ts';
import { recentWeeks } from '../../src/samples/recent-weeks.ts';
import { writeSamples } from '../../src/samples/write-samples.ts';
import { catalogueOf } from '../support/catalogue-of.ts';
import { metadataFolder } from '../support/gateway.ts';

type Row = Readonly<Record<string, string>>;

const cell = (row: Row, header: string): string => row[header] ?? '';

/** Monday 16 November to Sunday 29 November, a week in each file. */
const order = { rows: 40, days: 14, daysPerFile: 7, from: '2026-11-16', seed: 1 };

describe('samples of weeks', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'gateway-weeks-'));
  const rows = new Map<string, Row[]>();
  const files = new Map<string, number>();

  before(async () => {
    const report = await writeSamples(catalogueOf(metadataFolder), folder, order);
    for (const file of report.files) {
      const text = readFileSync(path.join(folder, file.path), 'utf8').replace(/^\uFEFF?(sep=.\r?\n)?/, '');
      const read: Row[] = parse(text, {
        columns: true,
        delimiter: [',', ';', '\t'],
        bom: true,
        relax_column_count: true,
      });
      rows.set(file.set, [...(rows.get(file.set) ?? []), ...read]);
      files.set(file.set, (files.get(file.set) ?? 0) + 1);
    }
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const of = (set: string): readonly Row[] => rows.get(set) ?? [];
  const perDay = (texts: readonly string[]): ReadonlyMap<string, number> => {
    const counts = new Map<string, number>();
    for (const text of texts) {
      counts.set(text, (counts.get(text) ?? 0) + 1);
    }
    return counts;
  };

  it('files of many days, and a file a day where only its name tells the day', () => {
    assert.equal(files.get('SparkcentralMessages'), 3, 'two weeks, and one of them stated again');
    assert.equal(files.get('SparkcentralAgentMetrics'), 15, 'fourteen days, and one of them stated again');
  });

  it('every day has rows, a weekend fewer than the days before it', () => {
    const days = perDay(
      of('SparkcentralMessages')
        .map((row) => cell(row, 'Created at').slice(0, 10))
        .filter((day) => day !== ''),
    );
    const expected = Array.from({ length: 14 }, (_, i) => DateTime.fromISO(order.from).plus({ days: i }).toISODate());
    assert.deepEqual([...days.keys()].sort(), expected);
    for (const monday of ['2026-11-16', '2026-11-23']) {
      const sunday = DateTime.fromISO(monday).plus({ days: 6 }).toISODate() ?? '';
      assert.ok((days.get(sunday) ?? 0) * 1.5 < (days.get(monday) ?? 0), `${monday}: ${JSON.stringify([...days])}`);
    }
  });

  it('a message lies on the day of its conversation, and no conversation is without', () => {
    const started = new Map(
      of('SparkcentralResolvedConversations').map((row) => [
        cell(row, 'Conversation ID'),
        (cell(row, 'Created at') || cell(row, 'Created At')).slice(0, 10),
      ]),
    );
    const named = new Set<string>();
    let compared = 0;
    for (const row of of('SparkcentralMessages')) {
      const conversation = cell(row, 'Conversation ID');
      const day = cell(row, 'Created at').slice(0, 10);
      named.add(conversation);
      const begun = started.get(conversation);
      if (conversation !== '' && day !== '' && begun !== undefined && begun !== '') {
        assert.equal(day, begun, conversation);
        compared++;
      }
    }
    assert.ok(compared > 300, `${compared} compared`);
    const left = [...started.keys()].filter((conversation) => !named.has(conversation));
    // Some messages do not say their conversation, as in real exports.
    assert.ok(left.length < started.size / 10, `${left.length} of ${started.size} have no message`);
  });

  it('what is stated again keeps the day on which it began', () => {
    const days = new Map<string, Set<string>>();
    for (const row of of('SparkcentralMessages')) {
      const day = cell(row, 'Created at').slice(0, 10);
      if (day !== '') {
        days.set(cell(row, 'Message ID'), (days.get(cell(row, 'Message ID')) ?? new Set()).add(day));
      }
    }
    assert.ok([...days.values()].every((one) => one.size === 1));
  });

  it('figures of a day differ from those of others, and teams have names of their own', () => {
    const offered = of('TracebuzzServiceStatistics').map(
      (row) => `${cell(row, 'ROWDATE')} ${cell(row, 'INTERVAL')} ${cell(row, 'SERVICEID')}`,
    );
    assert.ok(new Set(offered).size > 400, 'inboxes by quarter of an hour');
    assert.deepEqual([...new Set(of('TracebuzzServiceStatistics').map((row) => cell(row, 'SERVICENAME')))].sort(), [
      'Complaints',
      'Sales',
      'Webcare',
    ]);
    const names = perDay(
      of('SparkcentralTeamMetrics').map((row) => `${cell(row, 'Team ID')}=${cell(row, 'Team Name')}`),
    );
    assert.equal(names.size, 6);
    assert.equal(new Set([...names.keys()].map((name) => name.split('=')[1])).size, 6);
  });

  it('no more is handled, by bots and within the service level than was offered', () => {
    let [offered, within] = [0, 0];
    for (const row of of('TracebuzzServiceStatistics').filter((one) => cell(one, 'OFFERED IN #') !== '')) {
      const number = (header: string): number => Number(cell(row, header));
      assert.ok(number('HANDELDANDCLOSED IN #') <= number('OFFERED IN #'));
      assert.ok(number('HANDELDANDCLOSED BY BOT IN #') <= number('HANDELDANDCLOSED IN #'));
      assert.ok(number('ACCEPTABLE IN #') <= number('OFFERED IN #'));
      offered += number('OFFERED IN #');
      within += number('ACCEPTABLE IN #');
    }
    assert.ok(offered > 1000 && within / offered > 0.6 && within / offered < 0.95, `${within} of ${offered}`);
  });

  it('asked for alone, rows are as many as asked, and name each thing some ten times', async () => {
    const alone = mkdtempSync(path.join(tmpdir(), 'gateway-alone-'));
    try {
      const report = await writeSamples(catalogueOf(metadataFolder), alone, {
        ...{ rows: 400, days: 1, from: '2026-11-16', seed: 1 },
        only: ['SparkcentralMessages'],
      });
      assert.deepEqual([report.files.length, report.rows], [1, 400]);
      const text = readFileSync(path.join(alone, report.files[0]?.path ?? ''), 'utf8').replace(/^sep=.\r?\n/, '');
      const read: Row[] = parse(text, { columns: true });
      const named = new Set(read.map((row) => cell(row, 'Conversation ID')).filter((id) => id !== ''));
      assert.ok(named.size >= 38 && named.size <= 40, `${named.size} conversations`);
    } finally {
      rmSync(alone, { recursive: true, force: true });
    }
  });

  it('the days of a period share what happens in it', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 0, max: 6 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (days, monday, share) => {
          const day = dayAt(share, days, monday);
          assert.ok(day >= 0 && day < days);
          assert.ok(shareBefore(day, days, monday) <= share);
          assert.ok(day === days - 1 || share < shareBefore(day + 1, days, monday));
          assert.equal(shareBefore(0, days, monday), 0);
          assert.ok(Math.abs(shareBefore(days, days, monday) - 1) < 1e-9);
        },
      ),
    );
  });

  it('those of a first start hold the whole week before this one, and no file of the future', () => {
    const instants = fc
      .date({ min: new Date('2026-01-01T00:00:00Z'), max: new Date('2036-01-01T00:00:00Z'), noInvalidDate: true })
      .map((date) => DateTime.fromJSDate(date, { zone: 'utc' }));
    fc.assert(
      fc.property(instants, (now) => {
        const { from, days } = recentWeeks(now);
        const first = DateTime.fromISO(from, { zone: 'utc' });
        const end = first.plus({ days });
        assert.ok(end.plus({ hours: 3 }) <= now, `${from} at ${now.toISO()}`);
        const monday = now.startOf('week').minus({ weeks: 1 });
        assert.ok(first <= monday, `${from} at ${now.toISO()}`);
        // In the first hours of a Monday the files of its Sunday are still to come.
        assert.ok(end >= monday.plus({ weeks: 1 }) || (now.weekday === 1 && now.hour < 4), `${from} at ${now.toISO()}`);
      }),
    );
  });
});
