import assert from 'node:assert/strict';
import fc from 'fast-check';
import { DateTime } from 'luxon';
import { pruneArchives } from '../../src/archive/prune-archives.ts';
import { keptFor } from '../../src/catalogue/retention.ts';
import type { FeedRow } from '../archive/model-feed.ts';
import type { Feed } from '../ingest/support/feed.ts';
import type { ArchivedFeed } from './archived-feed.ts';
import { zone } from './random-days.ts';
import { assertMadeAnew, loadRows } from './support.ts';

const sets = ['Calls', 'Chats', 'QueueSegments', 'Workitems', 'AgentStates', 'Users', 'Queues'] as const;
type SetName = (typeof sets)[number];

/** What comes to the feed, the archive or the loads in one step. */
export type ArchiveStep =
  | { readonly kind: 'put'; readonly set: SetName; readonly row: FeedRow }
  | { readonly kind: 'remove'; readonly set: SetName; readonly place: number }
  | { readonly kind: 'copy'; readonly set: SetName }
  | { readonly kind: 'prune' | 'forget'; readonly set: 'Calls' | 'Workitems' }
  | { readonly kind: 'users'; readonly email: string | null };

const optional = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(of, { nil: null, freq: 3 });
const id = fc.constantFrom('1', '2', '3', '4');
const agent = fc.constantFrom('a1', 'a2');
const queue = fc.constantFrom('q1', 'q2');
/** Around the change of clocks, so that days have 23 hours, too. */
const moment = fc
  .integer({ min: 0, max: 500 })
  .map((steps) => new Date(Date.UTC(2026, 2, 27, 20, steps * 9)).toISOString());
const seconds = fc.integer({ min: 0, max: 200_000 });
const address = optional(fc.constantFrom('ann@example.com', 'Ann@EXAMPLE.com', 'bob@example.com'));

const conversation = (name: string) =>
  fc.record({
    ...{ id: id.map((one) => `${name}${one}`), startedAtUTC: optional(moment), endedAtUTC: optional(moment) },
    ...{ customerId: optional(fc.constantFrom('k1', 'k2')), nextConversationID: optional(fc.constant('x')) },
    ...{ isOutbound: optional(fc.boolean().map(String)) },
    conversationEndedReason: optional(fc.constantFrom('Abandoned', 'CustomerDisconnected')),
  });
const conversationId = fc.constantFrom('call1', 'call2', 'call3', 'chat1', 'chat2');

const rows: Readonly<Record<SetName, fc.Arbitrary<FeedRow>>> = {
  Calls: conversation('call').map(({ isOutbound, ...row }) => ({
    ...row,
    isOutbound: isOutbound === null ? null : ((isOutbound === 'true') as unknown as string),
  })),
  Chats: conversation('chat').map(({ isOutbound: _, ...row }) => row),
  QueueSegments: fc
    .record({
      ...{ conversationId, queueId: queue, queuedAtUTC: moment, durationInSeconds: optional(seconds) },
      dequeuedReason: optional(fc.constantFrom('AgentConnected', 'CustomerDisconnected')),
    })
    .map((row) => ({ ...row, id: `${row.conversationId} ${row.queueId} ${row.queuedAtUTC}` })),
  Workitems: fc.record({
    ...{ id, primaryConversationID: optional(conversationId), agentId: optional(agent), startTimeUTC: moment },
    ...{ activeDurationInSeconds: optional(seconds), wrapUpDuration: optional(seconds) },
    ...{ queueID: optional(queue), completionCode: optional(fc.constantFrom('Solved', 'Later')) },
    result: optional(fc.constantFrom('Handled', 'Missed', 'Rejected')),
  }),
  AgentStates: fc.record({
    ...{ id, agentID: optional(agent), startTimeUtc: optional(moment), durationInSeconds: optional(seconds) },
    state: fc.constantFrom('Idle', 'Busy', 'Break', 'Logged out'),
  }),
  Users: fc.record({ id: agent, Name: optional(fc.constant('Ann')), emailAddress: address }),
  Queues: fc.record({ id: queue, Name: optional(fc.constantFrom('Sales', 'Service')) }),
};

/** Calls and tasks most of all: rows of others are only purged. */
const often = fc.constantFrom<SetName>(...sets, 'Calls', 'Calls', 'Calls', 'Workitems', 'Workitems', 'AgentStates');

const put = often.chain((set) => rows[set].map((row): ArchiveStep => ({ kind: 'put', set, row })));
const step: fc.Arbitrary<ArchiveStep> = fc.oneof(
  { arbitrary: put, weight: 6 },
  { arbitrary: fc.record({ kind: fc.constant('copy' as const), set: fc.constantFrom(...sets) }), weight: 4 },
  {
    arbitrary: fc.record({
      kind: fc.constant('remove' as const),
      set: often,
      place: fc.nat(5),
    }),
    weight: 3,
  },
  fc.record({ kind: fc.constantFrom('prune' as const, 'forget' as const), set: fc.constantFrom('Calls', 'Workitems') }),
  fc.record({ kind: fc.constant('users' as const), email: address }),
);
/** A feed with rows in all sets, and what happens then. */
export const archiveSteps = fc
  .tuple(
    ...sets.map((set) =>
      fc.array(
        rows[set].map((row): ArchiveStep => ({ kind: 'put', set, row })),
        { minLength: 4, maxLength: 6 },
      ),
    ),
    fc.array(step, { minLength: 5, maxLength: 12, size: 'max' }),
  )
  .map((parts) => parts.flat());

