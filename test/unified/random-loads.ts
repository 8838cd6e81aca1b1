import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Feed } from '../ingest/support/feed.ts';
import { agentMetric, agentStatistic, assertDays, period, serviceStatistic } from './random-days.ts';
import { assertMadeAnew, loadRows, type Row } from './support.ts';

/** A file of an export, and the minute after the anchor that it speaks of. */
export interface RandomFile {
  readonly name: string;
  readonly minute: number;
  readonly rows: readonly Row[];
  /** Of exports whose rows do not say theirs. */
  readonly period?: string;
}

const id = fc.constantFrom('a', 'b', 'c');
const optional = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(of, { nil: null, freq: 3 });
const minute = fc.integer({ min: 0, max: 400 });
const at = (minutes: number): string =>
  new Date(Date.UTC(2026, 2, 28, 22, minutes * 13)).toISOString().slice(0, 19).replace('T', ' ');
const medium = optional(fc.constantFrom('WHATSAPP', 'Facebook', 'sms', 'Carrier pigeon', ''));

const rowsOf = (make: fc.Arbitrary<Row>, key: string): fc.Arbitrary<readonly Row[]> =>
  fc.uniqueArray(make, { selector: (row) => row[key], minLength: 0, maxLength: 3 });

const conversation = (minutes: number, resolved: boolean): fc.Arbitrary<Row> =>
  fc
    .record({
      ConversationId: id,
      Medium: medium,
      created: minute,
      status: fc.constantFrom('New', 'Pending'),
      InboundMessageCount: optional(fc.nat(9)),
      LastStatusChangeTeamId: optional(fc.constantFrom('71', '72')),
      FirstResponseTimeSeconds: optional(fc.constantFrom(59, 60, 61)),
      score: optional(fc.integer({ min: 1, max: 5 })),
    })
    .map(({ created, status, score, ...row }) => ({
      ...row,
      CreatedAt: at(created),
      CurrentStatus: resolved ? 'Resolved' : status,
      ...(resolved ? { ResolvedAt: at(created + 5), CsatScore: score } : {}),
      LastUpdatedAt: at(minutes),
    }));

const message = (minutes: number): fc.Arbitrary<Row> =>
  fc
    .record({
      MessageId: fc.constantFrom('m1', 'm2', 'm3', 'm4'),
      ConversationId: optional(id),
      Medium: medium,
      created: minute,
      Direction: optional(fc.constantFrom('inbound', 'Outbound', 'sideways')),
      deleted: fc.boolean(),
      AgentId: optional(fc.constantFrom('8', '9')),
      Content: optional(fc.constantFrom('x', 'y')),
      SystemUserType: optional(fc.constant('AUTOMATION')),
    })
    .map(({ created, deleted, ...row }) => ({
      ...row,
      CreatedAt: at(created),
      DeletedAt: deleted ? at(created + 1) : null,
      LastUpdatedAt: at(minutes),
    }));

const result: fc.Arbitrary<Row> = fc
  .record({
    ResultId: fc.integer({ min: 1, max: 5 }),
    CaseId: optional(fc.integer({ min: 1, max: 3 })),
    Source: optional(fc.constantFrom(3, 13, 99)),
    Type: optional(fc.constantFrom(2, 4)),
    found: optional(minute),
    IsOwn: optional(fc.constantFrom(0, 1)),
    IsOwnedByExternalService: optional(fc.constantFrom(0, 1)),
  })
  .map(({ found, ...row }) => ({ ...row, FoundAt: found === null ? null : 1_774_735_200 + found * 780 }));

const address = optional(fc.constantFrom('ann@example.com', 'Ann@Example.com', 'bob@example.com'));

const user: fc.Arbitrary<Row> = fc.record({ UserId: fc.integer({ min: 57, max: 59 }), Email: address });

const presence: fc.Arbitrary<Row> = fc
  .record({ UserId: fc.constantFrom('8', '9'), UserEmailAddress: address, from: minute })
  .map(({ from, ...row }) => ({ ...row, Type: 'Available', FromAt: at(from), ToAt: at(from + 1) }));

const label: fc.Arbitrary<Row> = fc.record({
  LabelId: fc.integer({ min: 7, max: 8 }),
  Name: fc.constantFrom('Delivery', 'Refund'),
});

