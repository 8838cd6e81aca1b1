import { deepEqual, equal, match, ok } from 'node:assert/strict';
import fc from 'fast-check';
import { parseExpectation } from '../../src/catalogue/compile/export/expectation.ts';
import { freshnessFinding } from '../../src/commands/status.ts';
import { putExpectations } from '../../src/ingest/ledger/expectations.ts';
import { settleMissing } from '../../src/ingest/ledger/freshness.ts';
import { startTestServer } from '../http/test-server.ts';
import { catalogue, exportFile, useFeed } from '../ingest/support/feed.ts';
import { dueSlots } from './support.ts';

const usual = { timeZone: 'Europe/Amsterdam', before: false };

describe('expect:', () => {
  const texts: readonly (readonly [string, object])[] = [
    ['daily by 07:00 Europe/Paris', { unit: 'day', every: 1, by: 420, timeZone: 'Europe/Paris', before: false }],
    ['Workdays by 9:30', { unit: 'workday', by: 570, timeZone: 'Europe/Amsterdam' }],
    ['weekly on Monday by 08:00 UTC for the week before', { unit: 'week', on: 1, by: 480, before: true }],
    ['monthly on day 1', { unit: 'month', on: 1, by: null }],
    ['every 3 days by 24:00', { unit: 'day', every: 3, by: 1440 }],
    ['daily  for the day before', { unit: 'day', by: null, before: true }],
    ['hourly', { unit: 'hour', every: 1, by: null, timeZone: 'UTC' }],
    ['every 6 hours', { unit: 'hour', every: 6 }],
  ];
  for (const [text, expected] of texts) {
    it(`"${text}" is read`, () => {
      const read = parseExpectation(text, usual);
      ok('text' in read, JSON.stringify(read));
      deepEqual({ ...read, ...expected }, read);
    });
  }

  const faults: readonly (readonly [string, RegExp])[] = [
    ['sometimes', /does not say how often/],
    ['daily at 7', /cannot stand behind/],
    ['daily by 25:00', /no time of day 25:00/],
    ['daily by 07:60', /no time of day/],
    ['daily by 07:00 Amsterdam', /no time zone "Amsterdam"/],
    ['weekly on Someday', /no day of the week/],
    ['monthly on day 31', /Not every month has a day 31/],
    ['every 5 hours', /cannot be divided/],
    ['every 0 days', /are not expected/],
    ['hourly by 07:00', /due when they are over/],
  ];
  for (const [text, message] of faults) {
    it(`"${text}" is a fault that says what may stand there`, () => {
      const read = parseExpectation(text, usual);
      ok('message' in read);
      match(read.message, message);
      match(read.remedy, /\.$/);
    });
  }
});

