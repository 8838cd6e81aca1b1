import assert from 'node:assert/strict';
import { startTestServer, type TestServer } from './test-server.ts';

const rows = `
  INSERT INTO feed."Agents" ("Id", "Name", "LeaderId") VALUES (1, 'Ann', NULL), (2, 'Bob', 1), (3, 'Cid', 2);
  INSERT INTO feed."Cases" ("Id", "Title", "AgentId") VALUES (1, 'First', 2), (2, 'Second', NULL), (3, 'Third', 3);
  INSERT INTO feed."Messages" ("CaseId", "Number", "Body", "AgentId") VALUES (1, 1, E'a\\u0001b', 1), (1, 2, NULL, NULL);`;

type Json = Record<string, unknown>;
const navigations: Readonly<Record<string, readonly string[]>> = {
  Case: ['Agent', 'Messages'],
  Agent: ['Leader', 'Team', 'Cases'],
  Message: ['Case', 'Agent'],
};
const fullMetadata = { Accept: 'application/json;odata.metadata=full' };

/** Every entity in a reply, nested ones too. */
function entitiesOf(json: unknown): Json[] {
  if (typeof json !== 'object' || json === null) {
    return [];
  }
  if (Array.isArray(json)) {
    return json.flatMap(entitiesOf);
  }
  const own = '@odata.type' in json ? [json as Json] : [];
  return [...own, ...Object.values(json).flatMap(entitiesOf)];
}

function linksOf(entity: Json, names: readonly string[]): Json {
  const id = String(entity['@odata.id']);
  return Object.fromEntries(
    names.flatMap((name) => [
      [`${name}@odata.associationLink`, `${id}/${name}/$ref`],
      [`${name}@odata.navigationLink`, `${id}/${name}`],
    ]),
  );
}

const writtenLinks = (entity: Json): Json =>
  Object.fromEntries(Object.entries(entity).filter(([name]) => /@odata\.\w+Link$/.test(name)));

describe('http: navigation links of metadata=full', () => {
  let feed: TestServer;
  before(async () => {
    feed = await startTestServer({ rows });
  });
  after(() => feed.close());

  async function json(path: string, headers: Record<string, string> = fullMetadata): Promise<Json> {
    const reply = await feed.get(path, headers);
    const text = await reply.text();
    assert.equal(reply.status, 200, `${path}: ${text}`);
    return JSON.parse(text) as Json;
  }

  for (const [path, count] of [
    ['Cases', 3],
    ['Cases(1)', 1],
    ['Messages(CaseId=1,Number=2)', 1],
    ['Cases(1)/Agent', 1],
    ['Cases?$apply=filter(Id gt 1)', 2],
    ['Agents?$expand=Cases($expand=Messages($expand=Case,Agent;$count=true)),Leader($expand=Team)', 14],
    ['$crossjoin(Cases,Agents)?$expand=Cases($expand=Messages)&$filter=Cases/AgentId eq Agents/Id', 4],
  ] as const) {
    it(`${path}: every entity has both links of every navigation property`, async () => {
      const entities = entitiesOf(await json(path));
      assert.equal(entities.length, count);
      for (const entity of entities) {
        const names = navigations[String(entity['@odata.type']).replace('#Feed.', '')] ?? [];
        assert.deepEqual(writtenLinks(entity), linksOf(entity, names));
      }
    });
  }

  it('the links lead to what $expand gives', async () => {
    const { value } = (await json('Cases?$expand=Agent,Messages')) as { value: Json[] };
    for (const entity of value) {
      const { value: messages } = await json(String(entity['Messages@odata.navigationLink']));
      assert.deepEqual(messages, entity['Messages']);
      const { value: references } = await json(String(entity['Messages@odata.associationLink']));
      const idsOf = (list: unknown): unknown[] => (list as Json[]).map((one) => one['@odata.id']);
      assert.deepEqual(idsOf(references), idsOf(messages));
      const agent = await feed.get(String(entity['Agent@odata.navigationLink']), fullMetadata);
      if (entity['Agent'] === null) {
        assert.equal(agent.status, 204);
      } else {
        const { '@odata.context': _, ...found } = (await agent.json()) as Json;
        assert.deepEqual(found, entity['Agent']);
      }
    }
  });

  it('$select: links of the navigation properties that are selected or expanded', async () => {
    const cases: readonly [string, readonly string[]][] = [
      ['Cases(1)?$select=Id', []],
      ['Cases(1)?$select=Id,Messages', ['Messages']],
      ['Cases(1)?$select=Id&$expand=Agent($select=Id)', ['Agent']],
      ['Cases(1)?$select=Messages&$expand=Agent/$ref', ['Agent', 'Messages']],
    ];
    for (const [path, names] of cases) {
      const entity = await json(path);
      assert.deepEqual(writtenLinks(entity), linksOf(entity, names), path);
    }
  });

  it('they follow the id, or stand immediately before what is expanded, since replies say odata.streaming', async () => {
    const entity = await json('Cases(1)?$select=Id,Agent&$expand=Messages($select=Number;$count=true)');
    assert.deepEqual(Object.keys(entity), [
      '@odata.context',
      '@odata.type',
      '@odata.id',
      'Agent@odata.associationLink',
      'Agent@odata.navigationLink',
      'Id@odata.type',
      'Id',
      'Messages@odata.associationLink',
      'Messages@odata.navigationLink',
      'Messages@odata.count',
      'Messages',
    ]);
  });

  it('nothing of them in references, nor with minimal or no metadata', async () => {
    const query = 'Cases?$expand=Agent,Messages';
    for (const path of ['Cases/$ref', 'Cases(1)/Messages/$ref']) {
      assert.doesNotMatch(JSON.stringify(await json(path)), /Link"/);
    }
    for (const level of ['minimal', 'none']) {
      assert.doesNotMatch(
        JSON.stringify(await json(query, { Accept: `application/json;odata.metadata=${level}` })),
        /Link"/,
      );
    }
  });
});
