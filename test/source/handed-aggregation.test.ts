import assert from 'node:assert/strict';
import { readsOf } from '../../src/commands/explain/reads.ts';
import { bindGrants } from '../../src/plan/bind/grants.ts';
import type { Bound } from '../../src/plan/model/read-plan.ts';
import { restrict } from '../../src/plan/restrict.ts';
import { visible } from '../../src/plan/visible.ts';
import type { EvaluatedPlan } from '../../src/source/evaluated/evaluation.ts';
import { handedAggregation } from '../../src/source/evaluated/handed-aggregation.ts';
import { compileStored } from '../../src/source/stored/stored-reply.ts';
import { planOf } from '../sql/compile-url.ts';
import { catalogue } from '../sql/small-model.ts';
import { planOf as planFor } from '../upstream/tenant.ts';
import { toldSources } from './evaluated-gateway.ts';

const sources = toldSources(['Cases', 'Agents', 'Messages'], true);

/** What a feed is asked for that adds up rows; null: it is not asked to. */
function handed(plan: unknown): string | null {
  const found = handedAggregation(plan as Bound<EvaluatedPlan>, sources);
  return found === null
    ? null
    : decodeURIComponent(found.feed.addressOf(found.request).href).replace('http://feed/', '');
}

const same = (request: string): readonly [string, string] => [request, request];

/** [request, what the feed is asked for]. */
const requests: readonly (readonly [string, string])[] = [
  same('Cases?$apply=aggregate($count as N)'),
  same('Cases?$apply=groupby((Priority))'),
  same('Cases?$apply=groupby((Priority,Open,DueOn,Token),aggregate(Cost with sum as T,Small with max as M))'),
  same('Cases?$apply=groupby((Title),aggregate(AgentId with countdistinct as D,DueOn with min as F))'),
  same('Cases?$apply=filter(Cost gt 1 and Open eq true)/aggregate(Small with sum as T)'),
  same('Cases?$apply=filter((Priority in (1,2,3)) or DueOn ge 2026-01-01)/groupby((Priority))'),
  // Rows behind a moment are the same in whatever precision; those at it are not.
  same(
    'Cases?$apply=filter(CreatedAt ge 2026-01-01T00:00:00Z and CreatedAt lt 2026-02-01T00:00:00Z)/aggregate($count as N)',
  ),
  same('Cases?$apply=filter(CreatedAt eq null)/aggregate($count as N)'),
  // Parts of times are those in UTC, of whatever precision.
  same(
    'Cases?$apply=compute(date(CreatedAt) as Day,hour(CreatedAt) as Hour)/groupby((Day,Hour,Open),aggregate($count as N))',
  ),
  same('Cases?$apply=filter(Cost gt 1)/compute(year(DueOn) as Year)/groupby((Year))'),
  // Services have other digits of a third, so it is divided here.
  [
    'Cases?$apply=groupby((Open),aggregate(Small with average as A,$count as N))',
    'Cases?$apply=compute(Small mul 0 add 1 as AValuesOne)/groupby((Open),aggregate(Small with sum as ASum,AValuesOne with sum as AValues,$count as N))',
  ],
  [
    'Cases?$apply=compute(month(DueOn) as M)/groupby((M),aggregate(Id with average as A))',
    'Cases?$apply=compute(month(DueOn) as M)/groupby((M),aggregate(Id with sum as ASum,$count as AValues))',
  ],
  // What comes behind the groups is done here.
  [
    'Cases?$apply=groupby((Priority),aggregate($count as N))&$filter=N gt 1&$orderby=N desc&$top=3&$skip=1&$count=true',
    'Cases?$apply=groupby((Priority),aggregate($count as N))',
  ],
  [
    'Cases?$apply=groupby((Priority),aggregate($count as N))/filter(N gt 1)/compute(N mul 2 as M)/aggregate(M with average as A)',
    'Cases?$apply=groupby((Priority),aggregate($count as N))',
  ],
  [
    'Cases/$count?$apply=filter(Cost gt 1)/filter(Cost lt 9)/groupby((Priority))',
    'Cases?$apply=filter(Cost gt 1 and Cost lt 9)/groupby((Priority))',
  ],
  ['Cases/$filter(Open)?$apply=aggregate($count as N)', 'Cases?$apply=filter(Open)/aggregate($count as N)'],
  // What holds of null is said beside it.
  [
    "Cases?$apply=filter(Title ne 'a')/aggregate($count as N)",
    "Cases?$apply=filter(Title ne 'a' or Title eq null)/aggregate($count as N)",
  ],
];

