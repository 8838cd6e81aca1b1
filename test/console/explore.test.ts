import assert from 'node:assert/strict';
import fc from 'fast-check';
import { DateTime } from 'luxon';
import { type AskedQuestion, questionHash, readQuestion } from '../../src/console/explore/address.ts';
import { readAnswer } from '../../src/console/explore/answer.ts';
import { commonQuestions } from '../../src/console/explore/common.ts';
import { anchorOf, periods, spanOf } from '../../src/console/explore/periods.ts';
import { type Question, questionUrl, timeOf } from '../../src/console/explore/question.ts';
import { unitOf } from '../../src/console/explore/ratios.ts';
import type { FeedSet } from '../../src/console/feed/model.ts';
import { readExports, readLoads, refusedStrangers, shade } from '../../src/console/freshness/calendar.ts';
import { volumeOf } from '../../src/console/freshness/volume.ts';
import { readRoute } from '../../src/console/route.ts';
import { bytes, digits, duration, measured, share } from '../../src/console/text/numbers.ts';
import { addDays, isoWeek, isoWeekday, localDate, localMinute, momentOf } from '../../src/console/text/zone.ts';
import { runs } from '../support/runs.ts';

const setOf = (columns: Readonly<Record<string, string>>, dated = false): FeedSet => ({
  ...{ name: 'S', title: 'S', description: '' },
  columns: Object.entries(columns).map(([name, type]) => ({
    ...{ name, type: `Edm.${type}`, collection: false, nullable: true, description: '', personal: null, isKey: false },
  })),
  relations: dated
    ? [{ name: 'Date', target: 'Dates', collection: false, description: '', on: [['LocalDate', 'Date']] }]
    : [],
});
const unified = setOf({ Channel: 'String', LocalDate: 'Date', LocalHour: 'Int32', Seconds: 'Decimal' }, true);
const plain = setOf({ Name: 'String', At: 'DateTimeOffset' });
const rows = { method: 'count', column: null } as const;
const question: Question = {
  set: 'S',
  measure: rows,
  split: 'Channel',
  grain: 'day',
  span: { from: '2026-11-02', to: '2026-11-08' },
};
const applyOf = (asked: Question, set: FeedSet, zone = 'UTC'): string =>
  new URLSearchParams(questionUrl(asked, set, zone).split('?')[1]).get('$apply') ?? '';

