import assert from 'node:assert/strict';
import fc from 'fast-check';
import { DateTime } from 'luxon';
import type { Feed } from '../ingest/support/feed.ts';
import type { Row } from './support.ts';

export const zone = 'Europe/Amsterdam';

const count = fc.option(fc.nat(9), { nil: null, freq: 4 });
/** Local days around the clock change of March 2026, and spans that are none. */
const days = ['2026-03-28', '2026-03-29', '2026-03-30'];
const bounds = (day: string, plus: number): string =>
  DateTime.fromISO(day, { zone }).plus({ days: plus }).toUTC().toISO({ suppressMilliseconds: true }) ?? '';
export const period = fc.oneof(
  fc.constantFrom(...days).map((day) => `${bounds(day, 0)}..${bounds(day, 1)}`),
  fc.constantFrom(
    `${bounds('2026-03-28', 0)}..${bounds('2026-03-28', 3)}`,
    '2026-03-29T00:00:00Z..2026-03-30T00:00:00Z',
  ),
);

export const agentStatistic: fc.Arbitrary<Row> = fc
  .record({
    RowDate: fc.constantFrom(...days),
    AgentId: fc.constantFrom(-1, 57, 58),
    TotalHandleSeconds: count,
    HandledCount: count,
  })
  .map((row) => ({ ...row, once: `${row.RowDate} ${row.AgentId}` }));

export const serviceStatistic: fc.Arbitrary<Row> = fc
  .record({
    RowDate: fc.constantFrom(...days),
    Interval: fc.constantFrom('02:15:00', '10:15:00', '10:30:00'),
    ServiceId: fc.constantFrom(4, 5),
    OfferedCount: count,
    AcceptableCount: count,
  })
  .map((row) => ({ ...row, once: `${row.RowDate} ${row.Interval} ${row.ServiceId}` }));

export const agentMetric = (source: string): fc.Arbitrary<Row> =>
  fc.record({ HandleTimeSeconds: count, ReplyCount: count }).map((row) => ({ ...row, UserId: source, once: source }));

type Stored = Readonly<Record<string, unknown>>;
const number = (value: unknown): number | null => (value === null || value === undefined ? null : Number(value));
const day = (value: unknown): string =>
  DateTime.fromJSDate(new Date(instantText(value)))
    .setZone(zone)
    .toISODate() ?? '';
const instantText = (value: unknown): string => String(value).replace(' ', 'T').replace('+00', 'Z');
const add = (left: number | null | undefined, right: number | null): number | null =>
  right === null ? (left ?? null) : (left ?? 0) + right;

const rowsOf = (feed: Feed, set: string): Promise<readonly Stored[]> =>
  feed.rows<Stored & Record<string, never>>(`SELECT * FROM feed."${set}"`);

/** Asserts that days of agents are just what files of exactly one day, and printed days, say. */
async function assertAgentDays(feed: Feed): Promise<void> {
  const wanted = new Map<string, unknown>();
  for (const row of await rowsOf(feed, 'TracebuzzAgentStatistics')) {
    if (number(row['AgentId']) !== -1) {
      const key = `tracebuzz:${String(row['AgentId'])}:${String(row['RowDate']).slice(0, 10)}`;
      wanted.set(key, { handle: number(row['TotalHandleSeconds']), replies: number(row['AnswersSentCount']) });
    }
  }
  for (const [source, prefix] of Object.entries({
    sparkcentral: 'Sparkcentral',
    'hootsuite-inbox': 'HootsuiteInbox',
  })) {
    for (const row of await rowsOf(feed, `${prefix}AgentMetrics`)) {
      const [start, end] = ['PeriodStart', 'PeriodEnd'].map((name) =>
        DateTime.fromISO(instantText(row[name])).setZone(zone),
      );
      if (start?.equals(start.startOf('day')) === true && end?.equals(start.plus({ days: 1 })) === true) {
        wanted.set(`${source}:${String(row['UserId'])}:${start.toISODate() ?? ''}`, {
          handle: number(row['HandleTimeSeconds']),
          replies: number(row['ReplyCount']),
        });
      }
    }
  }
  const stored = await rowsOf(feed, 'AgentDays');
  const found = stored.map((row) => [
    String(row['AgentDayKey']),
    { handle: number(row['HandleSeconds']), replies: number(row['Replies']) },
  ]);
  assert.deepEqual(new Map(found as [string, unknown][]), wanted);
}

