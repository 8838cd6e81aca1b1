import assert from 'node:assert/strict';
import { GatewayError } from '../../src/errors.ts';
import { compileUpstreamUrl } from '../../src/upstream/url/compile-url.ts';
import { planOf, tenantCatalogue, tenantMap, tenantModel, tenantSource } from './tenant.ts';

const catalogue = tenantCatalogue(tenantSource({}));
const all = 'id,agentId,subject,startedAt,seconds,cost,score,isOutbound,state,tags';

/** `path?query` with the query decoded for reading; `$select` of all calls shown as `*`. */
function compiled(request: string, map = tenantMap()): string {
  const { path, query } = compileUpstreamUrl(planOf(request, catalogue), map);
  return `${path}?${decodeURIComponent(query)}`.replace(`$select=${all}`, '$select=*');
}

const filters: readonly (readonly [ours: string, theirs: string])[] = [
  ['seconds gt 5', 'seconds gt 5'],
  ['seconds gt 5 and seconds lt 9 and isOutbound', 'seconds gt 5 and seconds lt 9 and (isOutbound)'],
  ['seconds gt 5 or seconds lt 9 and isOutbound', 'seconds gt 5 or (seconds lt 9 and (isOutbound))'],
  ['(seconds gt 5 or seconds lt 9) and isOutbound', '(seconds gt 5 or seconds lt 9) and (isOutbound)'],
  ['not (isOutbound) and seconds eq 1', '(not (isOutbound)) and seconds eq 1'],
  ['not (isOutbound and seconds eq 1)', '(not (isOutbound)) or seconds ne 1 or seconds eq null'],
  // What holds of null is said beside what services over objects or SQL leave it out of.
  ['seconds ne 1', 'seconds ne 1 or seconds eq null'],
  ['seconds ne 1 and id ne 2', '(seconds ne 1 or seconds eq null) and id ne 2'],
  ['not (seconds gt 1)', '(not (seconds gt 1)) or seconds eq null'],
  ['length(subject) ne 0', 'length(subject) ne 0 or subject eq null'],
  ['length(subject) gt 0 and 1 gt length(subject)', 'length(subject) gt 0 and 1 gt length(subject)'],
  ["indexof(subject,'a') eq -1", "indexof(subject,'a') eq -1"],
  ["tolower(subject) eq 'straße'", "tolower(subject) eq 'straße'"],
  ["toupper(subject) in ('A','ÄÖ')", "toupper(subject) in ('A','ÄÖ')"],
  ["contains(toupper(trim(subject)),toupper('a b'))", "contains(toupper(trim(subject)),toupper('a b'))"],
  ["subject lt 'é' or 'z' ge subject", "subject lt 'é' or 'z' ge subject"],
  ["not contains(subject,'a')", "not (contains(subject,'a'))"],
  ['not (seconds in (1,2))', '(seconds ne 1 and seconds ne 2) or seconds eq null'],
  ['not (seconds in (1,null))', 'seconds ne 1 and seconds ne null'],
  ['not (seconds in (1,2,3))', '(not (seconds in (1,2,3))) or seconds eq null'],
  [
    'subject ne 7b0f4c1e-93d2-4a58-8e6b-5d1f0a2c9e37',
    "(subject ne '7b0f4c1e-93d2-4a58-8e6b-5d1f0a2c9e37' and subject ne '7B0F4C1E-93D2-4A58-8E6B-5D1F0A2C9E37') or subject eq null",
  ],
  // Lists as clients write them.
  [
    "subject eq 'a' or subject eq 'b' or isOutbound or subject eq ''",
    "(subject in ('a','b') or subject eq '') or (isOutbound)",
  ],
  ["subject ne 'a' and subject ne 'b' and subject ne 'c'", "(not (subject in ('a','b','c'))) or subject eq null"],
  ["subject eq 'a' or subject eq 'b' or agentId eq 'c'", "subject eq 'a' or subject eq 'b' or agentId eq 'c'"],
  ["subject in ('a','',null,'b')", "subject in ('a','b') or subject eq '' or subject eq null"],
  ['score in (1.5,INF,-INF)', 'score eq 1.5 or score eq INF or score eq -INF'],
  ['seconds in (1,2147483648)', 'seconds eq 1 or seconds eq 2147483648'],
  ["subject eq 'O''Neil & +%'", "subject eq 'O''Neil & +%'"],
  ['subject eq null', 'subject eq null'],
  ['subject ne null', 'subject ne null'],
  ["contains(subject,'a') eq false", "contains(subject,'a') eq false"],
  ["startswith(tolower(subject),'a')", "startswith(tolower(subject),'a')"],
  ['seconds sub 1 sub 2 eq 3', '((seconds sub 1) sub 2) eq 3'],
  ['seconds sub (1 sub 2) eq 3', '(seconds sub (1 sub 2)) eq 3'],
  ['-seconds lt -5', '(-seconds) lt -5'],
  ['cost gt 1.50', 'cost gt 1.5'],
  ['score gt 1', 'score gt 1'],
  ['startedAt ge 2024-02-29T00:00:00+01:00', 'startedAt ge 2024-02-28T23:00:00Z'],
  ['year(startedAt) eq 2024', 'year(startedAt) eq 2024'],
  ['date(startedAt) eq 2024-02-29', 'date(startedAt) eq 2024-02-29'],
  ['seconds in (1,2)', 'seconds in (1,2)'],
  ['isOutbound and seconds in (1,2)', '(isOutbound) and (seconds in (1,2))'],
  ["Agent/name eq 'x'", "Agent/name eq 'x'"],
  ['Agent eq null', 'not (Agent ne null)'],
  // isof is worked out here: a feed need not know it.
  ['isof(seconds,Edm.Int16)', 'seconds ge -32768 and seconds le 32767'],
  ['isof(subject,Edm.String)', 'subject ne null'],
  ['isof(Agent,Small.Feed.FarAgent)', 'Agent ne null'],
  ['isof(Small.Feed.FarAgent)', 'false'],
];