describe('questions of the console', () => {
  it('are one $apply each', () => {
    const within = 'filter(LocalDate ge 2026-11-02 and LocalDate le 2026-11-08)';
    const counted = 'aggregate($count as Value)';
    for (const [more, set, apply] of [
      [{}, unified, `${within}/groupby((LocalDate,Channel),${counted})`],
      [{ grain: 'week' }, unified, `${within}/groupby((Date/IsoYear,Date/IsoWeek,Channel),${counted})`],
      [
        { grain: 'month', split: 'Team/Name' },
        unified,
        `${within}/groupby((Date/Year,Date/Month,Team/Name),${counted})`,
      ],
      [{ grain: 'hour', split: null }, unified, `${within}/groupby((LocalHour),${counted})`],
      [{ grain: 'none', split: null, span: null }, unified, counted],
      [{ span: null, split: null }, unified, `filter(LocalDate ne null)/groupby((LocalDate),${counted})`],
      [
        { grain: 'none', measure: { method: 'average', column: 'Seconds' } },
        unified,
        `${within}/groupby((Channel),aggregate(Seconds with average as Value))`,
      ],
      [
        { grain: 'none', measure: { method: 'ratio', column: 'Seconds', over: 'Calls' } },
        unified,
        'filter(LocalDate ge 2026-11-02 and LocalDate le 2026-11-08 and Seconds ne null and Calls ne null)/groupby((Channel),' +
          'aggregate(Seconds with sum as Part,Calls with sum as Whole))/filter(Whole ne 0)/compute(Part divby Whole as Value)',
      ],
      [
        { grain: 'none', span: null, split: null, measure: { method: 'share', column: 'Seconds', over: 'Idle' } },
        unified,
        'filter(Seconds ne null and Idle ne null)/aggregate(Seconds with sum as Part,Seconds add Idle with sum as Whole)/filter(Whole ne 0)/compute(Part divby Whole as Value)',
      ],
      [
        { split: null },
        plain,
        `filter(At ge 2026-11-02T00:00:00Z and At lt 2026-11-09T00:00:00Z)/compute(date(At) as Day)/groupby((Day),${counted})`,
      ],
    ] as const) {
      assert.equal(applyOf({ ...question, ...more }, set), apply);
    }
    assert.match(
      applyOf({ ...question, split: null }, plain, 'America/New_York'),
      /At ge 2026-11-02T05:00:00Z and At lt 2026-11-09T05:00:00Z/,
    );
    assert.equal(timeOf(setOf({ Name: 'String' })), null);
  });

  it('answers have each step of their period, greatest series first, and what is left as one', () => {
    const day = (LocalDate: string, Channel: string | null, Value: number) => ({ LocalDate, Channel, Value });
    const answer = readAnswer(question, timeOf(unified), [
      ...[day('2026-11-03', 'Chat', 2), day('2026-11-04', 'Chat', 1), day('2026-11-03', null, 5)],
      ...Array.from({ length: 9 }, (_, index) => day('2026-11-05', `c${index}`, 1)),
    ]);
    assert.deepEqual(answer.steps, ['2 Nov', '3 Nov', '4 Nov', '5 Nov', '6 Nov', '7 Nov', '8 Nov']);
    assert.deepEqual(answer.series.slice(0, 2), [
      { name: '(none)', values: [0, 5, 0, 0, 0, 0, 0], total: 5 },
      { name: 'Chat', values: [0, 2, 1, 0, 0, 0, 0], total: 3 },
    ]);
    assert.deepEqual(
      [answer.series.length, answer.series.at(-1)?.name, answer.series.at(-1)?.total],
      [9, '3 others', 3],
    );
  });

  it('an average of nothing is no value, and never a sum of averages', () => {
    const asked: Question = { ...question, measure: { method: 'average', column: 'Seconds' }, split: null };
    const answer = readAnswer(asked, timeOf(unified), [
      { LocalDate: '2026-11-03', Value: '7.5' },
      { LocalDate: '2026-11-04', Value: null },
    ]);
    assert.deepEqual(answer.series, [{ name: '', values: [null, 7.5, null, null, null, null, null], total: null }]);
    assert.equal(answer.additive, false);
  });

  it('what is open at the end of each day is a sum over teams, and has no total over days', () => {
    const days = setOf({ LocalDate: 'Date', Backlog: 'Int32' }, true);
    const team = { name: 'Team', target: 'Teams', collection: false, description: '', on: [] };
    const model = new Map([
      ['TeamDays', { ...days, relations: [...days.relations, team] }],
      ['Teams', setOf({ Name: 'String' })],
    ]);
    const [asked = assert.fail()] = commonQuestions(model);
    assert.deepEqual(
      [asked.title, asked.measure],
      ['Backlog at the end of each day', { method: 'sum', column: 'Backlog' }],
    );
    const day = (LocalDate: string, Channel: string, Value: number) => ({ LocalDate, Channel, Value });
    const rows = ['2026-11-02', '2026-11-03'].flatMap((date) =>
      Array.from({ length: 10 }, (_, index) => day(date, `c${index}`, 10 - index)),
    );
    const answer = readAnswer({ ...question, measure: asked.measure }, timeOf(unified), rows);
    assert.equal(answer.additive, true);
    assert.deepEqual(
      [answer.series[0], answer.series.at(-1)],
      [
        { name: 'c0', values: [10, 10, 0, 0, 0, 0, 0], total: null },
        { name: '2 others', values: [3, 3, 0, 0, 0, 0, 0], total: null },
      ],
    );
  });

  it('a ratio of all steps is the sum over the sum, and the greatest is first', () => {
    const measure = { method: 'ratio', column: 'Within', over: 'Offered' } as const;
    const day = (LocalDate: string, Channel: string, Part: number, Whole: number) => ({
      ...{ LocalDate, Channel, Part: String(Part), Whole: String(Whole), Value: String(Part / Whole) },
    });
    const answer = readAnswer({ ...question, measure }, timeOf(unified), [
      ...[day('2026-11-02', 'Chat', 9, 10), day('2026-11-03', 'Chat', 15, 30), day('2026-11-02', 'Voice', 13, 20)],
    ]);
    assert.deepEqual(answer.series, [
      { name: 'Voice', values: [0.65, null, null, null, null, null, null], total: 0.65 },
      { name: 'Chat', values: [0.9, 0.5, null, null, null, null, null], total: 0.6 },
    ]);
  });

  it('weeks and months are in their order, over the end of a year', () => {
    const week = (IsoYear: number, IsoWeek: number) => ({ Date: { IsoYear, IsoWeek }, Value: 1 });
    const asked: Question = { ...question, grain: 'week', split: null, span: null };
    const found = readAnswer(asked, timeOf(unified), [week(2027, 2), week(2026, 52)]);
    assert.deepEqual(found.steps, ['W52 2026', 'W53 2026', 'W1 2027', 'W2 2027']);
    assert.deepEqual(found.series[0]?.values, [1, 0, 0, 1]);
  });

  it('periods are whole weeks, months and days back from today, or from the newest row where that is older', () => {
    assert.deepEqual(spanOf('last-week', '2026-11-30'), { from: '2026-11-23', to: '2026-11-29' });
    assert.deepEqual(spanOf('last-week', '2026-11-29'), { from: '2026-11-16', to: '2026-11-22' });
    assert.deepEqual(spanOf('last-month', '2026-03-31'), { from: '2026-02-01', to: '2026-02-28' });
    assert.deepEqual(spanOf('last-7', '2026-03-02'), { from: '2026-02-24', to: '2026-03-02' });
    const day = fc.integer({ min: 0, max: 4000 }).map((days) => addDays('2020-01-01', days));
    fc.assert(
      fc.property(fc.constantFrom(...periods.map(([name]) => name)), day, day, (period, today, newest) => {
        if (period === 'own') {
          return;
        }
        const span = spanOf(period, anchorOf(period, { today, newest }));
        const asked = spanOf(period, today);
        if (span !== null && asked !== null) {
          assert.ok(
            newest >= span.from && (newest <= span.to || newest > asked.to || span.to === asked.to),
            `${period} ${today} ${newest}: ${span.from}`,
          );
        }
      }),
      { numRuns: runs(300) },
    );
  });

  it('know in which unit their values are told', () => {
    for (const [method, column, over, unit] of [
      ['sum', 'HandleSeconds', undefined, 'seconds'],
      ['ratio', 'HandleSeconds', 'Handled', 'seconds'],
      ['ratio', 'HandleSeconds', 'AvailableSeconds', 'number'],
      ['ratio', 'WithinServiceLevel', 'ServiceLevelOffered', 'share'],
      ['ratio', 'CsatSum', 'CsatCount', 'number'],
      ['share', 'HandleSeconds', 'AvailableSeconds', 'share'],
      ['sum', 'WithinServiceLevel', undefined, 'number'],
    ] as const) {
      assert.equal(unitOf({ method, column, ...(over === undefined ? {} : { over }) }), unit);
    }
    assert.equal(share(0.8345), '83.5%');
  });

  it('stand in the address of the page', () => {
    const asked: AskedQuestion = {
      set: 'S',
      measure: { method: 'sum', column: 'Seconds' },
      split: 'Team/Name',
      grain: 'week',
      period: 'own',
      span: { from: '2026-01-01', to: '2026-02-01' },
    };
    const ratio: AskedQuestion = { ...asked, measure: { method: 'ratio', column: 'Seconds', over: 'Calls' } };
    assert.deepEqual(readQuestion('S', readRoute(questionHash(ratio)).query), ratio);
    assert.deepEqual(readQuestion('S', 'measure=ratio+Seconds').measure, rows);
    assert.deepEqual(readQuestion('S', 'measure=share+A+B').measure, { method: 'share', column: 'A', over: 'B' });
    const { path, query } = readRoute(questionHash(asked));
    assert.deepEqual(path, ['explore', 'S']);
    assert.deepEqual(readQuestion('S', query), asked);
    assert.deepEqual(readQuestion('S', 'measure=drop+x&grain=x&period=own&span=x'), {
      ...{ set: 'S', measure: rows, split: null, grain: 'day', period: 'last-28', span: null },
    });
  });
});