const caseRow: fc.Arbitrary<Row> = fc
  .record({
    CaseId: fc.integer({ min: 1, max: 3 }),
    ReasonLabelId: optional(fc.constantFrom(7, 8)),
    HandlerUserId: optional(fc.constantFrom(-1, 57, 58)),
    QueueId: optional(fc.constantFrom('12', '13', 'u_57')),
    closed: optional(minute),
  })
  .map(({ closed, ...row }) => ({ ...row, ClosedAt: closed === null ? null : 1_774_800_000 + closed * 780 }));

/** Files of several sources in random order, each of a minute of its own: some are late. */
export const randomFiles: fc.Arbitrary<readonly RandomFile[]> = fc
  .uniqueArray(fc.integer({ min: 1, max: 200 }), { minLength: 3, maxLength: 9 })
  .chain((minutes) =>
    fc.tuple(
      ...minutes.map((one) =>
        fc
          .constantFrom<readonly [string, fc.Arbitrary<readonly Row[]>, fc.Arbitrary<string>?]>(
            ...['sparkcentral', 'hootsuite-inbox'].flatMap(
              (source): (readonly [string, fc.Arbitrary<readonly Row[]>, fc.Arbitrary<string>?])[] => [
                [`${source}/resolved-conversations`, rowsOf(conversation(one, true), 'ConversationId')],
                [`${source}/open-conversations`, rowsOf(conversation(one, false), 'ConversationId')],
                [`${source}/messages`, rowsOf(message(one), 'MessageId')],
                [`${source}/user-presence`, rowsOf(presence, 'UserId')],
                [`${source}/agent-metrics`, rowsOf(agentMetric(source), 'once'), period],
              ],
            ),
            ['tracebuzz/results', rowsOf(result, 'ResultId')],
            ['tracebuzz/cases', rowsOf(caseRow, 'CaseId')],
            ['tracebuzz/labels', rowsOf(label, 'LabelId')],
            ['tracebuzz/users', rowsOf(user, 'UserId')],
            ['tracebuzz/agent-statistics', rowsOf(agentStatistic, 'once')],
            ['tracebuzz/service-statistics', rowsOf(serviceStatistic, 'once')],
          )
          .chain(([name, rows, span]) =>
            fc
              .tuple(rows, span ?? fc.constant(null))
              .map(([made, said]): RandomFile => ({ name, minute: one, rows: made, ...(said && { period: said }) })),
          ),
      ),
    ),
  );

const text = (value: unknown): string | null => (value === null || value === undefined ? null : String(value));

const channels: Readonly<Record<string, string>> = {
  WHATSAPP: 'WhatsApp',
  Facebook: 'Facebook',
  sms: 'SMS',
  'Carrier pigeon': 'Other',
};
const platforms: Readonly<Record<string, string>> = { 3: 'Twitter', 13: 'WhatsApp', 99: 'Other' };
const directionOf = (said: unknown): string | null => {
  const word = text(said)?.toLowerCase() ?? '';
  return word.startsWith('in') ? 'Inbound' : word.startsWith('out') ? 'Outbound' : null;
};
const instant = (value: unknown): number | null =>
  value === null || value === undefined ? null : Date.parse(String(value).replace(' ', 'T').replace('+00', 'Z'));

type Stored = Readonly<Record<string, unknown>>;

