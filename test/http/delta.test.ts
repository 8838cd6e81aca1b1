import assert from 'node:assert/strict';
import fc from 'fast-check';
import { feedCapabilities } from '../../src/http/capabilities.ts';
import { pruneTombstones } from '../../src/warehouse/prune-tombstones.ts';
import { type TestGateway, testGateway } from '../support/gateway.ts';
import { runs } from '../support/runs.ts';
import { Deliveries } from './deliveries.ts';
import { DeltaClient, followers } from './delta-client.ts';

describe('http: delta links, with real loads', () => {
  let feed: TestGateway;
  let deliveries: Deliveries;
  const load: Deliveries['load'] = (...of) => deliveries.load(...of);
  before(async () => {
    feed = await testGateway(undefined, { pageSize: 3 });
    deliveries = new Deliveries(feed);
  });
  after(async () => {
    deliveries.close();
    await feed.close();
  });

  const { follower, brought, sameAsFresh } = followers(() => feed);

  const cases = (...ids: readonly (readonly [number, string])[]) =>
    ids.map(([CaseId, ExternalId]) => ({ CaseId, ExternalId }));

  it('inserted, updated, unchanged rows, and an older file that comes late', async () => {
    const set = 'tracebuzz/cases';
    await load(set, cases([1, 'a'], [2, 'a'], [3, 'a'], [4, 'a'], [5, 'a']));
    const all = await follower('TracebuzzCases');
    const some = await follower("TracebuzzCases?$filter=ExternalId eq 'a'&$orderby=CaseId desc");
    assert.deepEqual([all.pages, all.rows.size, some.rows.size], [2, 5, 5]);
    assert.deepEqual(await brought(all), [0, 0]);
    const counts = await load(set, cases([1, 'a'], [2, 'b'], [6, 'a']));
    assert.deepEqual([counts.inserted, counts.updated, counts.unchanged], [1, 1, 1]);
    assert.deepEqual(await brought(all), [2, 0]);
    assert.deepEqual(await brought(some), [1, 1], 'a row that left the filter is removed');
    await load(set, cases([2, 'a'], [3, 'b']));
    assert.deepEqual(await brought(some), [1, 1], 'and comes back');
    assert.deepEqual(await brought(all), [2, 0]);
    await load(set, cases([1, 'late'], [7, 'late']), { minute: 0 });
    assert.deepEqual(await brought(all), [1, 0], 'an older file adds rows and overwrites none');
    await load(set, cases([1, 'z'], [2, 'z'], [3, 'z'], [4, 'z'], [5, 'z'], [6, 'z'], [7, 'z']));
    assert.deepEqual(await brought(all), [7, 0]);
    assert.equal(all.pages, 3, 'changes come in pages');
    assert.deepEqual(await brought(some), [0, 7]);
    assert.equal(some.rows.size, 0);
  });

  it('snapshots: rows that are kept change, rows that are hidden leave and come back', async () => {
    const labels = (...ids: readonly number[]) => ids.map((LabelId) => ({ LabelId, Name: `n${LabelId}` }));
    await load('tracebuzz/labels', labels(1, 2, 3));
    const kept = await follower('TracebuzzLabels');
    const present = await follower('TracebuzzLabels?$filter=DeletedAt eq null');
    await load('tracebuzz/labels', labels(1, 3));
    assert.deepEqual(await brought(kept), [1, 0]);
    assert.deepEqual(await brought(present), [0, 1]);
    await load('tracebuzz/labels', labels(1, 2, 3));
    assert.deepEqual(await brought(present), [1, 0]);
    const open = (...ids: readonly string[]) => ids.map((ConversationId) => ({ ConversationId, Medium: 'chat' }));
    await load('sparkcentral/open-conversations', open('a', "b'ü/?", 'c', 'd'));
    const hidden = await follower('SparkcentralOpenConversations');
    await load('sparkcentral/open-conversations', open('c'));
    assert.deepEqual(await brought(hidden), [0, 3]);
    await load('sparkcentral/open-conversations', open('c', "b'ü/?"));
    assert.deepEqual(await brought(hidden), [1, 0]);
  });

  it('restated periods and replaced parents: rows that left are removed', async () => {
    const row = (RowDate: string, AgentId: number, AssignedCount: number) => ({ RowDate, AgentId, AssignedCount });
    await load('tracebuzz/agent-statistics', [
      row('2026-01-01', 1, 1),
      row('2026-01-01', 2, 1),
      row('2026-01-02', 1, 1),
    ]);
    const statistics = await follower('TracebuzzAgentStatistics');
    await load('tracebuzz/agent-statistics', [row('2026-01-01', 1, 5), row('2026-01-01', 3, 1)]);
    assert.deepEqual(await brought(statistics), [2, 1]);
    const attribute = (ContactProfileId: string, AttributeId: string) => ({ ContactProfileId, AttributeId });
    await load('sparkcentral/contact-attributes', [attribute('p', '1'), attribute('p', '2'), attribute('q', '1')]);
    const attributes = await follower('SparkcentralContactAttributes');
    await load('sparkcentral/contact-attributes', [attribute('p', '2'), attribute('p', '3')]);
    assert.deepEqual(await brought(attributes), [1, 1]);
  });

  it('a set that is empty as yet can be followed from its first row on', async () => {
    const client = await follower('SparkcentralMessages');
    assert.equal(client.rows.size, 0);
    await load('sparkcentral/messages', [{ MessageId: 'm1', ConversationId: 'c', TagIds: '7' }]);
    assert.deepEqual(await brought(client), [1, 0]);
  });

  it('the form of a delta reply', async () => {
    await load('tracebuzz/agent-statistics', [{ RowDate: '2027-01-01', AgentId: 1 }]);
    const query = 'TracebuzzAgentStatistics?$select=AssignedCount&$count=true&$filter=RowDate ge 2027-01-01';
    const first = await feed.get(query, { Prefer: 'odata.track-changes' });
    const page = (await first.json()) as Record<string, unknown>;
    const id = `${feed.root}TracebuzzAgentStatistics(RowDate=2027-01-01,AgentId=1)`;
    assert.deepEqual(page['value'], [{ '@odata.id': id, AssignedCount: null }], 'without a key, rows have ids');
    await load('tracebuzz/agent-statistics', [{ RowDate: '2027-01-01', AgentId: 2, AssignedCount: 7 }]);
    const reply = await feed.get(String(page['@odata.deltaLink']), { Accept: 'application/json;odata.metadata=none' });
    assert.equal(reply.headers.get('odata-version'), '4.0');
    const { '@odata.deltaLink': next, ...delta } = (await reply.json()) as Record<string, unknown>;
    assert.ok(String(next).startsWith(`${feed.root}TracebuzzAgentStatistics?`));
    assert.deepEqual(delta, {
      '@odata.count': 2,
      value: [
        { '@odata.id': id.replace('AgentId=1', 'AgentId=2'), AssignedCount: 7 },
        { '@odata.context': `${feed.root}$metadata#TracebuzzAgentStatistics/$deletedEntity`, id, reason: 'deleted' },
      ],
    });
    const minimal = (await (await feed.get(String(page['@odata.deltaLink']))).json()) as Record<string, unknown>;
    assert.equal(minimal['@odata.context'], `${feed.root}$metadata#TracebuzzAgentStatistics(AssignedCount)/$delta`);
    const csv = await feed.get(String(page['@odata.deltaLink']), { Accept: 'text/csv' });
    assert.equal(csv.status, 400);
    assert.match(await csv.text(), /\$deltatoken cannot be served as CSV: rows that left have no form in it/);
    const asked = await feed.get(query, { Prefer: 'odata.track-changes', Accept: 'text/csv' });
    assert.equal(asked.headers.get('preference-applied'), null);
    assert.equal(await asked.text(), 'AssignedCount\r\n7\r\n');
    const tagged = await feed.get(String(next));
    const again = await feed.get(String(next), { 'If-None-Match': tagged.headers.get('etag') ?? '' });
    assert.equal(again.status, 304, 'nothing happened since');
  });

  it('loads between the pages are never lost', async () => {
    const set = 'tracebuzz/cases';
    const ids = [11, 12, 13, 14, 15, 16, 17, 18];
    await load(set, cases(...ids.map((id) => [id, 'a'] as const)));
    const client = new DeltaClient(
      feed,
      "TracebuzzCases?$filter=CaseId ge 11 and ExternalId ne 'gone'&$orderby=ExternalId",
    );
    // Rows of pages that were read change, leave the filter, and move to pages that were read.
    const steps = [cases([11, 'zz'], [18, '0']), cases([12, 'gone'], [21, '0'])];
    await client.catchUp(async () => {
      const step = steps.shift();
      if (step !== undefined) {
        await load(set, step);
      }
    });
    await client.catchUp();
    await sameAsFresh(client);
    const more = [cases([13, '0'], [22, '0']), cases([14, 'gone']), cases([14, 'a'])];
    await load(set, cases(...ids.map((id) => [id, 'b'] as const)));
    await client.catchUp(async () => {
      const step = more.shift();
      if (step !== undefined) {
        await load(set, step);
      }
    });
    await client.catchUp();
    await sameAsFresh(client);
  });

  it('cannot be followed: no preference is applied, and no link is given', async () => {
    for (const query of [
      'TracebuzzCases?$top=2',
      'TracebuzzCases?$skip=2',
      'TracebuzzCases?$expand=Person',
      "TracebuzzCases?$filter=Person/PersonId ne 'x'".replace("'x'", '0'),
      'TracebuzzCases?$filter=LoadedAt lt now()',
      'TracebuzzCases?$filter=CaseId ne $root/TracebuzzCases(11)/CaseId',
      'TracebuzzCases?$filter=$root/TracebuzzCases(11) ne null',
      'TracebuzzCases?$compute=Results(1)/Status as S&$select=CaseId,S',
      'TracebuzzCases?$apply=groupby((ExternalId))',
      'TracebuzzCases/$ref',
      'TracebuzzCases(11)',
      'Loads',
    ]) {
      const reply = await feed.get(query, { Prefer: 'odata.track-changes' });
      const body = (await reply.json()) as Record<string, unknown>;
      assert.equal(reply.status, 200, `${query}: ${JSON.stringify(body)}`);
      assert.equal(reply.headers.get('preference-applied'), null, query);
      assert.equal(body['@odata.deltaLink'], undefined, query);
    }
  });

  async function refused(url: string, status: number, code: string): Promise<void> {
    const reply = await feed.get(url);
    const body = (await reply.json()) as { error: { code: string } };
    assert.deepEqual([reply.status, body.error.code], [status, code], JSON.stringify(body));
  }

  it('a link that was changed is refused', async () => {
    const link = (await follower('TracebuzzCases?$filter=CaseId gt 0')).deltaLink ?? '';
    await refused(`${link}&$expand=Person`, 501, 'NotImplemented');
    await refused(`${link}&$top=1`, 501, 'NotImplemented');
    await refused(link.replace('gt%200', 'gt%201').replace('gt 0', 'gt 1'), 400, 'InvalidSkipToken');
    await refused('TracebuzzCases?$deltatoken=abc', 400, 'InvalidSkipToken');
    await refused('Loads?$deltatoken=abc', 501, 'NotImplemented');
  });

  it('old tombstones are forgotten, and with them the links that would need them', async () => {
    const row = (AgentId: number) => ({ RowDate: '2028-01-01', AgentId });
    await load('tracebuzz/agent-statistics', [row(1), row(2), row(3)]);
    const query = 'TracebuzzAgentStatistics?$filter=RowDate ge 2028-01-01';
    const old = (await follower(query)).deltaLink ?? '';
    await load('tracebuzz/agent-statistics', [row(1), row(2)]);
    const client = await follower(query);
    assert.equal(await pruneTombstones(feed.database, 1), 0);
    assert.equal((await feed.get(old)).status, 200);
    await feed.database.query(`UPDATE gateway.tombstones SET deleted_at = now() - interval '2 days'`);
    assert.ok((await pruneTombstones(feed.database, 1)) > 0);
    await refused(old, 410, 'DeltaLinkExpired');
    await load('tracebuzz/agent-statistics', [row(1)]);
    assert.deepEqual(await brought(client), [0, 1], 'a link from after the last of them goes on');
  });

  it('a link into a history that is over is 410: tombstones gone, versions set back, table made anew', async () => {
    const { database } = feed;
    const link = async () => (await follower('TracebuzzLabels')).deltaLink ?? '';
    const labels = (...names: readonly string[]) => names.map((Name, index) => ({ LabelId: index + 1, Name }));
    await load('tracebuzz/labels', labels('a'));
    const old = await link();
    await load('tracebuzz/labels', labels('b'));
    const fresh = await link();
    await database.query(`UPDATE gateway.set_versions SET kept_since = version WHERE entity_set = 'TracebuzzLabels'`);
    await refused(old, 410, 'DeltaLinkExpired');
    assert.equal((await feed.get(fresh)).status, 200);
    await database.query(
      `UPDATE gateway.set_versions SET version = version - 1, kept_since = 0 WHERE entity_set = 'TracebuzzLabels'`,
    );
    await refused(fresh, 410, 'DeltaLinkExpired');
    const before = await link();
    const { rows: keys } = await database.query<{ name: string }>(
      `SELECT indexname AS name FROM pg_indexes WHERE schemaname = 'feed' AND tablename = 'TracebuzzLabels' AND indexname LIKE '%\\_key\\_%'`,
    );
    await database.query(
      `CREATE TABLE feed.copied (LIKE feed."TracebuzzLabels" INCLUDING ALL); DROP TABLE feed."TracebuzzLabels" CASCADE; ALTER TABLE feed.copied RENAME TO "TracebuzzLabels"; GRANT SELECT ON feed."TracebuzzLabels" TO gateway_reader`,
    );
    const { rows: copies } = await database.query<{ name: string }>(
      `SELECT x.relname AS name FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid WHERE i.indrelid = 'feed."TracebuzzLabels"'::regclass AND i.indnullsnotdistinct`,
    );
    // A load looks for the key by its name.
    await database.query(`ALTER INDEX feed."${copies[0]?.name}" RENAME TO "${keys[0]?.name}"`);
    await refused(before, 410, 'DeltaLinkExpired');
    const rebuilt = await link();
    await database.query(`DELETE FROM gateway.set_versions WHERE entity_set = 'TracebuzzLabels'`);
    await refused(rebuilt, 410, 'DeltaLinkExpired');
  });

  it('whatever is loaded, a client that applies deltas has the rows of a fresh read', async () => {
    const text = fc.constantFrom('a', 'b', 'c');
    const unique = <T extends object>(row: fc.Arbitrary<T>, ...key: (keyof T)[]) =>
      fc.uniqueArray(row, { selector: (one) => JSON.stringify(key.map((name) => one[name])), maxLength: 6 });
    const id = fc.integer({ min: 101, max: 107 });
    const conversation = fc.record({
      ConversationId: fc.constantFrom('c1', 'c2', 'c3', 'c4'),
      TopicIds: fc.constantFrom('', '1', '1,2', '3,2'),
      Medium: text,
      LastUpdatedAt: fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'),
    });
    const statistic = fc.record({
      RowDate: fc.constantFrom('2026-05-01', '2026-05-02'),
      AgentId: fc.integer({ min: 1, max: 4 }),
      AssignedCount: fc.integer({ min: 0, max: 3 }),
    });
    const attribute = fc.record({
      ContactProfileId: fc.constantFrom('p', 'q'),
      AttributeId: fc.constantFrom('1', '2', '3'),
      AttributeValue: text,
    });
    const delivery = fc.record({
      minute: fc.integer({ min: 100_000, max: 100_006 }),
      file: fc.oneof(
        unique(fc.record({ CaseId: id, ExternalId: text }), 'CaseId').map((rows) => ['tracebuzz/cases', rows] as const),
        unique(fc.record({ LabelId: id, Name: text }), 'LabelId').map((rows) => ['tracebuzz/labels', rows] as const),
        unique(conversation, 'ConversationId').map((rows) => ['sparkcentral/open-conversations', rows] as const),
        unique(conversation, 'ConversationId').map((rows) => ['sparkcentral/resolved-conversations', rows] as const),
        unique(statistic, 'RowDate', 'AgentId').map((rows) => ['tracebuzz/agent-statistics', rows] as const),
        unique(attribute, 'ContactProfileId', 'AttributeId').map(
          (rows) => ['sparkcentral/contact-attributes', rows] as const,
        ),
      ),
      /** Catch up before it, between its pages, or only later. */
      when: fc.constantFrom('before', 'between', 'later'),
    });
    const queries = [
      'TracebuzzCases',
      "TracebuzzCases?$filter=ExternalId eq 'a'&$orderby=ExternalId desc,CaseId",
      'TracebuzzLabels',
      "TracebuzzLabels?$filter=Name ne 'b' and DeletedAt eq null&$select=Name",
      'SparkcentralOpenConversations',
      "SparkcentralOpenConversations?$filter=Medium eq 'a'",
      'SparkcentralConversations?$orderby=Medium',
      'SparkcentralConversationTopics',
      'SparkcentralTopics',
      'TracebuzzAgentStatistics?$filter=AssignedCount gt 0',
      'TracebuzzAgentStatistics?$compute=AssignedCount mod 2 as Odd&$filter=Odd eq 1&$orderby=Odd&$select=Odd,AgentId',
      'SparkcentralContactAttributes?$search=b',
      'SparkcentralContactAttributes?$orderby=AttributeValue',
    ];
    // Every set has a history from here on.
    await load('tracebuzz/labels', [{ LabelId: 100, Name: 'a' }]);
    await load('sparkcentral/resolved-conversations', [{ ConversationId: 'c0', TopicIds: '9', Medium: 'a' }]);
    const clients: DeltaClient[] = [];
    for (const query of queries) {
      clients.push(await follower(query));
    }
    let deltas = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(delivery, { minLength: 1, maxLength: 5 }), async (deliveries) => {
        for (const { file, minute, when } of deliveries) {
          const [name, rows] = file;
          let pending = true;
          const deliver = async (): Promise<void> => {
            if (pending) {
              await load(name, rows, { minute });
            }
            pending = false;
          };
          const late = when === 'between' ? deliver : async () => {};
          if (when !== 'later') {
            for (const client of clients) {
              await client.catchUp(late);
              deltas += client.changed + client.removed;
            }
          }
          await deliver();
        }
        for (const client of clients) {
          await client.catchUp();
          deltas += client.changed + client.removed;
          await sameAsFresh(client);
        }
      }),
      { numRuns: runs(5) },
    );
    assert.ok(deltas > 30, `${deltas}`);
  });
});