describe('SourceFreshness', () => {
  const feed = useFeed();
  const expecting = (text: string | null) => {
    const read = text === null ? null : parseExpectation(text, usual);
    if (read !== null && 'message' in read) {
      throw new Error(read.message);
    }
    return read;
  };
  const expect = (text: string | null, since = '2026-01-01T00:00:00Z') =>
    putExpectations(feed().database, {
      ...catalogue,
      exports: catalogue.exports
        .filter(({ source, name }) => source === 'tracebuzz' && name === 'cases')
        .map((one) => ({ ...one, expects: expecting(text) })),
    }).then(() => feed().database.query(`UPDATE gateway.expectation SET since = $1`, [since]));
  const at = async (moment: string) =>
    (
      await feed().database.query(
        `SELECT *, to_char("DueAt" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS due FROM gateway.freshness_at($1)`,
        [moment],
      )
    ).rows[0] ?? {};
  const arrive = (times: readonly (readonly [string, string?])[]) =>
    feed().database.query(
      `DELETE FROM gateway.load; INSERT INTO gateway.load (source, export, file_name, path, sha256, size_bytes, state, removal, file_time, period_start, period_end)
       VALUES ${times.map(([from, to], n) => `('tracebuzz', 'cases', 'f${n}', 'f${n}', '${String(n).padStart(64, '0')}', 1, 'loaded', 'none', '${to ?? from}', ${to === undefined ? 'NULL, NULL' : `'${from}', '${to}'`})`).join(', ')}`,
    );

  it('tells the days that no file speaks of, whenever the others came, and what is due next', async () => {
    await expect('daily by 07:00 Europe/Amsterdam');
    await arrive([['2026-03-26T04:00:00Z'], ['2026-03-29T10:00:00Z'], ['2026-03-28T23:30:00Z']]);
    const { Late, MissingDays, MissingDayList, due, State, LastFile } = await at('2026-03-31T06:00:00Z');
    deepEqual(
      [Late, MissingDays, MissingDayList, due, State, LastFile],
      [true, 4, '2026-03-27, 2026-03-28, 2026-03-30, 2026-03-31', '2026-03-31T05:00:00Z', 'late', 'f1'],
    );
    const before = await at('2026-03-30T04:59:00Z');
    deepEqual([before['Late'], before['due'], before['State']], [false, '2026-03-30T05:00:00Z', 'incomplete']);
  });

  it('leaves out what somebody said is done with', async () => {
    await expect('daily by 07:00 Europe/Amsterdam');
    await arrive([['2026-03-26T04:00:00Z']]);
    await settleMissing(feed().database, { source: 'tracebuzz', export: 'cases' }, { by: 'ann', reason: 'a holiday' });
    await feed().database.query(`UPDATE gateway.expectation SET settled_until = '2026-03-28T12:00:00Z'`);
    const { Late, MissingDayList } = await at('2026-03-29T06:00:00Z');
    deepEqual([Late, MissingDayList, (await at('2026-03-29T04:00:00Z'))['State']], [true, '2026-03-29', 'fresh']);
    await settleMissing(feed().database, { source: 'tracebuzz', export: 'cases' }, null);
    equal((await at('2026-03-29T04:00:00Z'))['State'], 'late');
  });

  it('is about the day before where files have a period, which may be several days', async () => {
    await expect('daily by 07:00 Europe/Amsterdam for the day before');
    await arrive([
      ['2026-05-01T22:00:00Z', '2026-05-02T22:00:00Z'],
      ['2026-05-03T22:00:00Z', '2026-05-05T22:00:00Z'],
    ]);
    const { Late, MissingDayList, due } = await at('2026-05-06T05:00:00Z');
    deepEqual([Late, MissingDayList, due], [false, '2026-05-03', '2026-05-07T05:00:00Z']);
  });

  it('waits for a first file from when it is expected, and says nothing where nobody does', async () => {
    await arrive([['2020-01-01']]);
    await feed().database.query('DELETE FROM gateway.load');
    await expect('workdays by 09:00 UTC', '2026-01-02T10:00:00Z');
    deepEqual(
      [(await at('2026-01-05T08:00:00Z'))['State'], (await at('2026-01-05T09:00:00Z'))['State']],
      ['unknown', 'late'],
    );
    await expect(null);
    const { Late, DueAt, MissingDays, State } = await at('2026-01-05T09:00:00Z');
    deepEqual([Late, DueAt, MissingDays, State], [false, null, 0, 'unknown']);
  });

  it('counts a file of known bytes for the day that its name says', async () => {
    await feed().database.query('DELETE FROM gateway.load');
    await expect('daily by 24:00 UTC');
    const text = exportFile('tracebuzz/cases', [{ CaseId: 1 }]);
    await feed().load('raw-cases-1767225600.csv', text);
    equal((await feed().load('raw-cases-1767312000.csv', text)).state, 'duplicate');
    deepEqual((await at('2026-01-04T00:00:00Z'))['MissingDayList'], '2026-01-03');
  });

  const zones = ['Europe/Amsterdam', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'UTC'];
  const expectation = fc
    .record({
      often: fc.constantFrom(
        'daily',
        'workdays',
        'every 3 days',
        'weekly on Sunday',
        'monthly on day 28',
        'every 6 hours',
      ),
      by: fc.constantFrom('00:00', '02:15', '02:30', '07:00', '24:00', null),
      zone: fc.constantFrom(...zones),
      before: fc.boolean(),
    })
    .map(({ often, by, zone, before }) =>
      often.endsWith('hours')
        ? often
        : `${often}${by === null ? '' : ` by ${by} ${zone}`}${before ? ' for the day before' : ' for the same'}`,
    );
  // Around the clock changes of both halves of the year, in quarters of an hour.
  const moment = fc
    .tuple(
      fc.constantFrom('2026-03-08', '2026-03-29', '2026-04-05', '2026-10-04', '2026-10-25', '2026-11-01'),
      fc.integer({ min: -300, max: 300 }),
    )
    .map(([day, quarters]) => Date.parse(day) + quarters * 900_000);

  it('finds the slots that a walk through the calendar finds, also over clock changes', async () => {
    await fc.assert(
      fc.asyncProperty(
        expectation,
        fc.array(moment, { minLength: 1, maxLength: 4 }),
        moment,
        async (text, files, now) => {
          await expect(text);
          await arrive(files.map((time) => [new Date(time).toISOString()]));
          const read = expecting(text);
          ok(read !== null);
          const missing = dueSlots(read, Math.min(...files), now).filter(
            ({ start, end }) => !files.some((time) => time >= start && time < end),
          );
          const found = await at(new Date(now).toISOString());
          deepEqual(
            [found['MissingDays'], found['MissingDayList']],
            [
              missing.length,
              missing
                .slice(-100)
                .map(({ name }) => name)
                .join(', ') || null,
            ],
          );
        },
      ),
      { numRuns: 80 },
    );
  });
});