/** What the unified rows must be, by source and id, told of the stored rows of the sources by hand. */
async function expected(
  feed: Feed,
  newness: ReadonlyMap<string, number>,
): Promise<{ conversations: Map<string, unknown>; messages: Map<string, unknown> }> {
  const rows = (set: string, hidden = false): Promise<readonly Stored[]> =>
    feed.rows<Stored & Record<string, never>>(
      `SELECT * FROM feed."${set}"${hidden ? ' WHERE _deleted_at IS NULL' : ''}`,
    );
  const conversations = new Map<string, unknown>();
  const messages = new Map<string, unknown>();
  const contenders = new Map<string, { newness: number; key: string; row: unknown }>();
  const written = new Map<
    string,
    { newness: number; key: string; row: { readonly conversation: () => string | null } }
  >();
  for (const [source, prefix] of [
    ['sparkcentral', 'Sparkcentral'],
    ['hootsuite-inbox', 'HootsuiteInbox'],
  ] as const) {
    const own = await rows(`${prefix}Messages`);
    for (const kind of ['resolved', 'open'] as const) {
      const set = kind === 'resolved' ? 'ResolvedConversations' : 'OpenConversations';
      for (const row of await rows(`${prefix}${set}`, kind === 'open')) {
        const newest = newness.get(`${source}/${kind}-conversations ${String(row['ConversationId'])}`) ?? 0;
        const first = own
          .filter((one) => one['ConversationId'] === row['ConversationId'] && one['Direction'] !== null)
          .sort(
            (a, b) =>
              (instant(a['CreatedAt']) ?? 0) - (instant(b['CreatedAt']) ?? 0) ||
              (String(a['Direction']).toLowerCase() < String(b['Direction']).toLowerCase() ? -1 : 1),
          )[0];
        const made = {
          channel: channels[text(row['Medium']) ?? ''] ?? null,
          direction: directionOf(first?.['Direction']),
          started: instant(row['CreatedAt']),
          ended: instant(row['ResolvedAt']),
          status: row['CurrentStatus'] === 'Resolved' ? 'Closed' : 'Open',
          score: text(row['CsatScore']),
          inbound: text(row['InboundMessageCount']),
          reason: null,
        };
        const before = contenders.get(String(row['ConversationId']));
        if (before === undefined || before.newness < newest) {
          contenders.set(String(row['ConversationId']), {
            newness: newest,
            key: `${source}:${String(row['ConversationId'])}`,
            row: made,
          });
        }
      }
    }
    for (const row of own) {
      const newest = newness.get(`${source}/messages ${String(row['MessageId'])}`) ?? 0;
      const before = written.get(String(row['MessageId']));
      if (before === undefined || before.newness < newest) {
        const made = {
          // Whichever source has the row of the conversation that counts.
          conversation: (): string | null =>
            row['ConversationId'] === null
              ? null
              : (contenders.get(String(row['ConversationId']))?.key ?? `${source}:${String(row['ConversationId'])}`),
          channel: channels[text(row['Medium']) ?? ''] ?? null,
          direction: directionOf(row['Direction']),
          sent: instant(row['CreatedAt']),
          bot: row['SystemUserType'] !== null,
          text: row['DeletedAt'] === null ? row['Content'] : null,
        };
        written.set(String(row['MessageId']), {
          newness: newest,
          key: `${source}:${String(row['MessageId'])}`,
          row: made,
        });
      }
    }
  }
  for (const { key, row } of contenders.values()) {
    conversations.set(key, row);
  }
  for (const { key, row } of written.values()) {
    messages.set(key, { ...row, conversation: row.conversation() });
  }
  const results = await rows('TracebuzzResults');
  const labels = new Map((await rows('TracebuzzLabels')).map((row) => [text(row['LabelId']), text(row['Name'])]));
  for (const row of await rows('TracebuzzCases')) {
    const own = results.filter((one) => text(one['CaseId']) === text(row['CaseId']));
    const found = own
      .filter((one) => one['FoundAt'] !== null)
      .sort((a, b) => (instant(a['FoundAt']) ?? 0) - (instant(b['FoundAt']) ?? 0));
    const firstOf = (property: string): unknown => {
      const known = found.filter((one) => one[property] !== null);
      const least = instant(known[0]?.['FoundAt']);
      const equal = known.filter((one) => instant(one['FoundAt']) === least).map((one) => one[property]);
      return equal.sort((a, b) => Number(a) - Number(b))[0];
    };
    const began = firstOf('IsOwn');
    conversations.set(`tracebuzz:${text(row['CaseId'])}`, {
      channel: platforms[text(firstOf('Source')) ?? ''] ?? null,
      direction: began === undefined ? null : began === true ? 'Outbound' : 'Inbound',
      started: instant(found[0]?.['FoundAt']),
      ended: instant(row['ClosedAt']),
      status: row['ClosedAt'] === null ? 'Open' : 'Closed',
      score: null,
      inbound: text(own.filter((one) => one['IsOwn'] === false).length),
      reason: row['ReasonLabelId'] === null ? null : (labels.get(text(row['ReasonLabelId'])) ?? null),
    });
  }
  for (const row of results) {
    messages.set(`tracebuzz:${text(row['ResultId'])}`, {
      conversation: row['CaseId'] === null ? null : `tracebuzz:${text(row['CaseId'])}`,
      channel: platforms[text(row['Source']) ?? ''] ?? null,
      direction: row['IsOwn'] === null ? null : row['IsOwn'] === true ? 'Outbound' : 'Inbound',
      sent: instant(row['FoundAt']),
      bot: row['IsOwnedByExternalService'],
      text: row['Content'],
    });
  }
  return { conversations, messages };
}