interface TeamDay {
  offered: number | null;
  within: number | null;
  opened: number | null;
  closed: number | null;
  backlog: number | null;
}
const nothing: TeamDay = { offered: null, within: null, opened: null, closed: null, backlog: null };

/** Asserts that days of teams are the sums of quarters and of conversations, with what is left at the end of each. */
async function assertTeamDays(feed: Feed): Promise<void> {
  const wanted = new Map<string, TeamDay>();
  const dayOf = (id: string): TeamDay => {
    const known = wanted.get(id) ?? { ...nothing };
    wanted.set(id, known);
    return known;
  };
  for (const row of await rowsOf(feed, 'TracebuzzServiceStatistics')) {
    const made = dayOf(`tracebuzz inbox-${String(row['ServiceId'])} ${String(row['RowDate']).slice(0, 10)}`);
    made.offered = add(made.offered, number(row['OfferedCount']));
    made.within = add(made.within, number(row['AcceptableCount']));
  }
  for (const row of await rowsOf(feed, 'Conversations')) {
    if (row['StartedAt'] === null) {
      continue;
    }
    const own = String(row['Source']) === 'tracebuzz';
    const team = String(row['TeamKey'] ?? ':').split(':')[1] ?? '';
    const id = (at: string): string => `${own ? 'tracebuzz' : 'inbox product'} ${team} ${at}`;
    const started = day(row['StartedAt']);
    const ended = row['Status'] === 'Closed' && row['EndedAt'] !== null ? day(row['EndedAt']) : null;
    const began = dayOf(id(started));
    const early = ended !== null && ended < started;
    began.opened = (began.opened ?? 0) + (row['Status'] !== 'Closed' || (ended !== null && !early) ? 1 : 0);
    if (ended !== null && !early) {
      const over = dayOf(id(ended));
      over.closed = (over.closed ?? 0) + 1;
    }
    if (!own) {
      const seconds = number(row['FirstResponseSeconds']);
      const level = ['WhatsApp', 'Facebook', 'SMS'].includes(String(row['Channel'])) ? 60 : null;
      const counts = row['Direction'] !== 'Outbound';
      began.offered = (began.offered ?? 0) + (counts ? 1 : 0);
      began.within = (began.within ?? 0) + (counts && seconds !== null && level !== null && seconds <= level ? 1 : 0);
    }
  }
  fillBacklog(wanted);
  const found = (await rowsOf(feed, 'TeamDays')).map((row): [string, TeamDay] => {
    const [team = '', at = ''] = String(row['SourceId']).split(':');
    const source = String(row['Source']) === 'tracebuzz' ? 'tracebuzz' : 'inbox product';
    return [
      `${source} ${team} ${at}`,
      {
        ...{ offered: number(row['Offered']), within: number(row['WithinServiceLevel']) },
        ...{ opened: number(row['Opened']), closed: number(row['Closed']), backlog: number(row['Backlog']) },
      },
    ];
  });
  assert.equal(found.length, new Map(found).size, 'no day twice');
  assert.deepEqual(new Map(found.sort(byKey)), new Map([...wanted].sort(byKey)));
}

const byKey = ([a]: [string, unknown], [b]: [string, unknown]): number => (a < b ? -1 : 1);

/** Day after day, for each team from its first day to the last of its source. */
function fillBacklog(wanted: Map<string, TeamDay>): void {
  const parts = [...wanted].map(([id, row]) => ({ id, row, at: id.slice(-10), series: id.slice(0, -11) }));
  const told = parts.filter(({ row }) => row.opened !== null || row.closed !== null);
  const sourceOf = (series: string): string => series.slice(0, series.lastIndexOf(' '));
  for (const series of new Set(told.map((one) => one.series))) {
    const own = told.filter((one) => one.series === series).map(({ at }) => at);
    const all = told.filter((one) => sourceOf(one.series) === sourceOf(series)).map(({ at }) => at);
    let left = 0;
    for (let at = own.sort()[0] ?? ''; at <= (all.sort().at(-1) ?? ''); at = next(at)) {
      const row = wanted.get(`${series} ${at}`);
      left += (row?.opened ?? 0) - (row?.closed ?? 0);
      if (row !== undefined || left !== 0) {
        wanted.set(`${series} ${at}`, { ...(row ?? nothing), backlog: left });
      }
    }
  }
}

const next = (at: string): string => DateTime.fromISO(at, { zone: 'UTC' }).plus({ days: 1 }).toISODate() ?? '';

export async function assertDays(feed: Feed): Promise<void> {
  await assertAgentDays(feed);
  await assertTeamDays(feed);
}