/** What no feed is asked to add up: what services do not agree on, and what its groups do not tell. */
const here: readonly string[] = [
  // Sums of these depend on the order of adding, and averages on digits.
  'Cases?$apply=aggregate(Score with sum as S)',
  'Cases?$apply=groupby((Score))',
  'Cases?$apply=aggregate(Score with max as S)',
  'Cases?$apply=aggregate(Took with sum as S)',
  'Cases?$apply=groupby((Took))',
  // The order of texts and guids.
  'Cases?$apply=aggregate(Title with min as F)',
  "Cases?$apply=filter(Title gt 'a')/aggregate($count as N)",
  "Cases?$apply=filter(contains(Title,'a'))/aggregate($count as N)",
  "Cases?$apply=filter(tolower(Title) eq 'a')/aggregate($count as N)",
  'Cases?$apply=filter(Token gt 12ad7c5b-2f25-4bb1-a9c5-6ad9d6d2c3bd)/aggregate($count as N)',
  // Times of which a feed may have more digits than are kept here.
  'Cases?$apply=groupby((CreatedAt))',
  'Cases?$apply=aggregate(CreatedAt with max as M)',
  'Cases?$apply=filter(CreatedAt gt 2026-01-01T00:00:00Z)/aggregate($count as N)',
  'Cases?$apply=filter(CreatedAt eq 2026-01-01T00:00:00Z)/aggregate($count as N)',
  'Cases?$apply=filter(CreatedAt ge 2026-01-01T00:00:00.1234567Z)/aggregate($count as N)',
  // Numbers with a floating point, which others are compared as.
  'Cases?$apply=filter(Cost gt 1e0)/aggregate($count as N)',
  'Cases?$apply=filter(Score gt 1)/aggregate($count as N)',
  'Cases?$apply=filter(Cost mul 2 gt 1)/aggregate($count as N)',
  'Cases?$apply=filter(Cost gt Small)/aggregate($count as N)',
  // Other rows.
  'Cases?$apply=groupby((Agent/City))',
  'Cases?$apply=groupby((Agent))',
  'Cases?$apply=filter(Agent/Id eq 1)/aggregate($count as N)',
  'Cases?$apply=aggregate(Messages/$count as N)',
  'Cases?$apply=aggregate(Agent/Id with max as N)',
  'Agents(1)/Cases?$apply=aggregate($count as N)',
  'Cases(1)/Messages?$apply=aggregate($count as N)',
  'Cases?$apply=groupby((AgentId),aggregate($count as N))/filter($root/Agents(1)/Id gt 0)',
  // Other shapes.
  'Cases?$apply=groupby((rollup(Priority,Open)),aggregate($count as N))',
  'Cases?$apply=groupby((Priority),filter(Cost gt 1)/aggregate($count as N))',
  'Cases?$apply=groupby((Priority),topcount(1,Cost))',
  'Cases?$apply=aggregate(Cost with sum from Priority with max as M)',
  'Cases?$apply=top(2)/aggregate($count as N)',
  'Cases?$apply=compute(Cost mul 2 as C)/aggregate(C with sum as N)',
  'Cases?$apply=compute(second(CreatedAt) as S)/groupby((S))',
  'Cases?$apply=compute(hour(CreatedAt) as H)/filter(H gt 8)/groupby((H))',
  'Cases?$apply=compute(hour(CreatedAt) as H)/aggregate(H with max as M)',
  'Cases?$apply=compute(year(now()) as Y)/groupby((Y))',
  'Cases?$apply=compute(hour(StartsAt) as H)/groupby((H))',
  // Of these the digits depend on how many zeros stand behind them.
  'Cases?$apply=aggregate(Cost with average as A)',
  'Cases?$apply=filter(Cost gt 1)',
  'Cases?$apply=search(x)/aggregate($count as N)',
  'Cases?$apply=concat(aggregate($count as N),aggregate(Cost with sum as T))',
  // A name of the set, which a feed may take for that.
  'Cases?$apply=aggregate(Cost with sum as cost)',
  'Cases?$apply=aggregate(Cost with sum as T,$count as t)',
  'Cases?$compute=Cost mul 2 as X',
];