const sorted = (rows: ReadonlyMap<string, unknown>): readonly unknown[] =>
  [...rows].sort(([a], [b]) => (a < b ? -1 : 1));

/** Loads the files in their order and asserts that every unified row is what its source's rows say, that none is missing and none is double. */
export async function assertUnified(feed: Feed, files: readonly RandomFile[]): Promise<void> {
  const newness = new Map<string, number>();
  for (const { name, minute: one, rows, period: said } of files) {
    await loadRows(feed, name, rows, one, said);
    const key = name.endsWith('messages') ? 'MessageId' : 'ConversationId';
    for (const row of rows) {
      const thing = `${name} ${String(row[key])}`;
      newness.set(thing, Math.max(newness.get(thing) ?? 0, one));
    }
  }
  const wanted = await expected(feed, newness);
  const conversations = new Map(
    (await feed.rows<Stored & Record<string, never>>('SELECT * FROM feed."Conversations"')).map((row) => [
      String(row['ConversationKey']),
      {
        ...{
          channel: row['Channel'],
          direction: row['Direction'],
          started: instant(row['StartedAt']),
          ended: instant(row['EndedAt']),
        },
        ...{
          status: row['Status'],
          score: text(row['CsatScore']),
          inbound: text(row['MessagesIn']),
          reason: row['Reason'],
        },
      },
    ]),
  );
  assert.deepEqual(sorted(conversations), sorted(wanted.conversations));
  const messages = new Map(
    (await feed.rows<Stored & Record<string, never>>('SELECT * FROM feed."Messages"')).map((row) => [
      String(row['MessageKey']),
      {
        ...{ conversation: row['ConversationKey'], channel: row['Channel'], direction: row['Direction'] },
        ...{ sent: instant(row['SentAt']), bot: row['IsBot'], text: row['Text'] },
      },
    ]),
  );
  assert.deepEqual(sorted(messages), sorted(wanted.messages));
  await assertMadeAnew(feed);
  await assertAgents(feed);
  await assertDays(feed);
}

/** Asserts that accounts with one address are one agent, and that agents are just these. */
export async function assertAgents(feed: Feed): Promise<void> {
  const accounts = await feed.rows<{ key: string; agent: string; email: string | null }>(
    'SELECT "AccountKey" AS key, "AgentKey" AS agent, "Email" AS email FROM feed."AgentAccounts" ORDER BY 1',
  );
  const wanted = accounts.map(({ key, email }) => {
    const same = accounts.filter((one) => email !== null && one.email?.toLowerCase() === email.toLowerCase());
    return same[0]?.key ?? key;
  });
  assert.deepEqual(
    accounts.map(({ agent }) => agent),
    wanted,
  );
  const agents = await feed.rows<{ key: string }>('SELECT "AgentKey" AS key FROM feed."Agents" ORDER BY 1');
  assert.deepEqual(
    agents.map(({ key }) => key),
    [...new Set(wanted)].sort(),
  );
}

/** Takes all rows out, so that the next run begins with nothing. */
export async function emptyFeed(feed: Feed): Promise<void> {
  const tables = [...feed.catalogue.sets.values()].flatMap((set) =>
    set.kind === 'stored' && (set.role === 'export' || (set.role === 'derived' && set.derivation !== null))
      ? [`feed."${set.name}"`]
      : [],
  );
  await feed.rows(`TRUNCATE ${tables.join(', ')}, gateway.confirmation, gateway.load CASCADE`);
}
