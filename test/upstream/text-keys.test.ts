import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { noRestriction, onlyProperties } from '../../src/plan/model/make.ts';
import type { BoundExpression } from '../../src/plan/model/read-plan.ts';
import type { KeyedRequest, Upstream } from '../../src/upstream/upstream.ts';
import { OptionFeed } from './option-feed.ts';
import { planOf, readOptions } from './tenant.ts';
import { catalogue, feeds, json, page, read } from './told-feed.ts';

const agents = ['a1', 'A1', 'b2'].map((id) => ({ id, name: `Name of ${id}` }));
const calls = ['a1', 'A1', 'b2', 'B2'].map((agentId, at) => ({ id: at + 1, agentId, subject: `Wait ${agentId}` }));
const texts = { counts: (text: string) => text.toLowerCase() };

/** Agents and their calls, of a service whose database has no letter case, in keys neither. */
const answer = (request: IncomingMessage, response: ServerResponse, url: URL): void => {
  const path = decodeURIComponent(url.pathname).replace('/service/', '');
  const [, set = '', key, rest = ''] = /^(Calls|Agents)(?:\('([^']*)'\))?(.*)$/.exec(path) ?? [];
  const same = (id: string): boolean => key === undefined || texts.counts(id) === texts.counts(key);
  if (key !== undefined && rest === '') {
    json(response, JSON.stringify(agents.find(({ id }) => same(id))));
    return;
  }
  const ofAgent = set === 'Agents' && rest.startsWith('/Calls');
  const rows = set === 'Calls' || ofAgent ? calls.filter(({ agentId }) => same(agentId)) : agents;
  const feed = new OptionFeed({ texts }, rows, { set: set === 'Calls' || ofAgent ? 'FarCalls' : 'FarAgents' });
  feed.answer(request, response, url);
};

describe('keys of texts that a feed compares in its own way', () => {
  const { connect } = feeds();
  const connected = () => connect(answer, {}, '/service/', { connection: { readsOptions: false } });
  const setNamed = (name: string) => catalogue.model.entitySets.get(name) ?? assert.fail();

  it('lead to the row that has them, and to no other', async () => {
    const upstream = await connected();
    const found = await read(upstream, "FarAgents('a1')?$select=name");
    assert.equal(found.kind === 'entity' ? String(found.json) : found.kind, '{"name":"Name of a1"}');
    const [looked, own] = upstream.requests.slice(-2);
    assert.deepEqual([looked, own], ["Agents('a1')?$select=id", "Agents('a1')?$select=name"]);
    for (const path of [
      "FarAgents('B2')",
      "FarAgents('B2')/name",
      "FarAgents('B2')/Calls",
      "FarAgents('B2')/Calls/$count",
    ]) {
      assert.equal((await read(upstream, path)).kind, 'absent', path);
    }
  });

  it('lead on to the rows that the feed has there', async () => {
    const upstream = await connected();
    assert.deepEqual((await page(upstream, "FarAgents('b2')/Calls?$select=id")).rows, [{ id: 3 }, { id: 4 }]);
  });

  /** Calls of agents, as a join asks for them. */
  function callsOf(keys: readonly string[], filter: BoundExpression | null = null): KeyedRequest {
    const set = setNamed('FarCalls');
    const property = (name: string) => set.entityType.properties.get(name) ?? assert.fail();
    return {
      ...{ set, properties: [property('agentId')], keys: keys.map((key) => [key]) },
      selection: onlyProperties(set, [property('id'), property('agentId')]),
      restriction: { ...noRestriction, filter },
    };
  }

  async function fetched(upstream: Upstream, request: KeyedRequest): Promise<unknown[]> {
    const rows: unknown[] = [];
    for await (const row of upstream.fetchByKeys(request, readOptions())) {
      rows.push(JSON.parse(row));
    }
    return rows;
  }

  it('of a join give each row once, however they are put into requests', async () => {
    // Room for one key in each address.
    const upstream = await connect(answer, { maxUrlLength: 95 });
    const rows = await fetched(upstream, callsOf(['a1', 'A1', 'b2']));
    assert.equal(upstream.requests.length, 3, String(upstream.requests));
    assert.deepEqual(
      rows,
      [1, 2, 3].map((id) => ({ id, agentId: calls[id - 1]?.agentId })),
    );
  });

  it('of a join give the rows that meet its condition, and members that it did not ask for do not come', async () => {
    const upstream = await connected();
    const plan = planOf("FarCalls?$filter=subject ne 'wait A1'", catalogue);
    const filter = plan.kind === 'Collection' ? plan.restriction.filter : null;
    const rows = await fetched(upstream, callsOf(['a1', 'A1'], filter));
    assert.equal(upstream.requests.at(-1), "Calls?$select=id,agentId,subject&$filter=agentId in ('a1','A1')");
    assert.deepEqual(rows, [
      { id: 1, agentId: 'a1' },
      { id: 2, agentId: 'A1' },
    ]);
  });
});