describe('compileUpstreamUrl', () => {
  for (const [ours, theirs] of filters) {
    it(`$filter=${ours}`, () => {
      assert.equal(compiled(`FarCalls?$filter=${ours}`), `Calls?$select=*&$filter=${theirs}`);
    });
  }

  const requests: readonly (readonly [ours: string, theirs: string])[] = [
    ['FarCalls', 'Calls?$select=*'],
    ['FarCalls?$select=subject,id', 'Calls?$select=id,subject'],
    [
      'FarCalls?$orderby=seconds desc,subject&$top=5&$skip=2&$count=true',
      'Calls?$select=*&$orderby=seconds desc,subject&$skip=2&$top=5&$count=true',
    ],
    ['FarCalls(5)', 'Calls(5)?$select=*'],
    ["FarAgents('a%2Fb''c')", "Agents('a%2Fb''c')?$select=id,name"],
    ["FarDays(agentId='x',day=2024-02-29)", "Days(agentId='x',day=2024-02-29)?$select=agentId,day,busy"],
    ["FarAgents('x')/Calls?$filter=seconds eq 1", "Agents('x')/Calls?$select=*&$filter=seconds eq 1"],
    ['FarCalls(5)/Agent', 'Calls(5)/Agent?$select=id,name'],
    ['FarCalls(5)/subject', 'Calls(5)?$select=subject'],
    ['FarCalls(5)/subject/$value', 'Calls(5)?$select=subject'],
    ['FarCalls/$count', 'Calls/$count?'],
    ['FarCalls/$count?$filter=seconds gt 1', 'Calls/$count?$filter=seconds gt 1'],
    ['FarCalls?$expand=Agent', 'Calls?$select=*&$expand=Agent($select=id,name)'],
    [
      "FarAgents?$expand=Calls($select=id;$filter=subject eq 'a;b';$orderby=id desc;$top=2;$count=true)",
      "Agents?$select=id,name&$expand=Calls($select=id;$filter=subject eq 'a;b';$orderby=id desc;$top=2;$count=true)",
    ],
    ['FarAgents?$expand=Calls/$ref', 'Agents?$select=id,name&$expand=Calls($select=id)'],
    [
      'FarAgents?$expand=Calls($expand=Agent($select=name))',
      'Agents?$select=id,name&$expand=Calls($select=*;$expand=Agent($select=name))',
    ],
    ['FarAgents?$filter=Calls/any()', 'Agents?$select=id,name&$filter=Calls/any(v0:v0/id ne null)'],
    [
      'FarAgents?$filter=Calls/any(c:c/seconds gt 5 and c/Agent/name eq name)',
      'Agents?$select=id,name&$filter=Calls/any(v0:v0/seconds gt 5 and (v0/Agent/name eq name or (v0/Agent/name eq null and name eq null)))',
    ],
    [
      'FarAgents?$filter=Calls/all(c:c/Agent/Calls/any(d:d/id eq c/id))',
      'Agents?$select=id,name&$filter=Calls/all(v0:v0/Agent/Calls/any(v1:v1/id eq v0/id))',
    ],
    ['FarAgents?$filter=Calls/$count gt 2', 'Agents?$select=id,name&$filter=Calls/$count gt 2'],
    ['FarCalls?$search=red NOT "deep blue"', 'Calls?$select=*&$search=red AND (NOT "deep blue")'],
    ['FarCalls/$ref', 'Calls?$select=*'],
  ];
  for (const [ours, theirs] of requests) {
    it(ours, () => {
      assert.equal(compiled(ours), theirs);
    });
  }

  it('asks for lists with a chain where the feed refuses in', () => {
    const map = tenantMap({ lists: 'or' });
    for (const [ours, theirs] of [
      ['seconds in (1,2) and id gt 3', '(seconds eq 1 or seconds eq 2) and id gt 3'],
      ["subject in ('a','')", "subject eq 'a' or subject eq ''"],
    ] as const) {
      assert.equal(compiled(`FarCalls?$select=id&$filter=${ours}`, map), `Calls?$select=id&$filter=${theirs}`);
    }
  });

  it('percent-encodes what a URL cannot hold', () => {
    const { query } = compileUpstreamUrl(
      planOf("FarCalls?$select=id&$filter=subject eq 'a&b=c+d #é'", catalogue),
      tenantMap(),
    );
    assert.equal(query, "$select=id&$filter=subject%20eq%20'a%26b%3Dc%2Bd%20%23%C3%A9'");
  });

  it('writes enumeration literals where the proxied feed has an enumeration', () => {
    const model = tenantModel();
    const theirs = {
      ...model,
      entitySets: new Map([...model.entitySets].map(([name, set]) => [name.replace('Far', ''), set])),
    };
    const map = tenantMap({ model: theirs, enumTypes: new Map([['FarCall/state', 'Ns.State']]) });
    assert.equal(
      compiled("FarCalls?$select=id&$filter=state eq 'Busy' or state in ('Idle','Out')", map),
      "Calls?$select=id&$filter=state eq Ns.State'Busy' or (state eq Ns.State'Idle' or state eq Ns.State'Out')",
    );
  });

  const refused: readonly (readonly [request: string, message: RegExp])[] = [
    ['FarCalls?$apply=aggregate($count as Rows)', /^\$apply/],
    ['FarCalls?$compute=seconds add 1 as more&$select=more', /^\$compute/],
    ["FarCalls?$filter=matchesPattern(subject,'a')", /^\$filter: .* matchesPattern/],
    ['FarCalls?$orderby=seconds divby 2', /^\$orderby: .* divby/],
    ["FarCalls?$filter=substring(subject,-2) eq 'ab'", /substring with numbers that may be negative/],
    ["FarCalls?$filter=substring(subject,1,seconds) eq 'ab'", /substring with numbers that may be negative/],
    // One character may be two there, or two letters come of one.
    ['FarCalls?$filter=length(subject) ne 3', /^\$filter: .* length where services differ/],
    ['FarCalls?$filter=2 le length(subject)', /length where services differ/],
    ['FarCalls?$filter=length(subject) eq length(state)', /length where services differ/],
    ['FarCalls?$filter=length(subject) in (0,1)', /length where services differ/],
    ["FarCalls?$filter=indexof(subject,'a') eq 1", /indexof where services differ/],
    ['FarCalls?$orderby=length(subject)', /^\$orderby: .* length where services differ/],
    ["FarCalls?$filter=toupper(subject) eq 'STRASSE'", /toupper where services differ/],
    ["FarCalls?$filter=tolower(subject) in ('a','σ')", /tolower where services differ/],
    ["FarCalls?$filter=contains(tolower(subject),tolower('Σ'))", /tolower where services differ/],
    ["FarCalls?$filter=toupper(subject) lt 'T'", /toupper where services differ/],
    ['FarCalls?$filter=tolower(subject) eq state', /tolower where services differ/],
    ["FarCalls?$filter=subject gt '\uff5a'", /order of texts/],
    ['FarCalls?$filter=subject lt state', /order of texts/],
    ["FarCalls?$filter=startswith(cast(startedAt,Edm.String),'2026')", /cast\(Edm.DateTimeOffset to Edm.String\)/],
    ["FarCalls?$filter=cast(isOutbound,Edm.String) eq 'true'", /cast\(Edm.Boolean to Edm.String\)/],
    ['FarAgents?$expand=Calls($filter=$it/name eq subject)', /^\$filter: .* \$it inside/],
    ["FarCalls?$filter=agentId eq $root/FarAgents('x')/name", /^\$filter: .* \$root/],
    ["FarAgents?$filter=Calls(1)/subject eq 'x'", /^\$filter: .* a key inside an expression, Calls/],
    ['FarCalls?$filter=case(isOutbound:1,true:2) eq 1', /^\$filter: .* case/],
  ];
  for (const [request, message] of refused) {
    it(`${request} is 501 and names the option`, () => {
      assert.throws(
        () => compiled(request),
        (error) => error instanceof GatewayError && error.code === 'NotImplemented' && message.test(error.message),
      );
    });
  }

  it('refuses a navigation that the proxied feed does not have', () => {
    const map = tenantMap({ model: { namespace: 'T', container: 'C', entityTypes: new Map(), entitySets: new Map() } });
    for (const request of ['FarCalls?$expand=Agent', 'FarCalls(1)/Agent', "FarCalls?$filter=Agent/name eq 'x'"]) {
      assert.throws(() => compiled(request, map), /Agent/);
    }
  });
});
