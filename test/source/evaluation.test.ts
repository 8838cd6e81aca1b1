import assert from 'node:assert/strict';
import { readsOf } from '../../src/commands/explain/reads.ts';
import type { Bound } from '../../src/plan/model/read-plan.ts';
import { type EvaluatedPlan, evaluationOf } from '../../src/source/evaluated/evaluation.ts';
import { compileStored } from '../../src/source/stored/stored-reply.ts';
import { planOf } from '../sql/compile-url.ts';
import { toldSources } from './evaluated-gateway.ts';

const all = ['Cases', 'Agents', 'Messages'];

/** What is asked of the feed for a request, and the statement of what is made of it. */
function evaluated(request: string, proxied = all) {
  const evaluation = evaluationOf(planOf(request) as Bound<EvaluatedPlan>, toldSources(proxied));
  const asked = evaluation.parts.map(({ plans, upstream }) =>
    plans.map((plan) => decodeURIComponent(upstream.addressOf(plan).href.replace('http://feed/', ''))),
  );
  return { asked, sql: compileStored(evaluation.plan, evaluation, { controls: false }).text };
}

/** [request, what is asked of the feed by set, first the fewest rows]. */
const requests: readonly (readonly [string, readonly (readonly string[])[]])[] = [
  ['Cases?$apply=aggregate(Cost with sum as T)', [['Cases?$select=Id,Cost']]],
  [
    'Cases?$apply=filter(Cost gt 1 and Open)/groupby((Priority),aggregate($count as N))&$filter=N gt 1',
    [['Cases?$select=Id,Priority,Cost,Open&$filter=Cost gt 1 and (Open)', 'Cases?$select=Id,Priority,Cost,Open']],
  ],
  ["Cases?$apply=filter(matchesPattern(Title,'x'))/aggregate($count as N)", [['Cases?$select=Id,Title']]],
  [
    "Cases?$filter=matchesPattern(Title,'x') and Cost gt 1&$select=Id",
    [['Cases?$select=Id,Title,Cost&$filter=Cost gt 1', 'Cases?$select=Id,Title,Cost']],
  ],
  ['Cases?$apply=top(2)/filter(Cost gt 1)&$select=Id', [['Cases?$select=Id,Cost']]],
  ['Cases(7)?$compute=Cost mul 2 as X&$select=X', [['Cases?$select=Id,Cost&$filter=Id eq 7', 'Cases?$select=Id,Cost']]],
  ['Agents(1)/Cases?$apply=aggregate($count as N)', [['Agents(1)/Cases?$select=Id']]],
  // The row that leads there is of the same set.
  ['Agents(1)/Leader?$compute=1 as X&$select=X', [['Agents?$select=Id,LeaderId']]],
  [
    'Cases(7)/Agent?$compute=1 as X&$select=X',
    [['Cases?$select=Id,AgentId&$filter=Id eq 7', 'Cases?$select=Id,AgentId'], ['Agents?$select=Id']],
  ],
  [
    'Cases/$filter(Open eq true)/$count?$search=x',
    [['Cases?$select=Id,Title,Open&$filter=Open eq true', 'Cases?$select=Id,Title,Open']],
  ],
  [
    '$crossjoin(Cases,Agents)?$filter=Cases/AgentId eq Agents/Id and Cases/Cost gt 1 and not (Agents/City eq null)',
    [
      ['Cases?$select=Id,Cost,AgentId&$filter=Cost gt 1', 'Cases?$select=Id,Cost,AgentId'],
      ['Agents?$select=Id,City&$filter=City ne null', 'Agents?$select=Id,City'],
    ],
  ],
  // The second set is reached from the first.
  [
    "$crossjoin(Cases,Agents)?$filter=Cases/Agent/Name eq 'x' and Agents/Id gt 1",
    [["Cases?$select=Id,AgentId&$filter=Agent/Name eq 'x'", 'Cases?$select=Id,AgentId'], ['Agents?$select=Id,Name']],
  ],
  // Others lead to these rows too: none may be left out.
  ['Agents?$apply=filter(Id gt 1)/aggregate(Leader/Name with max as M)', [['Agents?$select=Id,Name,LeaderId']]],
  [
    "Cases?$apply=filter(Agent/Name eq 'x')/groupby((Agent/City))",
    [
      ["Cases?$select=Id,AgentId&$filter=Agent/Name eq 'x'", 'Cases?$select=Id,AgentId'],
      ['Agents?$select=Id,Name,City'],
    ],
  ],
];

