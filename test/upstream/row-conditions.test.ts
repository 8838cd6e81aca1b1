import assert from 'node:assert/strict';
import { GatewayError } from '../../src/errors.ts';
import { bindGrants } from '../../src/plan/bind/grants.ts';
import { keyedRequest } from '../../src/upstream/reading/fetch-by-keys.ts';
import { compileUpstreamUrl } from '../../src/upstream/url/compile-url.ts';
import { planOf, tenantCatalogue, tenantMap, tenantSource } from './tenant.ts';

const catalogue = tenantCatalogue(tenantSource({}));
const grants = bindGrants(
  new Map([
    ['FarCalls', { rows: "isOutbound or Agent/name eq 'x'" }],
    ['FarAgents', {}],
    ['FarDays', { rows: 'day gt 2024-01-01' }],
  ]),
  catalogue,
);
const all = 'id,agentId,subject,startedAt,seconds,cost,score,isOutbound,state,tags';
const condition = "(isOutbound) or Agent/name eq 'x'";

function compiled(request: string): string {
  const { path, query } = compileUpstreamUrl(planOf(request, catalogue, 100, grants), tenantMap());
  return `${path}?${decodeURIComponent(query)}`.replace(`$select=${all}`, '$select=*');
}

describe('a proxied feed is asked for the rows that may be seen', () => {
  const requests: readonly (readonly [ours: string, theirs: string])[] = [
    ['FarCalls', `Calls?$select=*&$filter=${condition}`],
    ['FarCalls?$filter=seconds gt 1', `Calls?$select=*&$filter=(${condition}) and seconds gt 1`],
    ['FarCalls/$count?$search=red', `Calls/$count?$filter=${condition}&$search=red`],
    ["FarAgents('x')/Calls", `Agents('x')/Calls?$select=*&$filter=${condition}`],
    ['FarAgents', 'Agents?$select=id,name'],
    ['FarAgents?$expand=Calls($select=id)', `Agents?$select=id,name&$expand=Calls($select=id;$filter=${condition})`],
    [
      'FarAgents?$expand=Calls($select=id;$filter=seconds gt 1;$top=2),Days/$ref',
      `Agents?$select=id,name&$expand=Calls($select=id;$filter=(${condition}) and seconds gt 1;$top=2),Days($select=agentId,day;$filter=day gt 2024-01-01)`,
    ],
    ['FarAgents?$filter=Days/any()', 'Agents?$select=id,name&$filter=Days/any(v0:v0/day gt 2024-01-01)'],
    [
      "FarAgents?$filter=Days/any(d:d/agentId eq 'a')",
      "Agents?$select=id,name&$filter=Days/any(v0:v0/day gt 2024-01-01 and v0/agentId eq 'a')",
    ],
    [
      "FarAgents?$filter=Days/all(d:d/agentId eq 'a')",
      "Agents?$select=id,name&$filter=Days/all(v0:(not (v0/day gt 2024-01-01)) or v0/agentId eq 'a')",
    ],
  ];
  for (const [ours, theirs] of requests) {
    it(ours, () => {
      assert.equal(compiled(ours), theirs);
    });
  }

  it('with the keys that a join asks for', () => {
    const plan = planOf('FarCalls?$select=id', catalogue, 100, grants);
    assert.ok(plan.kind === 'Collection');
    const { selection, restriction } = plan;
    const properties = selection.properties;
    const request = { set: selection.set, properties, keys: [['1'], ['2']], selection, restriction };
    const context = { client: { root: new URL('http://far/') }, map: tenantMap() } as Parameters<
      typeof keyedRequest
    >[2];
    const { path } = keyedRequest(request, { metadata: 'minimal' }, context);
    assert.equal(decodeURIComponent(path), `Calls?$select=id&$filter=(${condition}) and (id in (1,2))`);
  });

  const refused = [
    'FarCalls(5)',
    'FarCalls(5)/subject',
    'FarCalls(5)/Agent',
    "FarAgents('x')/Calls(5)",
    'FarAgents?$filter=Days/$count gt 2',
  ];
  for (const request of refused) {
    it(`and is not asked at all: ${request}`, () => {
      assert.throws(
        () => compiled(request),
        (error) =>
          error instanceof GatewayError && error.code === 'NotImplemented' && /may be read/.test(error.message),
      );
    });
  }
});