const keysOf = async (feed: Feed): Promise<ReadonlySet<string>> =>
  new Set(
    (await feed.rows<{ key: string }>('SELECT "ConversationKey" AS key FROM feed."Conversations"')).map(
      (row) => row.key,
    ),
  );

/** Takes the steps; asserts that unified rows are what the archived rows say, and that whoever follows them is told which left. */
export async function runArchive(feed: Feed, archived: ArchivedFeed, steps: readonly ArchiveStep[]): Promise<void> {
  let minute = 1;
  for (const one of [...steps, ...sets.map((set): ArchiveStep => ({ kind: 'copy', set }))]) {
    const before = await keysOf(feed);
    minute += 1;
    await take(feed, archived, { one, minute });
    const after = await keysOf(feed);
    const told = await feed.rows<{ key: string }>(
      `SELECT key->>'ConversationKey' AS key FROM gateway.tombstones WHERE entity_set = 'Conversations'`,
    );
    for (const key of before) {
      assert.ok(after.has(key) || told.some((left) => left.key === key), `${key} left untold`);
    }
  }
  await assertConversations(feed);
  await assertAgentDays(feed);
  await assertMadeAnew(feed);
}

async function take(
  feed: Feed,
  archived: ArchivedFeed,
  { one, minute }: { readonly one: ArchiveStep; readonly minute: number },
): Promise<void> {
  const { database, catalogue } = feed;
  switch (one.kind) {
    case 'put':
      archived.put(one.set, one.row);
      return;
    case 'remove':
      await archived.copy(one.set);
      archived.removeAt(one.set, one.place);
      return archived.copy(one.set);
    case 'copy':
      return archived.copy(one.set);
    case 'forget':
      return archived.forget(one.set);
    case 'users':
      return loadRows(feed, 'tracebuzz/users', [{ UserId: 57, Name: 'Ann', Email: one.email }], minute);
    case 'prune': {
      const name = `Buzzeasy${one.set}`;
      const binding = catalogue.sets.get(name);
      assert.ok(binding?.kind === 'upstream' && binding.archive !== undefined);
      const archive = { ...binding.archive, keep: keptFor('1 year') };
      const now = new Date('2027-03-29T12:00:00Z');
      await pruneArchives(
        database,
        { ...catalogue, sets: new Map(catalogue.sets).set(name, { ...binding, archive }) },
        { now, dryRun: false },
      );
    }
  }
}

type Stored = Readonly<Record<string, unknown>>;

/** The rows of an archive; none where there is none. */
async function kept(feed: Feed, set: SetName): Promise<readonly Stored[]> {
  const [there] = await feed.rows<{ there: boolean }>(
    `SELECT to_regclass('gateway_archive."Buzzeasy${set}"') IS NOT NULL AS there`,
  );
  return there?.there === true
    ? feed.rows<Stored & Record<string, never>>(`SELECT * FROM gateway_archive."Buzzeasy${set}"`)
    : [];
}

const number = (value: unknown): number | null => (value === null || value === undefined ? null : Number(value));
const text = (value: unknown): string | null => (value === null || value === undefined ? null : String(value));
const instant = (value: unknown): number | null =>
  value === null || value === undefined ? null : Date.parse(String(value).replace(' ', 'T').replace('+00', 'Z'));
const sum = (values: readonly unknown[]): number | null => {
  const told = values.map(number).filter((one) => one !== null);
  return told.length === 0 ? null : told.reduce((all, one) => all + one, 0);
};
const plus = (left: number | null, right: number | null): number | null =>
  left === null ? right : right === null ? left : left + right;

/** The value of the row with the greatest moment among those that have one; of equal moments the smallest. */
function last(all: readonly Stored[], property: string, by: string): string | null {
  const told = all
    .filter((row) => row[property] !== null)
    .sort(
      (a, b) =>
        (instant(b[by]) ?? Number.NEGATIVE_INFINITY) - (instant(a[by]) ?? Number.NEGATIVE_INFINITY) ||
        (String(a[property]) < String(b[property]) ? -1 : 1),
    );
  return text(told[0]?.[property]);
}