describe('SourceFreshness in the feed', () => {
  it('is read by key and filter, and never kept: a reply would be wrong when time passes', async () => {
    const server = await startTestServer({ catalogue: () => catalogue });
    try {
      await server.client.query(
        `INSERT INTO gateway.expectation (source, export, entity_set, expects, unit, every, by_minutes, time_zone, before, since) VALUES ('a', 'b', 'Bs', 'daily by 07:00', 'day', 1, 420, 'UTC', false, '2026-01-01'), ('a', 'c', 'Cs', NULL, NULL, NULL, NULL, NULL, NULL, now())`,
      );
      const reply = await server.get('SourceFreshness?$filter=Late&$select=Source,Export,State,DueAt');
      equal(reply.status, 200);
      deepEqual([reply.headers.get('etag'), reply.headers.get('last-modified')], [null, null]);
      const { value } = (await reply.json()) as { value: readonly { Export: string; State: string; DueAt: string }[] };
      deepEqual(
        value.map(({ Export, State, DueAt }) => [Export, State, DueAt.slice(10)]),
        [['b', 'late', 'T07:00:00Z']],
      );
      const one = await server.get("SourceFreshness(Source='a',Export='c')", { 'if-none-match': '*' });
      equal(one.status, 200);
      equal(((await one.json()) as { State: string }).State, 'unknown');
      match(await (await server.get('$metadata')).text(), /EntitySet Name="SourceFreshness"/);
    } finally {
      await server.close();
    }
  });
});

describe('What gateway status says of missing files', () => {
  const said = (state: 'late' | 'incomplete', missing: number, days: string): string =>
    freshnessFinding({ name: 'acme/orders', state, due: '2026-01-08T06:00:00Z', missing, days }).message;

  it('is which, or which were the last', () => {
    equal(
      said('late', 9, '2026-01-07, 2026-01-08'),
      'acme/orders: the file due at 2026-01-08T06:00:00Z is not there; 9 are missing (the last of them 2026-01-07, 2026-01-08)',
    );
    equal(
      said('late', 1, '2026-01-08'),
      'acme/orders: the file due at 2026-01-08T06:00:00Z is not there; 1 is missing (2026-01-08)',
    );
    equal(said('incomplete', 1, '2026-01-03'), 'acme/orders: 1 earlier file is missing (2026-01-03)');
  });
});
