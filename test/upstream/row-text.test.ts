import assert from 'node:assert/strict';
import { rowText } from '../../src/json/reading/row-text.ts';
import { planOf, readOptions, tenantCatalogue, tenantSource } from './tenant.ts';

const catalogue = tenantCatalogue(tenantSource({}));
const root = 'https://feed.example/odata/';

async function written(request: string, raw: unknown, metadata: 'full' | 'minimal' = 'full'): Promise<string> {
  const plan = planOf(request, catalogue);
  assert.ok(plan.kind === 'Collection');
  return rowText(plan.selection, readOptions({ metadata }))(JSON.stringify(raw), async () => []);
}

const head = (type: string, id: string): string => `"@odata.type":"#Small.Feed.${type}","@odata.id":"${root}${id}"`;

const link = (id: string, name: string): string =>
  `"${name}@odata.associationLink":"${root}${id}/${name}/$ref","${name}@odata.navigationLink":"${root}${id}/${name}"`;

describe('rowText: links of full metadata', () => {
  const id = "FarAgents('a%2Fb')";
  const call = (number: number): string => `FarCalls(${number})`;

  it('of every navigation property, behind the id; those of the feed itself are not passed on', async () => {
    const raw = { id: 'a/b', name: 'x', 'Calls@odata.navigationLink': 'elsewhere' };
    const text = `{${head('FarAgent', id)},${link(id, 'Calls')},${link(id, 'Days')},"id":"a/b","name":"x"}`;
    assert.equal(await written('FarAgents', raw), text);
    assert.equal(await written('FarAgents', raw, 'minimal'), '{"id":"a/b","name":"x"}');
  });

  it('of what is expanded immediately before it, at every level', async () => {
    const raw = { id: 'a/b', Calls: [{ id: 1 }, { id: 2 }], 'Calls@odata.count': 2 };
    const calls = [1, 2].map((one) => `{${head('FarCall', call(one))},${link(call(one), 'Agent')}}`).join(',');
    assert.equal(
      await written('FarAgents?$select=id&$expand=Calls($select=Agent;$count=true)', raw),
      `{${head('FarAgent', id)},"id":"a/b",${link(id, 'Calls')},"Calls@odata.count":2,"Calls":[${calls}]}`,
    );
  });

  it('also where it leads nowhere, is counted, or referred to; none of a reference', async () => {
    const one = call(7);
    assert.equal(
      await written('FarCalls?$select=id&$expand=Agent', { id: 7, Agent: null }),
      `{${head('FarCall', one)},"id@odata.type":"#Int64","id":7,${link(one, 'Agent')},"Agent":null}`,
    );
    assert.equal(
      await written('FarAgents?$select=id&$expand=Calls/$ref', { id: 'a/b', Calls: [{ id: 7 }] }),
      `{${head('FarAgent', id)},"id":"a/b",${link(id, 'Calls')},"Calls":[{"@odata.id":"${root}${one}"}]}`,
    );
  });

  it('among rows of several sets: relative to the context that each row names', async () => {
    const plan = planOf('FarAgents?$select=Calls', catalogue);
    assert.ok(plan.kind === 'Collection');
    const row = rowText(plan.selection, readOptions({ metadata: 'full', mixed: true }));
    const relative = "FarAgents('a%3A%2Fb')";
    assert.equal(
      await row('{"id":"a:/b"}', async () => []),
      `{"@odata.context":"${root}$metadata#FarAgents/$entity",${head('FarAgent', relative)},${link(relative, 'Calls')}}`.replaceAll(
        `"${root}FarAgents(`,
        '"FarAgents(',
      ),
    );
  });

  it('of nothing that $select leaves out', async () => {
    assert.equal(await written('FarAgents?$select=id', { id: 'a/b' }), `{${head('FarAgent', id)},"id":"a/b"}`);
    assert.equal(
      await written('FarAgents?$select=Days', { id: 'a/b' }),
      `{${head('FarAgent', id)},${link(id, 'Days')}}`,
    );
  });
});