async function assertConversations(feed: Feed): Promise<void> {
  const [segments, tasks] = [await kept(feed, 'QueueSegments'), await kept(feed, 'Workitems')];
  const wanted = new Map<string, unknown>();
  const agents = new Map(
    (
      await feed.rows<{ account: string; agent: string }>(
        'SELECT "AccountKey" AS account, "AgentKey" AS agent FROM feed."AgentAccounts"',
      )
    ).map(({ account, agent: one }) => [account, one]),
  );
  const prefixed = (one: string | null): string | null => (one === null ? null : `buzzeasy:${one}`);
  for (const set of ['Calls', 'Chats'] as const) {
    for (const row of await kept(feed, set)) {
      const own = segments.filter((one) => one['conversationId'] === row['id']);
      const work = tasks.filter((one) => one['primaryConversationID'] === row['id']);
      const key = prefixed(last(work, 'agentId', 'startTimeUTC'));
      const left = own.some((one) => one['dequeuedReason'] === 'CustomerDisconnected');
      wanted.set(`buzzeasy:${String(row['id'])}`, {
        ...{ started: instant(row['startedAtUTC']), ended: instant(row['endedAtUTC']) },
        ...{ channel: set === 'Calls' ? 'Voice' : 'Chat', waited: sum(own.map((one) => one['durationInSeconds'])) },
        handled: plus(
          sum(work.map((one) => one['activeDurationInSeconds'])),
          sum(work.map((one) => one['wrapUpDuration'])),
        ),
        agent: key === null ? null : (agents.get(key) ?? key),
        team: prefixed(last(own, 'queueId', 'queuedAtUTC') ?? last(work, 'queueID', 'startTimeUTC')),
        ...{ reason: last(work, 'completionCode', 'startTimeUTC'), transferred: row['nextConversationID'] !== null },
        abandoned: left || (set === 'Calls' && row['conversationEndedReason'] === 'Abandoned'),
      });
    }
  }
  const stored = await feed.rows<Stored & Record<string, never>>(
    `SELECT * FROM feed."Conversations" WHERE "Source" = 'buzzeasy'`,
  );
  const found = stored.map((row): [string, unknown] => [
    String(row['ConversationKey']),
    {
      ...{ started: instant(row['StartedAt']), ended: instant(row['EndedAt']), channel: row['Channel'] },
      ...{ waited: number(row['WaitSeconds']), handled: number(row['HandleSeconds']), agent: row['AgentKey'] },
      ...{ team: row['TeamKey'], reason: row['Reason'] },
      ...{ transferred: row['Transferred'], abandoned: row['Abandoned'] },
    },
  ]);
  assert.equal(found.length, new Map(found).size, 'none is there twice');
  assert.deepEqual(new Map(found.sort(byKey)), new Map([...wanted].sort(byKey)));
}

const byKey = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1);

const local = (at: number): DateTime => DateTime.fromMillis(at, { zone });

interface Day {
  free: number | null;
  busy: number | null;
  away: number | null;
  handle: number | null;
  handled: number | null;
}

async function assertAgentDays(feed: Feed): Promise<void> {
  const wanted = new Map<string, Day>();
  const dayOf = (who: unknown, day: DateTime): Day => {
    const key = `${String(who)}:${day.toISODate() ?? ''}`;
    const known = wanted.get(key) ?? { free: null, busy: null, away: null, handle: null, handled: null };
    wanted.set(key, known);
    return known;
  };
  const names = { Idle: 'free', Busy: 'busy', Break: 'away' } as const;
  for (const row of await kept(feed, 'AgentStates')) {
    const [from, lasts] = [instant(row['startTimeUtc']), number(row['durationInSeconds'])];
    if (row['agentID'] === null || from === null) {
      continue;
    }
    const end = from + Math.max(0, lasts ?? 0) * 1000;
    for (let day = local(from).startOf('day'); day.toMillis() < end || +day === +local(from).startOf('day'); ) {
      const next = day.plus({ days: 1 });
      const spent = (Math.min(end, next.toMillis()) - Math.max(from, day.toMillis())) / 1000;
      const made = dayOf(row['agentID'], day);
      const name = names[String(row['state']) as keyof typeof names];
      // One that goes on still has no seconds yet.
      if (name !== undefined) {
        made[name] = (made[name] ?? 0) + spent;
      }
      day = next;
    }
  }
  for (const row of await kept(feed, 'Workitems')) {
    const at = instant(row['startTimeUTC']);
    if (row['agentId'] === null || at === null) {
      continue;
    }
    const made = dayOf(row['agentId'], local(at).startOf('day'));
    made.handle = plus(made.handle, plus(number(row['activeDurationInSeconds']), number(row['wrapUpDuration'])));
    made.handled = (made.handled ?? 0) + (row['result'] === 'Handled' ? 1 : 0);
  }
  const stored = await feed.rows<Stored & Record<string, never>>(
    `SELECT * FROM feed."AgentDays" WHERE "Source" = 'buzzeasy'`,
  );
  const found = stored.map((row): [string, unknown] => [
    String(row['SourceId']),
    {
      ...{ free: number(row['AvailableSeconds']), busy: number(row['BusySeconds']), away: number(row['AwaySeconds']) },
      ...{ handle: number(row['HandleSeconds']), handled: number(row['Handled']) },
    },
  ]);
  assert.deepEqual(new Map(found.sort(byKey)), new Map([...wanted].sort(byKey)));
}
