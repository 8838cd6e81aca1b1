import assert from 'node:assert/strict';
import { bindGrants } from '../../src/plan/bind/grants.ts';
import { beside, cases, nested, reached } from '../sql/apply-cases.ts';
import { messages, rows } from '../sql/apply-rows.ts';
import { catalogue } from '../sql/small-model.ts';
import { type EvaluatedGateway, evaluatedGateway } from './evaluated-gateway.ts';

/** What OData 4.0 feeds are not asked for, besides `$apply`. */
const others: readonly string[] = [
  'Cases?$compute=Cost mul 2 as Twice&$select=Id,Twice&$filter=Twice gt 3&$orderby=Twice desc',
  'Cases?$compute=Agent/Name as Who&$expand=Agent($select=City)&$select=Id,Who,Title&$count=true',
  'Cases(10)?$compute=Cost divby 2 as Half&$select=Half',
  'Cases(10)/Agent?$compute=length(Name) as Length',
  'Cases?$search=hello&$orderby=Id desc&$select=Id',
  'Cases?$search=NOT hello&$top=1&$select=Id&$count=true',
  'Cases/$count?$search=hello',
  'Cases/$count?$apply=groupby((Priority))',
  "Cases?$filter=matchesPattern(Title,'^h')&$select=Id",
  'Cases?$filter=case(Open:Cost,true:0) gt 2&$select=Id',
  'Cases?$filter=Cost divby 2 gt 1 and Open eq true&$select=Id,Title',
  'Cases?$filter=Messages/$count($filter=Length gt 4) gt 1&$select=Id',
  'Cases?$filter=$root/Agents(1)/City eq Agent/City&$select=Id',
  'Cases/$filter(Open eq true)?$apply=aggregate(Cost with sum as T)',
  'Agents(1)/Cases?$apply=aggregate($count as N)',
  'Agents(1)/Team?$compute=toupper(Name) as Loud&$select=Loud',
  'Agents?$apply=filter(Id gt 1)/groupby((City),aggregate($count as N))&$orderby=N desc,City&$top=1&$count=true',
  'Messages?$apply=groupby((Case/Agent/Name),aggregate(Length with average as A))',
  '$crossjoin(Cases,Agents)?$filter=Cases/AgentId eq Agents/Id and Cases/Cost gt 2 and Agents/City ne null&$count=true',
  '$crossjoin(Agents,Cases)?$orderby=Cases/Id desc,Agents/Name&$expand=Agents($select=Name),Cases&$top=5&$skip=2',
  '$crossjoin(Cases,Agents)/$count?$filter=Cases/Agent/City eq Agents/City',
];

/** The same rows in tables and behind a feed: every request that the feed is not asked for as it is gives the same reply. */
describe('rows of a feed, worked out here', () => {
  let gateway: EvaluatedGateway;
  before(async () => {
    gateway = await evaluatedGateway({ rows: `${rows}${messages}`, pageSize: 3 });
  });
  after(() => gateway.close());

  const requests = [
    ...cases.map(([apply]) => `Cases?$apply=${apply}`),
    ...[...reached, ...beside, ...nested].filter((_, at) => at % 3 === 0).map(([request]) => request),
    ...others,
  ];
  for (const request of requests) {
    it(request, async () => {
      const { stored, evaluated } = gateway;
      assert.deepEqual(await gateway.rows(evaluated, request), await gateway.rows(stored, request));
    });
  }
});

/** Some sets are of the feed, one is stored beside it: what no source could do alone. */
describe('rows of a feed and stored ones, worked out together', () => {
  let gateway: EvaluatedGateway;
  before(async () => {
    const proxied = ['Cases', 'Messages'];
    gateway = await evaluatedGateway({ rows: `${rows}${messages}`, proxied, beside: rows });
  });
  after(() => gateway.close());

  for (const request of [
    'Cases?$orderby=Agent/Name desc,Id&$select=Id',
    '$crossjoin(Agents,Cases)?$filter=Agents/Id eq Cases/AgentId and Cases/Open eq true&$expand=Agents',
    'Agents?$orderby=Cases/$count desc,Id&$select=Id',
    'Cases?$compute=Agent/City as City&$select=Id,City',
    'Cases?$apply=groupby((Agent/Name),aggregate(Cost with sum as T))',
    'Agents?$apply=aggregate(Cases/Cost with sum as T)',
    'Agents?$apply=filter(Cases/any(c:c/Open eq true))/aggregate($count as N)',
    'Cases?$filter=Priority eq Agent/Id&$select=Id',
    'Agents?$filter=Cases/$count gt 0&$select=Id',
    'Cases?$expand=Agent&$apply=filter(Id gt 10)&$select=Id',
    'Agents?$expand=Cases($apply=aggregate(Cost with sum as T))&$select=Id',
  ]) {
    it(request, async () => {
      const { stored, evaluated } = gateway;
      assert.deepEqual(await gateway.rows(evaluated, request), await gateway.rows(stored, request));
    });
  }
});

/** Who may see some rows alone gets sums of those, whether the feed was asked for others or not. */
describe('rows of a feed that not everybody may see, worked out here', () => {
  let gateway: EvaluatedGateway;
  before(async () => {
    const rules = new Map([
      ['Cases', { rows: 'Open eq true', properties: ['Id', 'Cost', 'Priority'] }],
      ['Messages', {}],
    ]);
    const grants = bindGrants(rules, catalogue);
    gateway = await evaluatedGateway({ rows: `${rows}${messages}`, grants });
  });
  after(() => gateway.close());

  const value = async (request: string): Promise<unknown> => {
    const reply = (await gateway.rows(gateway.evaluated, request)) as { readonly value: readonly object[] };
    return reply.value.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => !name.includes('@'))));
  };

  it('sums, paths and conditions see them alone', async () => {
    assert.deepEqual(await value('Cases?$apply=aggregate(Cost with sum as T,$count as N)'), [{ T: 2.5, N: 2 }]);
    assert.deepEqual(gateway.asked.splice(0), ['Cases?$select=Id,Cost,Open&$filter=Open eq true']);
    assert.deepEqual(await value('Messages?$apply=groupby((Case/Id),aggregate($count as N))'), [
      { Case: null, N: 1 },
      { Case: { Id: 10 }, N: 2 },
      { Case: { Id: 40 }, N: 2 },
    ]);
    assert.deepEqual(await value('Cases?$compute=Cost mul 2 as X&$filter=X gt 0&$select=Id,X'), [{ Id: 10, X: 5 }]);
    assert.equal(await gateway.rows(gateway.evaluated, 'Cases/$count?$apply=groupby((Priority))'), '2');
    assert.equal((await gateway.evaluated.get('Cases(20)?$compute=Cost%20mul%202%20as%20X')).status, 404);
    assert.equal((await gateway.evaluated.get('Cases(20)/Messages?$compute=Length%20mul%202%20as%20X')).status, 404);
    assert.equal((await gateway.evaluated.get('Cases?$apply=groupby((Open))')).status, 400);
  });
});
