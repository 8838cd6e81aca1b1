import assert from 'node:assert/strict';
import { metadataXml } from '../../src/edm/metadata-xml.ts';
import { property } from '../edm/small-model.ts';
import { IdleClock } from '../support/idle-clock.ts';
import { planOf } from './tenant.ts';
import { catalogue, feeds, json, page, theirModel } from './told-feed.ts';

interface Agent {
  readonly id: string;
  readonly name: string | null;
}

const agents = (count: number): readonly Agent[] =>
  Array.from({ length: count }, (_, at) => ({ id: `a${at}`, name: at % 7 === 0 ? null : `Name ${at}` }));

const named = 'Agents?$select=id,name';
const trials = [`${named}&$top=50`, 'Agents?$top=50'];

/** Rows as a feed sends them where `$select` is left out. */
const ways: Readonly<Record<string, (row: Agent) => Record<string, unknown>>> = {
  'without a property': ({ id }) => ({ id }),
  'without what is null': ({ id, name }) => (name === null ? { id } : { id, name }),
  'with another value': ({ id, name }) => ({ id, name: name === null ? null : name.slice(0, 6) }),
};

describe('rows of which all properties are asked for', () => {
  const { connect } = feeds();
  const everything = (row: Agent): Record<string, unknown> => ({ ...row });

  /** A feed of so many agents that sends them in a way of its own where it is not told what to send. */
  const connected = (count: number, unnamed = everything, more: Parameters<typeof connect>[3] = {}) =>
    connect(
      (_request, response, url) => {
        const rows = agents(count).slice(0, Number(url.searchParams.get('$top') ?? count));
        const names = url.searchParams.get('$select')?.split(',') ?? null;
        const shown = (row: Agent): Record<string, unknown> =>
          names === null
            ? unnamed(row)
            : Object.fromEntries(Object.entries(row).filter(([name]) => names.includes(name)));
        json(response, JSON.stringify({ value: rows.map(shown) }));
      },
      {},
      '/service/',
      more,
    );
  const reads = async (upstream: Awaited<ReturnType<typeof connected>>, request = 'FarAgents') => {
    upstream.requests.length = 0;
    const { rows } = await page(upstream, request);
    return { rows, requests: [...upstream.requests] };
  };

  it('many of them: without $select once the feed has shown that it sends the same, which is tried once a day', async () => {
    const time = new IdleClock();
    const upstream = await connected(1000, everything, { connection: { time } });
    assert.deepEqual((await reads(upstream)).requests, [named]);
    for (const [hours, requests] of [
      [0, [...trials, 'Agents']],
      [23, ['Agents']],
      [2, [...trials, 'Agents']],
    ] as const) {
      time.at += hours * 3_600_000;
      assert.deepEqual(await reads(upstream), { rows: agents(1000), requests });
    }
    assert.equal(upstream.addressOf(planOf('FarAgents', catalogue)).search, '');
  });

  it('few of them, or some of the properties, are named', async () => {
    const few = await connected(999);
    await reads(few);
    assert.deepEqual((await reads(few)).requests, [named]);
    const many = await connected(1000);
    await reads(many);
    await reads(many);
    for (const [request, asked] of [
      ['FarAgents?$select=name', 'Agents?$select=name'],
      ['FarAgents?$top=20', `${named}&$top=20`],
      ['FarAgents?$expand=Days', `${named}&$expand=Days($select=agentId,day,busy)`],
    ] as const) {
      const { requests } = await reads(many, request).catch(() => ({ requests: [...many.requests] }));
      assert.deepEqual(requests, [asked]);
    }
  });

  for (const [what, unnamed] of Object.entries(ways)) {
    it(`are named at a feed that sends them ${what}`, async () => {
      const upstream = await connected(1000, unnamed);
      await reads(upstream);
      for (const requests of [[...trials, named], [named]]) {
        assert.deepEqual(await reads(upstream), { rows: agents(1000), requests });
      }
    });
  }

  it('are named from the moment on in which the feed sends less of them than before', async () => {
    let unnamed = everything;
    const upstream = await connected(1000, (row) => unnamed(row));
    await reads(upstream);
    await reads(upstream);
    assert.deepEqual((await reads(upstream)).requests, ['Agents']);
    unnamed = ({ id }) => ({ id });
    for (const requests of [['Agents', named], [named]]) {
      assert.deepEqual(await reads(upstream), { rows: agents(1000), requests });
    }
  });

  it('are named where the feed has a property that is not served', async () => {
    const model = theirModel();
    const type = model.entityTypes.get('FarAgent');
    assert.ok(type !== undefined);
    const properties = new Map([...type.properties, ['secret', property('secret', 'Edm.String')]]);
    const entityTypes = new Map([...model.entityTypes, ['FarAgent', { ...type, properties }]]);
    const metadata = metadataXml({ ...model, entityTypes });
    const upstream = await connected(1000, everything, { metadata });
    await reads(upstream);
    assert.deepEqual((await reads(upstream)).requests, [named]);
  });
});