/** [request, by set the values that may be asked for in parts, and what is asked beside them]. */
const lists: readonly (readonly [string, readonly (readonly [string, string] | null)[]])[] = [
  ['Cases?$search=x&$filter=Id in (3,1,3) and Cost gt 1', [['Id 3,1,3', 'Cost gt 1']]],
  [
    "Cases?$search=x&$filter=(Title eq 'a' or Title eq 'b' or Title eq '') and Id in (1,2)",
    [['Title a,b,', 'Id in (1,2)']],
  ],
  ['Cases?$search=x&$filter=Id in (1,2)', [['Id 1,2', '']]],
  // One value, none that all rows have to have, values of others, null, and another type than the property's.
  ['Cases?$search=x&$filter=Id in (7) and Cost gt 1', [null]],
  ['Cases?$search=x&$filter=Id in (1,2) or Cost gt 1', [null]],
  ['Cases?$search=x&$filter=not (Id in (1,2))', [null]],
  ['Cases?$search=x&$filter=AgentId in (1,2,null)', [null]],
  ['Cases?$search=x&$filter=AgentId in (1,Id)', [null]],
  ['Cases?$search=x&$filter=Id in (1.5,2)', [null]],
  ["Cases?$search=x&$filter=Agent/Name in ('x','y')", [null, null]],
  [
    '$crossjoin(Cases,Agents)?$filter=Cases/Id in (1,2) and Agents/Id in (3,4,5)',
    [
      ['Id 1,2', ''],
      ['Id 3,4,5', ''],
    ],
  ],
];

describe('what is worked out here', () => {
  for (const [request, expected] of lists) {
    it(`${request}: its list`, () => {
      const { parts } = evaluationOf(planOf(request) as Bound<EvaluatedPlan>, toldSources(all));
      const told = parts.map(({ keyed, upstream, plans: [first] }) => {
        if (keyed === undefined || first === undefined) {
          return null;
        }
        const { href } = upstream.addressOf({ ...first, restriction: keyed.restriction });
        const names = keyed.properties.map(({ name }) => name).join();
        return [`${names} ${keyed.keys.join()}`, decodeURIComponent(/\$filter=(.*)$/.exec(href)?.[1] ?? '')];
      });
      assert.deepEqual(told, expected);
    });
  }

  for (const [request, expected] of requests) {
    it(request, () => assert.deepEqual(evaluated(request).asked, expected));
  }

  it('is the statement of stored sets, about temporary tables', () => {
    const { sql } = evaluated('Cases?$apply=groupby((Agent/Name),aggregate(Cost with sum as T))');
    assert.match(sql, /FROM "pg_temp"."twin 1" AS t\d+ LEFT JOIN "pg_temp"."twin 2" AS t\d+ ON/);
    const mixed = evaluated('Cases?$apply=groupby((Agent/Name),aggregate(Cost with sum as T))', ['Cases']);
    assert.deepEqual(mixed.asked, [['Cases?$select=Id,Cost,AgentId']]);
    assert.match(mixed.sql, /FROM "pg_temp"."twin 1" AS t\d+ LEFT JOIN "feed"."Agents"/);
  });

  it('is explained: the rows that are asked for, then the statement', () => {
    for (const request of [
      'Cases?$search=x',
      '$crossjoin(Cases,Agents)',
      'Cases?$apply=aggregate($count as N)',
      'Cases?$orderby=Agent/Name',
    ]) {
      const reads = readsOf(planOf(request), toldSources(['Cases']));
      assert.deepEqual(
        reads.map((read) => [read.kind, read.kind === 'statement' && read.brought === true]),
        [
          ['address', false],
          ['statement', true],
        ],
        request,
      );
    }
    const reads = readsOf(planOf('Cases?$filter=Cost gt 1'), toldSources(['Cases']));
    assert.deepEqual(
      reads.map(({ kind }) => kind),
      ['address'],
    );
  });
});
