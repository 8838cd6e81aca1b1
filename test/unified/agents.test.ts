import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { requireCatalogue } from '../../src/catalogue/read-metadata.ts';
import { makeAgain } from '../../src/ingest/derive/maintain-derived.ts';
import { unifiedIds } from '../../src/ingest/derive/unified-rows.ts';
import { erasePersons } from '../../src/ingest/erase/erase-persons.ts';
import { personalKey } from '../../src/ingest/personal/personal-key.ts';
import { storedTable } from '../../src/ingest/stored/stored-table.ts';
import { useFeed } from '../ingest/support/feed.ts';
import { assertMadeAnew, loadRows, type Row } from './support.ts';
import { wholeCatalogue } from './whole-catalogue.ts';

describe('traps of unified agents, teams, contacts and topics', () => {
  const feed = useFeed(wholeCatalogue);
  const load = (name: string, rows: readonly Row[], minute = 0): Promise<void> => loadRows(feed(), name, rows, minute);
  const agents = () => feed().rows('SELECT "AgentKey" AS key, "Name" AS name FROM feed."Agents" ORDER BY 1');
  const agentOf = async (key: string) =>
    (await feed().rows(`SELECT "AgentKey" AS agent FROM feed."Conversations" WHERE "ConversationKey" = '${key}'`))[0]?.[
      'agent'
    ];
  const message = {
    ...{ MessageId: 'm1', ConversationId: 'a', CreatedAt: '2026-01-01 10:00:00', Direction: 'outbound' },
    ...{
      AgentId: '9',
      AgentName: 'S. de Vries',
      TeamId: '71',
      TeamName: 'Webcare',
      LastUpdatedAt: '2026-01-01 10:00:00',
    },
  };

  it('accounts are one agent by e-mail without case, never by name', async () => {
    await load('tracebuzz/users', [
      { UserId: 57, Name: 'Sanne de Vries', Email: 'Sanne@Example.com' },
      { UserId: 58, Name: 'S. de Vries', Email: null },
    ]);
    await load(
      'tracebuzz/cases',
      [
        { CaseId: 1, HandlerUserId: 57 },
        { CaseId: 2, HandlerUserId: -1 },
      ],
      1,
    );
    await load('sparkcentral/messages', [message], 2);
    assert.deepEqual(
      (await agents()).map(({ key }) => key),
      ['sparkcentral:9', 'tracebuzz:57', 'tracebuzz:58'],
      'nothing but a name is known of the account in the other source',
    );
    await load(
      'sparkcentral/user-presence',
      [
        {
          ...{ UserId: '9', UserName: 'Sanne', UserEmailAddress: 'sanne@example.COM', Type: 'Available' },
          ...{ FromAt: '2026-01-01 09:00:00', ToAt: '2026-01-01 12:00:00' },
        },
      ],
      3,
    );
    assert.deepEqual(
      (await agents()).map(({ key }) => key),
      ['sparkcentral:9', 'tracebuzz:58'],
    );
  });

  it('what an agent did in each source is that of the one agent', async () => {
    assert.equal(await agentOf('tracebuzz:1'), 'sparkcentral:9');
    const rows = await feed().rows('SELECT "AgentKey" AS agent FROM feed."Messages"');
    assert.deepEqual(rows, [{ agent: 'sparkcentral:9' }]);
  });

  it('an account whose agent is not told yet, or is itself, leads to no message that is to be made again', async () => {
    const { catalogue, database } = feed();
    const table = storedTable(catalogue, 'Messages');
    const { derivation } = table.set;
    assert.ok(derivation?.kind === 'unified');
    const accounts = storedTable(catalogue, 'AgentAccounts');
    const ids = unifiedIds(catalogue, { table, derivation }, accounts, `t."AccountKey" = 'sparkcentral:9'`);
    const told = async (agent: string | null) => {
      await database.query(`UPDATE ${accounts.name} SET "AgentKey" = $1 WHERE "AccountKey" = 'sparkcentral:9'`, [
        agent,
      ]);
      return (await feed().rows(ids)).length;
    };
    assert.deepEqual([await told('tracebuzz:57'), await told(null), await told('sparkcentral:9')], [1, 0, 0]);
  });

  it('the system is no agent', async () => {
    assert.equal(await agentOf('tracebuzz:2'), null);
    assert.ok((await agents()).every(({ key }) => key !== 'tracebuzz:-1'));
  });

  it('an agent who gets another address is another agent again, everywhere', async () => {
    await load(
      'tracebuzz/users',
      [
        { UserId: 57, Name: 'Sanne de Vries', Email: 'other@example.com' },
        { UserId: 58, Name: 'S. de Vries', Email: null },
      ],
      4,
    );
    assert.equal(await agentOf('tracebuzz:1'), 'tracebuzz:57');
    await assertMadeAnew(feed());
  });

  it('accounts that the operator lists are one agent, whatever their addresses', async () => {
    const { table } = { table: storedTable(requireCatalogue('metadata', {}), 'AgentAccounts') };
    const { set } = table;
    assert.ok(set.derivation?.kind === 'unified' && set.derivation.match !== null);
    const match = { ...set.derivation.match, same: [['tracebuzz:58', 'tracebuzz:57']] };
    const derivation = { ...set.derivation, match };
    const sets = new Map(feed().catalogue.sets).set('AgentAccounts', { ...set, derivation });
    const catalogue = { ...feed().catalogue, sets };
    await feed().database.transaction((transaction) =>
      makeAgain(transaction, catalogue, {
        derived: { table: { ...table, set: { ...set, derivation } }, derivation },
        marks: { loadId: '1', fileTime: '2026-01-01T00:00:00Z' },
      }),
    );
    assert.deepEqual(
      (await agents()).map(({ key }) => key),
      ['sparkcentral:9', 'tracebuzz:57'],
    );
  });

  it("an agent's own queue is no team; queues and inboxes of one number are two", async () => {
    await load(
      'tracebuzz/cases',
      [
        { CaseId: 3, QueueId: 'u_57' },
        { CaseId: 4, QueueId: '4' },
      ],
      5,
    );
    await load(
      'tracebuzz/service-statistics',
      [{ RowDate: '2026-01-01', Interval: '10:15', ServiceId: 4, ServiceName: 'Webcare' }],
      6,
    );
    const teams = await feed().rows(
      'SELECT "TeamKey" AS key, "Kind" AS kind, "Name" AS name FROM feed."Teams" ORDER BY 1',
    );
    assert.deepEqual(teams, [
      { key: 'sparkcentral:71', kind: 'Team', name: 'Webcare' },
      { key: 'tracebuzz:inbox-4', kind: 'Inbox', name: 'Webcare' },
      { key: 'tracebuzz:queue-4', kind: 'Queue', name: 'Queue 4' },
    ]);
    const cases = await feed().rows(
      `SELECT "SourceId" AS id, "TeamKey" AS team FROM feed."Conversations" WHERE "SourceId" IN ('3', '4') ORDER BY 1`,
    );
    assert.deepEqual(cases, [
      { id: '3', team: null },
      { id: '4', team: 'tracebuzz:queue-4' },
    ]);
  });

  it('topics are those of conversations and the reasons of cases', async () => {
    await load('tracebuzz/labels', [{ LabelId: 7, Name: 'Delivery' }], 7);
    await load('tracebuzz/cases', [{ CaseId: 1, HandlerUserId: 57, ReasonLabelId: 7, PersonId: 88 }], 8);
    await load(
      'sparkcentral/resolved-conversations',
      [
        {
          ConversationId: 'a',
          CreatedAt: '2026-01-01 10:00:00',
          CurrentStatus: 'Resolved',
          TopicIds: 't1,t2',
          TopicNames: 'Refund,Delivery',
          ContactProfileId: 'p1',
          LastUpdatedAt: '2026-01-01 10:00:00',
        },
      ],
      9,
    );
    const rows = await feed().rows(
      'SELECT b."ConversationKey" AS c, b."TopicKey" AS t FROM feed."ConversationTopics" b JOIN feed."Topics" USING ("TopicKey") ORDER BY 1, 2',
    );
    assert.deepEqual(rows, [
      { c: 'sparkcentral:a', t: 'sparkcentral:t1' },
      { c: 'sparkcentral:a', t: 'sparkcentral:t2' },
      { c: 'tracebuzz:1', t: 'tracebuzz:7' },
    ]);
  });

  it('labels of results are topics of their case, once each, and follow when the labels or the case of a result change', async () => {
    const topics = async (id: string): Promise<readonly unknown[]> =>
      (
        await feed().rows(
          `SELECT "TopicKey" AS t FROM feed."ConversationTopics" WHERE "ConversationKey" = 'tracebuzz:${id}' ORDER BY 1`,
        )
      ).map((row) => row['t']);
    const result = { Source: 13, FoundAt: 1750060100, IsOwn: 0 };
    await load(
      'tracebuzz/results',
      [
        { ...result, ResultId: 11, CaseId: 1, Labels: '[7][8]' },
        { ...result, ResultId: 12, CaseId: 1, Labels: '[8]' },
        { ...result, ResultId: 13, CaseId: 2, Labels: '[8]' },
        { ...result, ResultId: 14, Labels: '[9]' },
      ],
      9,
    );
    assert.deepEqual(await topics('1'), ['tracebuzz:7', 'tracebuzz:8']);
    assert.deepEqual(await topics('2'), ['tracebuzz:8']);
    await load(
      'tracebuzz/results',
      [
        { ...result, ResultId: 11, CaseId: 1, Labels: '[]' },
        { ...result, ResultId: 12, CaseId: 2, Labels: '[9]' },
      ],
      10,
    );
    assert.deepEqual(await topics('1'), ['tracebuzz:7'], 'the reason of the case stays');
    assert.deepEqual(await topics('2'), ['tracebuzz:8', 'tracebuzz:9']);
    await assertMadeAnew(feed());
  });

  it('a contact has the name that its source knows', async () => {
    await load(
      'tracebuzz/person-properties',
      [
        { PersonPropertyId: 1, PersonId: 88, Key: 'Name', Value: 'Marie Dupont' },
        { PersonPropertyId: 2, PersonId: 88, Key: 'city', Value: 'Utrecht' },
      ],
      10,
    );
    const rows = await feed().rows('SELECT "ContactKey" AS key, "Name" AS name FROM feed."Contacts" ORDER BY 1');
    assert.deepEqual(rows, [
      { key: 'sparkcentral:p1', name: null },
      { key: 'tracebuzz:88', name: 'Marie Dupont' },
    ]);
    await assertMadeAnew(feed());
  });

  it('rows that are kept no longer leave with what they were made of', async () => {
    await load('tracebuzz/users', [{ UserId: 58, Name: 'S. de Vries', Email: null }], 20);
    const [user] = await feed().rows(
      `SELECT _deleted_at IS NOT NULL AS gone FROM feed."TracebuzzUsers" WHERE "UserId" = 57`,
    );
    assert.deepEqual(user, { gone: true }, 'users who left stay known, and so do their accounts');
    assert.ok((await agents()).some(({ key }) => key === 'tracebuzz:57'));
    await load(
      'sparkcentral/open-conversations',
      [
        {
          ConversationId: 'o',
          CreatedAt: '2026-01-01 10:00:00',
          CurrentStatus: 'New',
          TopicIds: 't9',
          LastUpdatedAt: '2026-01-01 10:00:00',
        },
      ],
      21,
    );
    const topic = () => feed().rows(`SELECT FROM feed."ConversationTopics" WHERE "TopicKey" = 'sparkcentral:t9'`);
    assert.equal((await topic()).length, 1);
    await load('sparkcentral/open-conversations', [], 22);
    assert.equal((await topic()).length, 0);
    await assertMadeAnew(feed());
  });

  it('a person who is erased leaves every set over all sources, and the notes of what left', async () => {
    const { database } = feed();
    const erasing = { ...feed().catalogue, personalKey: personalKey('0123456789abcdef0123456789abcdef') };
    await erasePersons(database, erasing, {
      persons: ['88', 'Marie Dupont'],
      source: null,
      folders: [],
      dryRun: false,
    });
    assert.deepEqual(await feed().rows(`SELECT FROM feed."Contacts" WHERE "Source" = 'tracebuzz'`), []);
    const [left] = await feed().rows(`SELECT "ContactKey" AS contact FROM feed."Conversations" WHERE "SourceId" = '1'`);
    assert.deepEqual(left, { contact: null });
    assert.deepEqual(await feed().rows(`SELECT FROM gateway.tombstones WHERE key::text LIKE '%tracebuzz:88"%'`), []);
    await assertMadeAnew(feed());
  });
});
