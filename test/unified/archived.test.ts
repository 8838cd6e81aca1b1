import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { archivedCatalogue } from '../../src/archive/archives.ts';
import { pruneArchives } from '../../src/archive/prune-archives.ts';
import { keptFor } from '../../src/catalogue/retention.ts';
import { erasePersons } from '../../src/ingest/erase/erase-persons.ts';
import { personalKey } from '../../src/ingest/personal/personal-key.ts';
import { property } from '../edm/small-model.ts';
import { useFeed } from '../ingest/support/feed.ts';
import { ArchivedFeed } from './archived-feed.ts';
import { zone } from './random-days.ts';
import { assertMadeAnew, loadRows } from './support.ts';
import { wholeCatalogue } from './whole-catalogue.ts';

describe('traps of a proxied source that takes part through its archive', () => {
  const feed = useFeed({
    ...{ ...wholeCatalogue, reportingTimeZone: zone },
    personalKey: personalKey('0123456789abcdef0123456789abcdef'),
  });
  const archived = new ArchivedFeed(feed);
  const row = async (key: string) =>
    (await feed().rows(`SELECT * FROM feed."Conversations" WHERE "ConversationKey" = 'buzzeasy:${key}'`))[0] ?? null;

  const described = (set: string): string => archived.archives.catalogue().model.entitySets.get(set)?.description ?? '';

  it('without an archive there are no rows of it, and the sets say so', async () => {
    await archived.restart();
    assert.deepEqual([...(archived.archives.absent().get('Conversations') ?? [])], ['Buzzeasy (Graia CCaaS)']);
    assert.match(
      described('Conversations'),
      /Without rows of Buzzeasy \(Graia CCaaS\), of which nothing is archived\.$/,
    );
    assert.doesNotMatch(described('Messages'), /Without/, 'it has none there in any case');
    await loadRows(feed(), 'tracebuzz/users', [{ UserId: 57, Name: 'Sanne', Email: 'Sanne@example.com' }]);
    assert.deepEqual(await feed().rows(`SELECT FROM feed."Conversations" WHERE "Source" = 'buzzeasy'`), []);
  });

  it('a conversation begins at its time in UTC, waits in queues, is handled by tasks; a transfer is a new one', async () => {
    archived.put('Calls', {
      ...{ id: 'c1', isOutbound: null, startedAt: '2026-03-28T09:00:00+02:00', startedAtUTC: '2026-03-28T23:30:00Z' },
      ...{ endedAtUTC: '2026-03-28T23:40:00Z', durationInSeconds: 600, nextConversationID: 'c2', customerId: 'k1' },
    });
    archived.put('Calls', {
      ...{ id: 'c2', startedAtUTC: '2026-03-28T23:40:00Z', endedAtUTC: '2026-03-28T23:45:00Z', customerId: 'k1' },
      ...{ conversationEndedReason: 'CustomerDisconnected', customerFirstName: 'Jan', customerLastName: 'Jansen' },
    });
    archived.put('Calls', { id: 'c3', startedAtUTC: '2026-03-29T10:00:00Z' });
    const segment = (id: string, conversationId: string, seconds: number, dequeuedReason: string) =>
      archived.put('QueueSegments', {
        ...{ id, conversationId, queueId: `q${id}`, queuedAtUTC: `2026-03-28T23:3${id}:00Z` },
        ...{ durationInSeconds: seconds, dequeuedReason },
      });
    segment('1', 'c1', 30, 'QueueTimedOut');
    segment('2', 'c1', 12, 'AgentConnected');
    segment('3', 'c3', 40, 'CustomerDisconnected');
    archived.put('Workitems', {
      ...{
        id: 'w1',
        primaryConversationID: 'c1',
        agentId: 'a1',
        startTimeUTC: '2026-03-28T23:35:00Z',
        result: 'Handled',
      },
      ...{ activeDurationInSeconds: 100, wrapUpDuration: 20, previewDuration: 7, completionCode: 'Resolved' },
    });
    await archived.copy('Calls', 'QueueSegments', 'Workitems');
    assert.doesNotMatch(described('Conversations'), /Without/);
    assert.match(described('Teams'), /Without/, 'queues are not archived yet');
    const [first, second, third] = [await row('c1'), await row('c2'), await row('c3')];
    assert.deepEqual(
      [first?.['LocalDate'], first?.['LocalHour'], Number(first?.['WaitSeconds']), Number(first?.['HandleSeconds'])],
      ['2026-03-29', 0, 42, 120],
      "preview is no handling, and the tenant's clock does not count",
    );
    assert.deepEqual(
      [first?.['Channel'], first?.['TeamKey'], first?.['AgentKey'], first?.['Reason'], first?.['Direction']],
      ['Voice', 'buzzeasy:q2', 'buzzeasy:a1', 'Resolved', null],
    );
    assert.deepEqual([first?.['ResolutionSeconds'], first?.['FirstResponseSeconds']], [null, null]);
    assert.deepEqual([first?.['Transferred'], second?.['Transferred']], [true, false]);
    assert.deepEqual(
      [first?.['NextConversationKey'], second?.['NextConversationKey'], third?.['NextConversationKey']],
      ['buzzeasy:c2', null, null],
      'three conversations, two contacts',
    );
    assert.deepEqual(
      [first?.['Abandoned'], second?.['Abandoned'], third?.['Abandoned']],
      [false, false, true],
      'who hangs up while speaking did not abandon',
    );
    assert.deepEqual(
      [second?.['ContactKey'], third?.['Status'], second?.['Status']],
      ['buzzeasy:k1', 'Open', 'Closed'],
    );
    const names = await feed().rows(`SELECT "Name" AS name FROM feed."Contacts" WHERE "ContactKey" = 'buzzeasy:k1'`);
    assert.deepEqual(names, [{ name: 'Jan Jansen' }]);
    await assertMadeAnew(feed());
  });

  it('its users are the agents of other sources, by their address', async () => {
    archived.put('Users', { id: 'a1', Name: 'S. de Vries', emailAddress: 'sanne@EXAMPLE.com', userType: 'Agent' });
    await archived.copy('Users');
    assert.equal((await row('c1'))?.['AgentKey'], 'buzzeasy:a1');
    const agents = await feed().rows('SELECT "AgentKey" AS key FROM feed."Agents" ORDER BY 1');
    assert.deepEqual(agents, [{ key: 'buzzeasy:a1' }], 'the first key of both accounts');
    await loadRows(feed(), 'tracebuzz/users', [{ UserId: 57, Name: 'Sanne', Email: 'other@example.com' }], 1);
    assert.equal((await feed().rows('SELECT FROM feed."Agents"')).length, 2);
    await assertMadeAnew(feed());
  });

  it('a state that runs over midnight is cut there, on a day of 23 hours, too', async () => {
    archived.put('AgentStates', {
      ...{ id: 's1', agentID: 'a1', state: 'Idle', startTimeUtc: '2026-03-28T22:00:00Z' },
      durationInSeconds: 25 * 3600,
    });
    await archived.copy('AgentStates');
    const days = await feed().rows<{ id: string; free: string; handled: string }>(
      `SELECT "SourceId" AS id, "AvailableSeconds"::float AS free, "HandleSeconds"::float AS handled FROM feed."AgentDays" ORDER BY 1`,
    );
    assert.deepEqual(days, [
      { id: 'a1:2026-03-28', free: 3600, handled: null },
      { id: 'a1:2026-03-29', free: 23 * 3600, handled: 120 },
      { id: 'a1:2026-03-30', free: 3600, handled: null },
    ]);
  });

  it('rows that are deleted leave, rows that are purged stay, and delta links show it', async () => {
    archived.remove('Calls', 'c2');
    await archived.copy('Calls');
    assert.equal(await row('c2'), null);
    const left = await feed().rows(
      `SELECT key::text AS key FROM gateway.tombstones WHERE entity_set = 'Conversations' ORDER BY 1`,
    );
    assert.deepEqual(left, [{ key: '{"ConversationKey": "buzzeasy:c2"}' }]);
    archived.remove('Calls', 'c1');
    await archived.copy('Calls');
    assert.ok((await row('c1')) !== null, 'the feed has newer rows alone by now');
    await assertMadeAnew(feed());
  });

  it('a person who is erased leaves with the rows of the archive', async () => {
    const { database, catalogue } = feed();
    archived.put('Calls', {
      id: 'c4',
      startedAtUTC: '2026-03-30T10:00:00Z',
      customerId: 'k9',
      customerLastName: 'Duval',
    });
    await archived.copy('Calls');
    const erasing = await archivedCatalogue(database, catalogue);
    await erasePersons(database, erasing, { persons: ['k9', 'Duval'], source: null, folders: [], dryRun: false });
    assert.deepEqual(await feed().rows(`SELECT FROM feed."Contacts" WHERE "ContactKey" LIKE '%k9'`), []);
    assert.equal((await row('c4'))?.['ContactKey'] ?? null, null);
    assert.deepEqual(await feed().rows(`SELECT FROM gateway.tombstones WHERE key::text LIKE '%k9"%'`), []);
    await assertMadeAnew(feed());
  });

  it('rows that are kept no longer leave with those of the archive', async () => {
    const { database, catalogue } = feed();
    const binding = catalogue.sets.get('BuzzeasyCalls');
    assert.ok(binding?.kind === 'upstream' && binding.archive !== undefined);
    const archive = { ...binding.archive, keep: keptFor('1 year') };
    const sets = new Map(catalogue.sets).set('BuzzeasyCalls', { ...binding, archive });
    const now = new Date('2027-04-01T12:00:00Z');
    await pruneArchives(database, { ...catalogue, sets }, { now, dryRun: false });
    assert.equal(await row('c1'), null);
    assert.equal(await row('c3'), null);
    await assertMadeAnew(feed());
    archived.put('Calls', { id: 'c3', startedAtUTC: '2026-03-29T10:00:00Z' });
  });

  it('names and types are those of the documents, whatever the feed calls them; what it does not have is null', async () => {
    await archived.forget('Calls');
    const live = feed().catalogue;
    const set = live.model.entitySets.get('BuzzeasyCalls');
    assert.ok(set !== undefined);
    const own = ['id', 'customerId', 'nextConversationID'].map((name) => set.entityType.properties.get(name));
    const properties = [
      ...own.filter((one) => one !== undefined),
      { ...property('StartedAtUtc', 'Edm.DateTimeOffset'), personalData: 'none' as const },
      { ...property('isOutbound', 'Edm.String'), personalData: 'none' as const },
    ];
    const entityType = { ...set.entityType, properties: new Map(properties.map((one) => [one.name, one])) };
    const entitySets = new Map(live.model.entitySets).set('BuzzeasyCalls', { ...set, entityType });
    archived.feed.sets.delete('BuzzeasyCalls');
    archived.put('Calls', { id: 'n1', StartedAtUtc: '2026-03-30T10:00:00Z', isOutbound: 'true', customerId: 'k2' });
    const documented = live.sets.get('BuzzeasyCalls');
    assert.ok(documented?.kind === 'upstream' && documented.archive !== undefined);
    const by = { ...documented, archive: { ...documented.archive, by: null } };
    const feeds = { ...live, model: { ...live.model, entitySets }, sets: new Map(live.sets).set('BuzzeasyCalls', by) };
    await archived.restart(feeds);
    await archived.copy('Calls');
    const found = await row('n1');
    assert.deepEqual(
      [found?.['LocalDate'], found?.['LocalHour'], found?.['Direction'], found?.['EndedAt'], found?.['ContactKey']],
      ['2026-03-30', 12, null, null, 'buzzeasy:k2'],
    );
    const lacking = archived.events.flatMap((one) => (one.event === 'archive-lacking' ? [one.message ?? ''] : []));
    assert.equal(lacking.length, 1, 'once');
    const told = lacking[0]?.split('; ') ?? [];
    assert.ok(told.includes('endedAtUTC is not in the feed'), lacking[0]);
    assert.ok(told.includes('isOutbound is Edm.String, which is no Edm.Boolean'), lacking[0]);
    assert.ok(told.includes('rows cannot be copied by startedAtUTC, so all are compared'), lacking[0]);
    assert.ok(!told.some((one) => /^(?:startedAtUTC|customerId) /.test(one)), lacking[0]);
    assert.deepEqual(
      await feed().rows(`SELECT "Lacking" FROM gateway.archived_sets WHERE "EntitySet" = 'BuzzeasyCalls'`),
      [{ Lacking: lacking[0] }],
    );
    await archived.restart();
    archived.put('Calls', { id: 'n2', startedAtUTC: '2026-03-31T10:00:00Z', StartedAtUtc: '2026-03-31T10:00:00Z' });
    await assertMadeAnew(feed());
    await archived.forget('Calls');
    await archived.restart();
  });

  it('nothing is told of a feed that gives all that its documents say', async () => {
    await archived.copy('Calls');
    assert.deepEqual(
      archived.events.filter(({ event }) => event === 'archive-lacking'),
      [],
    );
    assert.deepEqual(await feed().rows(`SELECT FROM gateway.archived_sets WHERE "Lacking" IS NOT NULL`), []);
  });

  it('an archive that is let go takes its rows along', async () => {
    archived.feed.sets.delete('BuzzeasyCalls');
    archived.put('Calls', { id: 'c3', startedAtUTC: '2026-03-29T10:00:00Z' });
    await archived.copy('Calls');
    assert.ok((await row('c3')) !== null);
    await archived.forget('Calls');
    assert.deepEqual(await feed().rows(`SELECT FROM feed."Conversations" WHERE "Source" = 'buzzeasy'`), []);
    await assertMadeAnew(feed());
    await archived.copy('Calls');
    assert.ok((await row('c3')) !== null);
    await assertMadeAnew(feed());
  });
});
