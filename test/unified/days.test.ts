import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { useFeed } from '../ingest/support/feed.ts';
import { zone } from './random-days.ts';
import { assertMadeAnew, loadRows, type Row } from './support.ts';
import { wholeCatalogue } from './whole-catalogue.ts';

const amsterdam = { ...wholeCatalogue, reportingTimeZone: zone };

describe('days of agents and teams', () => {
  const feed = useFeed(amsterdam);
  const load = (name: string, rows: readonly Row[], minute = 0): Promise<void> => loadRows(feed(), name, rows, minute);
  const loadPeriod = (name: string, period: string, rows: readonly Row[], minute = 0): Promise<void> =>
    loadRows(feed(), name, rows, minute, period);
  /** Rows as texts, one for each, in the order of the first column. */
  const lines = async (set: string, columns: string, condition = 'true'): Promise<readonly string[]> => {
    const cells = columns.split(' ').map((name) => `coalesce("${name}"::text, '-') AS "${name}"`);
    const rows = await feed().rows(`SELECT ${cells.join(', ')} FROM feed."${set}" WHERE ${condition} ORDER BY 1`);
    return rows.map((row) => Object.values(row).join(' '));
  };

  it('the day that the vendor prints is kept, and the system is no agent', async () => {
    const common = { RowDate: '2026-03-29', AvailableSeconds: 3600, UnavailableSeconds: 60, TotalHandleSeconds: 1800 };
    await load('tracebuzz/agent-statistics', [
      { ...common, AgentId: 57, HandledCount: 13, ClosedCount: 12, AnswersSentCount: 17, AssignedCount: 14 },
      { ...common, AgentId: -1 },
    ]);
    assert.deepEqual(
      await lines(
        'AgentDays',
        'AgentDayKey AgentKey LocalDate HandleSeconds Handled ClosedWithoutReply Replies BookedOn',
      ),
      ['tracebuzz:57:2026-03-29 tracebuzz:57 2026-03-29 1800 13 12 17 ConversationStart'],
    );
    assert.deepEqual(await lines('Dates', 'Date', `"Date" IN ('2026-01-01', '2026-12-31')`), [
      '2026-01-01',
      '2026-12-31',
    ]);
  });

  it('figures of exactly one local day are those of a day: of 23, 24 and 25 hours, and of no other span', async () => {
    const row = { AvailableTimeSeconds: 7200, AwayTimeSeconds: 600, HandleTimeSeconds: 1200, ReplyCount: 9 };
    const csat = { CsatScore1Count: 1, CsatScore2Count: 0, CsatScore3Count: 0, CsatScore4Count: 2, CsatScore5Count: 1 };
    const spans = [
      ['2026-03-28T23:00:00Z..2026-03-29T22:00:00Z', '29'],
      ['2026-10-24T22:00:00Z..2026-10-25T23:00:00Z', '25'],
      ['2026-06-15T22:00:00Z..2026-06-16T22:00:00Z', '16'],
      ['2026-06-16T00:00:00Z..2026-06-17T00:00:00Z', 'UTC'],
      ['2026-03-28T23:00:00Z..2026-03-29T23:00:00Z', '24 hours'],
      ['2026-06-14T22:00:00Z..2026-06-21T22:00:00Z', 'week'],
      ['2026-06-15T22:00:00Z..2026-06-16T10:00:00Z', 'half'],
    ] as const;
    for (const [period, user] of spans) {
      await loadPeriod('sparkcentral/agent-metrics', period, [{ ...row, ...csat, UserId: user, UserName: user }]);
    }
    assert.deepEqual(
      await lines(
        'AgentDays',
        'SourceId AgentKey AvailableSeconds AwaySeconds CsatCount CsatSum BookedOn',
        `"Source" = 'sparkcentral'`,
      ),
      [
        '16:2026-06-16 sparkcentral:16 7200 600 4 14 Event',
        '25:2026-10-25 sparkcentral:25 7200 600 4 14 Event',
        '29:2026-03-29 sparkcentral:29 7200 600 4 14 Event',
      ],
    );
    await loadPeriod('sparkcentral/agent-metrics', spans[0][0], [{ ...row, UserId: 'other', UserName: 'x' }], 5);
    assert.deepEqual(await lines('AgentDays', 'SourceId', `"LocalDate" = '2026-03-29' AND "Source" = 'sparkcentral'`), [
      'other:2026-03-29',
    ]);
  });

  const quarter = { RowDate: '2026-06-16', ServiceId: 4, ServiceName: 'Webcare' };
  const counts = {
    HandledAndClosedCount: 5,
    NotHandledAndClosedCount: 8,
    TotalHandleSeconds: 300,
    MessagesSentCount: 2,
  };

  it('figures per quarter of an hour are added up to days of inboxes, and follow when they are restated', async () => {
    await load('tracebuzz/service-statistics', [
      { ...quarter, ...counts, Interval: '10:15', OfferedCount: 13, AcceptableCount: 10, ServiceLevelPercent: 50 },
      { ...quarter, ...counts, Interval: '10:30', OfferedCount: 1, AcceptableCount: 1, ServiceLevelPercent: 100 },
    ]);
    const columns = 'SourceId TeamKey Offered WithinServiceLevel ServiceLevelOffered HandleSeconds Replies Waited';
    assert.deepEqual(await lines('TeamDays', columns), ['inbox-4:2026-06-16 tracebuzz:inbox-4 14 11 14 600 4 -']);
    assert.deepEqual(
      await lines('TeamIntervals', 'TeamIntervalKey StartsAt LocalDate LocalTime Offered WithinServiceLevel'),
      [
        'tracebuzz:inbox-4:2026-06-16:10:15:00 2026-06-16 08:15:00+00 2026-06-16 10:15:00 13 10',
        'tracebuzz:inbox-4:2026-06-16:10:30:00 2026-06-16 08:30:00+00 2026-06-16 10:30:00 1 1',
      ],
    );
    const restated = { ...quarter, ...counts, Interval: '10:15', OfferedCount: 20, AcceptableCount: 11 };
    await load('tracebuzz/service-statistics', [restated], 1);
    assert.deepEqual(await lines('TeamDays', columns), ['inbox-4:2026-06-16 tracebuzz:inbox-4 21 12 21 600 4 -']);
  });

  const conversation = { Medium: 'WhatsApp', CurrentStatus: 'Resolved', LastStatusChangeTeamId: '71' };
  const made = (id: string, created: string, resolved: string | null, more: Row = {}): Row => ({
    ...conversation,
    ...{
      ConversationId: id,
      CreatedAt: created,
      ResolvedAt: resolved,
      CurrentStatus: resolved === null ? 'Pending' : 'Resolved',
    },
    ...{ LastUpdatedAt: resolved ?? created },
    ...more,
  });
  const ownTeams = `"TeamKey" = 'sparkcentral:71'`;

  it('conversations make the days and quarters of teams where the vendor does not say them', async () => {
    await load('sparkcentral/resolved-conversations', [
      made('a', '2026-06-16 08:01:00', '2026-06-16 09:00:00', { FirstResponseTimeSeconds: 60, HandleTimeSeconds: 100 }),
      made('b', '2026-06-16 08:14:59', '2026-06-18 09:00:00', { FirstResponseTimeSeconds: 61, HandleTimeSeconds: 50 }),
      // In the reporting zone this is the day after.
      made('c', '2026-06-16 22:30:00', '2026-06-16 23:00:00'),
      made('d', '2026-06-16 08:20:00', '2026-06-16 08:30:00', { LastStatusChangeTeamId: null }),
    ]);
    assert.deepEqual(
      await lines(
        'TeamDays',
        'SourceId Offered Handled WithinServiceLevel ServiceLevelOffered FirstResponseSeconds FirstResponses HandleSeconds Abandoned',
        ownTeams,
      ),
      ['71:2026-06-16 2 2 1 2 121 2 150 -', '71:2026-06-17 1 0 0 1 - 0 - -', '71:2026-06-18 - - - - - - - -'],
    );
    assert.deepEqual(
      await lines('TeamDays', 'TeamDayKey TeamKey Offered', `"Source" = 'sparkcentral' AND "TeamKey" IS NULL`),
      ['sparkcentral::2026-06-16 - 1'],
    );
    assert.deepEqual(await lines('TeamIntervals', 'StartsAt LocalDate LocalTime Offered FirstResponses', ownTeams), [
      '2026-06-16 08:00:00+00 2026-06-16 10:00:00 2 2',
      '2026-06-16 22:30:00+00 2026-06-17 00:30:00 1 0',
    ]);
  });

  it('the backlog is what is open at the end of each local day, on quiet days, too', async () => {
    const backlog = () => lines('TeamDays', 'LocalDate Opened Closed Backlog', ownTeams);
    assert.deepEqual(await backlog(), ['2026-06-16 2 1 1', '2026-06-17 1 1 1', '2026-06-18 - 1 0']);
    await load('sparkcentral/open-conversations', [made('e', '2026-06-12 08:00:00', null)], 10);
    assert.deepEqual(await backlog(), [
      ...['2026-06-12 1 - 1', '2026-06-13 - - 1', '2026-06-14 - - 1', '2026-06-15 - - 1'],
      ...['2026-06-16 2 1 2', '2026-06-17 1 1 2', '2026-06-18 - 1 1'],
    ]);
    // Another team of the source shows that two days have passed.
    await load(
      'sparkcentral/resolved-conversations',
      [made('f', '2026-06-20 08:00:00', '2026-06-20 09:00:00', { LastStatusChangeTeamId: '72' })],
      11,
    );
    assert.deepEqual((await backlog()).slice(-2), ['2026-06-19 - - 1', '2026-06-20 - - 1']);
    await load('sparkcentral/resolved-conversations', [made('e', '2026-06-12 08:00:00', '2026-06-14 08:00:00')], 12);
    assert.deepEqual(await backlog(), [
      ...['2026-06-12 1 - 1', '2026-06-13 - - 1', '2026-06-14 - 1 0'],
      ...['2026-06-16 2 1 1', '2026-06-17 1 1 1', '2026-06-18 - 1 0'],
    ]);
    await assertMadeAnew(feed());
  });

  it('what the vendor says of a day of a team stands beside what conversations give', async () => {
    const row = {
      TeamId: '71',
      TeamName: 'Webcare',
      ResolvesWithReplyCount: 7,
      TotalHandleTimeSeconds: 999,
      ReplyCount: 12,
    };
    await loadPeriod('sparkcentral/team-metrics', '2026-06-15T22:00:00Z..2026-06-16T22:00:00Z', [row], 13);
    const columns = 'TeamDayKey Offered Handled HandleSeconds Replies Backlog BookedOn';
    assert.deepEqual(await lines('TeamDays', columns, `"SourceId" = '71:2026-06-16'`), [
      'sparkcentral:71:2026-06-16 2 7 999 12 1 Event',
    ]);
    await loadPeriod(
      'sparkcentral/team-metrics',
      '2026-06-15T22:00:00Z..2026-06-16T22:00:00Z',
      [{ ...row, TeamId: '72' }],
      14,
    );
    assert.deepEqual(await lines('TeamDays', columns, `"SourceId" = '71:2026-06-16'`), [
      'sparkcentral:71:2026-06-16 2 2 150 - 1 ConversationStart',
    ]);
    await assertMadeAnew(feed());
  });

  it('a customer who moved is not counted twice: of a day that both sources tell the newer counts', async () => {
    const row = { TeamId: '71', TeamName: 'Webcare', ResolvesWithReplyCount: 1 };
    const day = '2026-06-15T22:00:00Z..2026-06-16T22:00:00Z';
    await loadPeriod('hootsuite-inbox/team-metrics', day, [{ ...row, ResolvesWithReplyCount: 5 }], 20);
    await loadPeriod('sparkcentral/team-metrics', day, [row], 19);
    assert.deepEqual(await lines('TeamDays', 'TeamDayKey Handled', `"SourceId" = '71:2026-06-16'`), [
      'hootsuite-inbox:71:2026-06-16 5',
    ]);
    await assertMadeAnew(feed());
    await loadPeriod('sparkcentral/team-metrics', day, [{ ...row, ResolvesWithReplyCount: 2 }], 21);
    assert.deepEqual(await lines('TeamDays', 'TeamDayKey Handled Offered', `"SourceId" = '71:2026-06-16'`), [
      'sparkcentral:71:2026-06-16 2 2',
    ]);
    await assertMadeAnew(feed());
  });

  it('cases of queues have a backlog, and are not offered twice beside the statistics of inboxes', async () => {
    await load('tracebuzz/cases', [
      { CaseId: 1, QueueId: '12', ClosedAt: Date.parse('2026-06-17T10:00:00Z') / 1000 },
      { CaseId: 2, QueueId: '12' },
    ]);
    const found = { Source: 13, IsOwn: 0, FoundAt: Date.parse('2026-06-16T10:00:00Z') / 1000 };
    await load('tracebuzz/results', [
      { ...found, ResultId: 1, CaseId: 1 },
      { ...found, ResultId: 2, CaseId: 2 },
    ]);
    assert.deepEqual(await lines('TeamDays', 'SourceId Offered Opened Closed Backlog', `"Source" = 'tracebuzz'`), [
      'inbox-4:2026-06-16 21 - - -',
      'queue-12:2026-06-16 - 2 - 2',
      'queue-12:2026-06-17 - - 1 1',
    ]);
    await assertMadeAnew(feed());
  });

  it('a date that is far off makes no thousand days', async () => {
    await load(
      'sparkcentral/open-conversations',
      [made('g', '1926-06-12 08:00:00', null, { LastStatusChangeTeamId: '73' })],
      30,
    );
    const { length } = await lines('TeamDays', 'SourceId', `"TeamKey" = 'sparkcentral:73'`);
    assert.equal(length, 367);
  });
});