describe('http: what $metadata says of batches, asynchronous requests and changes is true', () => {
  let feed: TestGateway;
  let metadata: string;
  before(async () => {
    feed = await testGateway(undefined, {}, feedCapabilities);
    metadata = await (await feed.get('$metadata')).text();
  });
  after(() => feed.close());

  const says = (term: string): string | undefined =>
    new RegExp(`Capabilities\\.V1\\.${term}" Bool="(\\w+)"`).exec(metadata)?.[1];

  it('BatchSupported, BatchContinueOnErrorSupported, AsynchronousRequestsSupported', async () => {
    assert.deepEqual(['BatchSupported', 'BatchContinueOnErrorSupported', 'AsynchronousRequestsSupported'].map(says), [
      'true',
      'true',
      'true',
    ]);
    const requests = ['Nope', '$metadata'].map((url, id) => ({ id: `${id}`, method: 'get', url }));
    const reply = await fetch(`${feed.root}$batch`, {
      method: 'POST',
      body: JSON.stringify({ requests }),
      headers: { 'Content-Type': 'application/json', Prefer: 'continue-on-error' },
    });
    const { responses } = (await reply.json()) as { responses: { status: number }[] };
    assert.deepEqual(
      responses.map(({ status }) => status),
      [404, 200],
    );
    const later = await feed.get('Loads', { Prefer: 'respond-async' });
    assert.equal(later.status, 202);
    assert.equal((await fetch(later.headers.get('location') ?? '', { method: 'DELETE' })).status, 204);
  });

  it('ChangeTracking of each set', async () => {
    for (const [name, binding] of feed.catalogue.sets) {
      if (binding.kind !== 'stored') {
        continue;
      }
      const [, element = ''] = new RegExp(`<EntitySet Name="${name}"([\\s\\S]*?)</EntitySet>`).exec(metadata) ?? [];
      const said = /V1\.ChangeTracking">\s*<Record>\s*<PropertyValue Property="Supported" Bool="(\w+)"/.exec(
        element,
      )?.[1];
      assert.ok(said !== undefined, name);
      const { status } = await feed.get(`${name}?$deltatoken=damaged`);
      assert.equal(status, said === 'true' ? 400 : 501, name);
    }
  });
});
