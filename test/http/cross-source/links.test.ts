import assert from 'node:assert/strict';
import { type JoinedGateway, joinedGateway, judge } from './joined-gateway.ts';

type Row = Record<string, unknown>;

const full = { Accept: 'application/json;odata.metadata=full' };

/** Every entity in a reply, nested ones too. */
function entitiesOf(json: unknown): Row[] {
  if (typeof json !== 'object' || json === null) {
    return [];
  }
  if (Array.isArray(json)) {
    return json.flatMap(entitiesOf);
  }
  const own = '@odata.type' in json ? [json as Row] : [];
  return [...own, ...Object.values(json).flatMap(entitiesOf)];
}

const writtenLinks = (entity: Row): Row =>
  Object.fromEntries(Object.entries(entity).filter(([name]) => /@odata\.\w+Link$/.test(name)));

function linksOf(entity: Row, names: readonly string[]): Row {
  const id = String(entity['@odata.id']);
  return Object.fromEntries(
    names.flatMap((name) => [
      [`${name}@odata.associationLink`, `${id}/${name}/$ref`],
      [`${name}@odata.navigationLink`, `${id}/${name}`],
    ]),
  );
}

describe('navigation links of metadata=full, proxied and joined rows', () => {
  let gateway: JoinedGateway;

  before(async () => {
    gateway = await joinedGateway();
    const agents = (await gateway.json('BuzzeasyAgents?$select=ID')).value;
    const calls = (await gateway.json('BuzzeasyCalls?$select=id')).value;
    const rows = [1, 2, 3, 4, 5, 6].map(
      (n) => [n, n === 6 ? null : String(calls[n]?.['id']), n === 5 ? null : String(agents[n % 2]?.['ID']), n] as const,
    );
    await judge(gateway.database, rows);
  });
  after(() => gateway?.close());

  async function read(query: string): Promise<Row> {
    const reply = await gateway.get(query, full);
    const text = await reply.text();
    assert.equal(reply.status, 200, `${query}: ${text}`);
    return JSON.parse(text) as Row;
  }

  /** The navigation properties of the type that an entity names. */
  function navigations(entity: Row): readonly string[] {
    const name = String(entity['@odata.type']).split('.').pop();
    const set = [...gateway.proxied.catalogue().model.entitySets.values()].find((one) => one.entityType.name === name);
    assert.ok(set !== undefined, String(entity['@odata.type']));
    return [...set.entityType.navigationProperties.keys()];
  }

  for (const [query, types] of [
    ['BuzzeasyAgents?$top=3', ['Agent']],
    ['BuzzeasyCalls?$top=3&$expand=Channel($expand=BusinessUnit)', ['BusinessUnit', 'Call', 'Channel']],
    ['BuzzeasyCalls?$top=2&$expand=ChannelTypeLookup', ['Call', 'ChannelType']],
    ['TracebuzzJudgements?$expand=Agent,Call', ['Agent', 'Call', 'Judgement']],
    ['BuzzeasyAgents?$expand=Judgements($expand=Call)', ['Agent', 'Call', 'Judgement']],
    ['TracebuzzJudgements(1)?$expand=Call', ['Call', 'Judgement']],
    ['TracebuzzJudgements(1)/Agent', ['Agent']],
  ] as const) {
    it(`${query}: every entity has both links of every navigation property`, async () => {
      const entities = entitiesOf(await read(query));
      assert.ok(entities.length > 0);
      const found = new Set(
        entities.map((one) => String(one['@odata.type']).replace(/^.*\.(Buzzeasy|Tracebuzz)?/, '')),
      );
      assert.deepEqual([...found].sort(), types);
      for (const entity of entities) {
        const names = navigations(entity);
        assert.ok(names.length > 0, JSON.stringify(entity));
        assert.deepEqual(writtenLinks(entity), linksOf(entity, names));
      }
    });
  }

  it('$select: links of what is selected or expanded, be it joined here or not', async () => {
    const [agent] = (await gateway.json('BuzzeasyAgents?$select=ID&$top=1')).value;
    const id = `BuzzeasyAgents('${String(agent?.['ID'])}')`;
    for (const [query, names] of [
      [`${id}?$select=name`, []],
      [`${id}?$select=name,Judgements`, ['Judgements']],
      [`${id}?$select=name&$expand=Judgements`, ['Judgements']],
      ['TracebuzzJudgements(1)?$select=Score', []],
      ['TracebuzzJudgements(1)?$select=Score,Call&$expand=Agent', ['Call', 'Agent']],
      ['TracebuzzJudgements(1)?$select=Score&$expand=Agent/$ref', ['Agent']],
    ] as const) {
      assert.deepEqual(writtenLinks(await read(query)), linksOf(await read(query), names), query);
    }
  });

  it('they lead to what $expand gives, and stand before it', async () => {
    const { value } = (await read('BuzzeasyCalls?$select=id&$top=3&$expand=Channel')) as { value: Row[] };
    assert.equal(value.length, 3);
    for (const call of value) {
      assert.deepEqual(Object.keys(call).slice(-3), [
        'Channel@odata.associationLink',
        'Channel@odata.navigationLink',
        'Channel',
      ]);
      const link = String(call['Channel@odata.navigationLink']);
      if (call['Channel'] === null) {
        assert.equal((await gateway.get(link, full)).status, 204);
      } else {
        const { '@odata.context': _, ...linked } = await read(link);
        assert.deepEqual(linked, call['Channel']);
      }
    }
  });

  it('none in references, nor with minimal or no metadata', async () => {
    assert.doesNotMatch(JSON.stringify(await read('BuzzeasyAgents/$ref')), /Link"/);
    for (const level of ['minimal', 'none']) {
      const reply = await gateway.get('BuzzeasyAgents?$expand=Judgements', {
        Accept: `application/json;odata.metadata=${level}`,
      });
      assert.doesNotMatch(await reply.text(), /Link"/);
    }
  });
});