describe('times and numbers of the console', () => {
  const zones = [
    'UTC',
    'Europe/Amsterdam',
    'America/New_York',
    'Asia/Kathmandu',
    'Australia/Lord_Howe',
    'Pacific/Apia',
  ];

  it('are those of the zone, as luxon tells them', () => {
    const moment = fc.date({ min: new Date('2000-01-01'), max: new Date('2040-01-01'), noInvalidDate: true });
    fc.assert(
      fc.property(moment, fc.constantFrom(...zones), (date, zone) => {
        const at = Math.floor(date.getTime() / 60_000) * 60_000;
        const local = DateTime.fromMillis(at, { zone });
        assert.equal(localMinute(at, zone), local.toFormat('yyyy-MM-dd HH:mm'));
        const back = momentOf(local.toFormat("yyyy-MM-dd'T'HH:mm"), zone);
        assert.ok(
          back !== null && localMinute(back, zone) === localMinute(at, zone) && back <= at,
          `${zone} ${at} ${back}`,
        );
        const day = local.toISODate() ?? '';
        assert.deepEqual(isoWeek(day), { year: local.weekYear, week: local.weekNumber });
        assert.equal(isoWeekday(day), local.weekday);
        assert.equal(localDate(at, zone), day);
      }),
      { numRuns: runs(150) },
    );
    assert.equal(momentOf('2026-03-29T02:30', 'Europe/Amsterdam'), Date.parse('2026-03-29T01:30:00Z'));
    assert.equal(momentOf('2026-10-25T02:30', 'Europe/Amsterdam'), Date.parse('2026-10-25T00:30:00Z'));
    assert.equal(momentOf('2026-02-29', 'UTC'), null);
  });

  it('loads are of the day that the zone has, also where its offset has quarters of an hour', () => {
    const row = { Source: 's', Export: 'e', State: 'loaded', Day: '2026-11-02', Files: 1, Rows: '5' };
    const found = readLoads(
      [
        { ...row, Hour: 18, Quarter: '1' },
        { ...row, Hour: 18, Quarter: '0' },
        { ...row, State: 'refused', Hour: 1, Quarter: '0' },
      ],
      'Asia/Kathmandu',
    );
    assert.deepEqual(
      [...(found.get('s/e') ?? [])],
      [
        ['2026-11-03', { files: 1, rows: 5, refused: 0 }],
        ['2026-11-02', { files: 1, rows: 5, refused: 1 }],
      ],
    );
    assert.deepEqual(
      [0, 1, 30, 400, 1000].map((rowsOfDay) => shade(rowsOfDay, 1000)),
      [0, 1, 2, 3, 4],
    );
  });

  it('refused files of no known export are counted, and are no source of rows', () => {
    const row = { State: 'refused', Day: '2026-11-02', Hour: 1, Quarter: '0', Files: 1, Rows: null };
    const known = { Source: 's', Export: 'e' };
    const loads = readLoads(
      [
        { ...row, ...known, State: 'loaded', Files: 2, Rows: '5' },
        { ...row, ...known, Files: 3 },
        { ...row, Source: null, Export: null, Files: 4 },
        { ...row, Source: 's', Export: null, Files: 8 },
      ],
      'UTC',
    );
    assert.equal(refusedStrangers(readExports([known]), loads), 12);
    const { series } = volumeOf(['2026-11-01', '2026-11-02'], loads, { chosen: null, titles: new Map([['s', 'S']]) });
    assert.deepEqual(series, [{ name: 'S', values: [0, 5], total: 5 }]);
  });

  it('keep all digits, and say durations and sizes by their greatest units', () => {
    assert.deepEqual(['9007199254740993', '-12345.670', '2026', '1e400'].map(digits), [
      '9,007,199,254,740,993',
      '-12,345.670',
      '2026',
      '1e400',
    ]);
    assert.deepEqual([0, 59.6, 3600, 3661, 90_061].map(duration), ['0 s', '1 min', '1 h', '1 h 1 min', '1 d 1 h']);
    assert.deepEqual([0, 2.34567, 1234.5].map(measured), ['0', '2.35', '1,235']);
    assert.deepEqual([0, 999, 1500, 2_000_000].map(bytes), ['0 B', '999 B', '1.5 kB', '2 MB']);
  });
});