describe('rows that a feed may add up', () => {
  for (const [request, asked] of requests) {
    it(request, () => assert.equal(handed(planOf(request)), asked));
  }

  for (const request of here) {
    it(`not: ${request}`, () => assert.equal(handed(planOf(request)), null));
  }

  it('groups are rows of a table, each the most of itself', () => {
    const request =
      'Cases?$apply=groupby((Priority),aggregate(Cost with sum as T,$count as N))&$filter=N gt 1&$orderby=T';
    const found = handedAggregation(planOf(request) as Bound<EvaluatedPlan>, sources) ?? assert.fail();
    const { plan, catalogue: own } = found.evaluation;
    const { text } = compileStored(plan, { catalogue: own }, { controls: false });
    assert.match(text, /max\(g\.v0\)::numeric AS a0, max\(g\.v1\)::bigint AS a1/);
    assert.match(text, /t1\."T" AS v0, t1\."N" AS v1 FROM "pg_temp"\."twin 1"/);
    assert.doesNotMatch(text, /"Cases"|sum\(|count\(/);
  });

  it('a feed that does not say that it does what is needed is not asked', () => {
    const upstream = sources.upstreams.get('far') ?? assert.fail();
    const aggregating = { ...upstream.aggregating, says: () => false };
    const silent = { ...sources, upstreams: new Map([['far', { ...upstream, aggregating }]]) } as typeof sources;
    const plan = planOf('Cases?$apply=aggregate($count as N)') as Bound<EvaluatedPlan>;
    assert.equal(handedAggregation(plan, silent), null);
  });

  it('what a reader may see decides: rows by a condition, and no value that is masked or not seen in all rows', () => {
    const rules = new Map([
      ['Cases', { rows: 'Open eq true', properties: ['Id', 'Cost', 'Priority', 'Title'], masked: ['Title'] }],
      ['Messages', { rows: "contains(Body,'x')" }],
    ]);
    const grants = bindGrants(rules, catalogue);
    const seen = { ...catalogue, model: visible(catalogue.model, grants) };
    const asked = (request: string) => handed(restrict(planFor(request, seen) as Bound, grants));
    assert.equal(
      asked('Cases?$apply=filter(Cost gt 1)/groupby((Priority))'),
      'Cases?$apply=filter(Open eq true and Cost gt 1)/groupby((Priority))',
    );
    assert.equal(asked('Cases?$apply=groupby((Title))'), null);
    assert.equal(asked('Cases?$apply=aggregate(Title with countdistinct as D)'), null);
    assert.equal(asked("Cases?$apply=filter(Title eq 'x')/aggregate($count as N)"), null);
    assert.equal(asked('Messages?$apply=aggregate($count as N)'), null);
  });

  it('explain shows what the feed is asked for, and what it is asked for otherwise', () => {
    const reads = readsOf(planOf('Cases?$apply=groupby((Open),aggregate($count as N))'), sources);
    const told = reads.map((read) =>
      read.kind === 'address'
        ? decodeURIComponent(read.url?.href ?? '')
        : read.kind === 'words'
          ? read.text
          : read.kind,
    );
    assert.deepEqual(told, [
      'http://feed/Cases?$apply=groupby((Open),aggregate($count as N))',
      'statement',
      'Otherwise the rows of Cases are asked for:',
      'http://feed/Cases?$select=Id,Open',
      'statement',
    ]);
  });
});
