import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GatewayError } from '../../src/errors.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { type UnsupportedFeature, unsupportedFeatures } from '../../src/unsupported-features.ts';
import { type JoinedGateway, joinedGateway } from '../http/cross-source/joined-gateway.ts';
import { bindText } from '../plan/bind-text.ts';
import { catalogueOf } from '../support/catalogue-of.ts';
import { metadataFolder } from '../support/gateway.ts';

const cases = 'TracebuzzCases?$filter=';
const apply = 'TracebuzzResults?$apply=';
const crossjoin = '$crossjoin(TracebuzzCases,TracebuzzQueues)';

/** Requests that meet each feature, at every place where the code refuses it in another way; those of Citus are in `test/citus`. */
const requests: Readonly<
  Record<Exclude<UnsupportedFeature, 'change-sets' | 'distributed' | ModelDependent>, readonly string[]>
> = {
  'model-functions': [`${cases}Gateway.F(x=1) eq 1`, `${cases}Gateway.F(x=CaseId) eq 1`, 'TracebuzzCases?$select=F(x)'],
  media: ['TracebuzzCases(50123)/$value'],
  segments: ['TracebuzzCases/$each'],
  temporal: [
    'TracebuzzCases?$at=2024-01-01',
    'TracebuzzCases?from=2024-01-01',
    'TracebuzzCases?$expand=Results($to=2024-01-01)',
  ],
  'ordered-collections': ['TracebuzzCases?$index=1'],
  'apply-elsewhere': [`${crossjoin}?$apply=identity`, 'TracebuzzCases(50123)?$apply=identity'],
  'apply-with-levels': ['TracebuzzLabels?$expand=CategoryMembers($apply=identity;$levels=2)'],
  'expand-value': ['TracebuzzCases?$expand=$value'],
  'nested-select-options': ['TracebuzzCases?$select=CaseId($top=1)'],
  'nested-aliases': ['TracebuzzCases?$expand=Results(@a=1;$filter=Likes gt @a)'],
  'typeless-options': ['$all?$search=x', '$all?$apply=identity', '$all?$filter=1 eq 1'],
  'crossjoin-expand': [`${crossjoin}?$expand=TracebuzzCases/Results`],
  'crossjoin-select': [`${crossjoin}?$select=TracebuzzCases`],
  search: ['TracebuzzCases?$search=late'],
  'search-in-derived-rows': [`${apply}aggregate($count as N)/search(x)`, `${apply}aggregate($count as N)&$search=x`],
  'untracked-changes': ['TracebuzzCases?$apply=identity&$deltatoken=x', 'BuzzeasyCalls?$deltatoken=x'],
  annotations: [`${cases}@Core.X eq 1`, 'TracebuzzCases?$select=@Core.X', 'TracebuzzCases?$expand=@Core.X'],
  these: [`${cases}$these/$count gt 1`],
  'aggregate-in-expressions': [`${cases}Results/aggregate(Likes with sum) gt 1`],
  'keys-after-filters': [`${cases}Results/$filter(Likes gt 1)(7)/Likes eq 1`],
  'root-collections': [`${cases}CaseId eq $root/TracebuzzCases/CaseId`],
  'navigation-comparison': ['TracebuzzResults?$filter=Case eq Case'],
  'in-operands': [`${cases}CaseId in Results/ResultId`],
  'json-values': [`${cases}{"a":1} eq null`],
  'json-expressions': [`${cases}CaseId in [CaseId]`],
  'set-functions': [`${cases}hassubset([1],[1])`, `${cases}hassubsequence([1],[1])`],
  geo: [`${cases}geo.length(CaseId) gt 1`, `${cases}CaseId eq geography'SRID=0;Point(1 2)'`],
  casts: [
    `${cases}cast(ReasonAt,Edm.Date) eq 2024-01-01`,
    `${cases}cast(ReasonAt,Edm.TimeOfDay) eq 10:00`,
    `${cases}cast(QueueId,Edm.Int32) eq 1`,
    `${cases}isof(QueueId,Edm.Int32)`,
  ],
  patterns: [
    `${cases}matchesPattern(QueueId,'(%3F=a)')`,
    `${cases}matchesPattern(QueueId,'(a)\\1')`,
    `${cases}matchesPattern(QueueId,'\\p{L}')`,
    `${cases}matchesPattern(QueueId,'a{999}')`,
    `${cases}matchesPattern(QueueId,QueueId)`,
  ],
  'leap-seconds': [`${cases}ReasonAt lt 2016-12-31T23:59:60Z`],
  'nested-transformations': [
    `${apply}expand(Case,filter(true))`,
    `${apply}nest(identity as X)`,
    `${apply}addnested(Case,identity as X)`,
  ],
  'custom-transformations': [`${apply}Gateway.T(x=1)`],
  'custom-aggregates': [`${apply}aggregate(Likes)`, `${apply}aggregate(Likes with Gateway.median as M)`],
  hierarchies: [
    `${apply}groupby((rolluprecursive($root/TracebuzzLabels,H,LabelId)))`,
    `${apply}ancestors($root/TracebuzzLabels,H,LabelId,identity)`,
    `${apply}traverse($root/TracebuzzLabels,H,LabelId,preorder)`,
  ],
  'rollup-totals-in-groups': [`${apply}groupby((Status),groupby((rollup($all,CaseId))))`],
  'entities-in-groups': [`${apply}concat(groupby((Case)),identity)`, `${apply}groupby((Status),groupby((Case)))`],
  'expand-of-aggregates': [`${apply}aggregate($count as N)&$expand=Case`],
  // The feed of these tests says so of its agents.
  proxied: [
    'BuzzeasyAgents',
    "BuzzeasyAgents('x')/name",
    'BuzzeasyAgents?$apply=aggregate($count as N)',
    '$crossjoin(TracebuzzJudgements,BuzzeasyAgents)',
  ],
};

/** Nothing in the product's own metadata leads to these: asked of the model that the tests of plans use. */
type ModelDependent = 'collections-of-values' | 'unbound-navigation';
const planned: Readonly<Record<ModelDependent, readonly string[]>> = {
  'collections-of-values': ["Tags?$filter=Words eq 'x'", "Tags('a')/Words/$count"],
  'unbound-navigation': ["Tags('a')/Lost", 'Tags?$expand=Lost'],
};

describe('C9 every 501 that the code can give is listed', () => {
  let sandbox: Sandbox;
  let front: Server;
  let gateway: JoinedGateway;
  before(async () => {
    sandbox = await startSandbox(catalogueOf(metadataFolder), 'buzzeasy', { rows: 5, seed: 1 });
    front = createServer(async (request, response) => {
      const url = request.url ?? '';
      const reply = url.startsWith('/Agents') ? null : await fetch(new URL(`.${url}`, sandbox.url));
      response.writeHead(reply?.status ?? 501, { 'Content-Type': reply?.headers.get('content-type') ?? 'text/plain' });
      response.end(await reply?.text());
    });
    await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
    const { port } = front.address() as AddressInfo;
    gateway = await joinedGateway({ environment: { BUZZEASY_URL: `http://127.0.0.1:${port}/` } });
  });
  after(async () => {
    await gateway.close();
    front.close();
    await sandbox.close();
  });

  it('docs/conformance.md and the code have the same list, in the same words', () => {
    const text = readFileSync(new URL('../../docs/conformance.md', import.meta.url), 'utf8');
    const list = text.slice(text.indexOf('## What is refused, in one list'));
    const documented = [...list.matchAll(/^\| `([a-z-]+)` +\| (.*?) +\|$/gm)].map(([, id = '', what = '']) => [
      id,
      what,
    ]);
    assert.deepEqual(documented, Object.entries(unsupportedFeatures));
  });

  for (const [feature, queries] of Object.entries(requests)) {
    for (const query of queries) {
      it(`${feature}: ${query}`, async () => {
        const reply = await gateway.get(query);
        const { error } = (await reply.json()) as { error: Record<string, unknown> };
        assert.deepEqual([reply.status, error['@gateway.feature']], [501, feature], JSON.stringify(error));
      });
    }
  }

  for (const [feature, queries] of Object.entries(planned)) {
    for (const query of queries) {
      it(`${feature}: ${query}`, () =>
        assert.throws(
          () => bindText(query),
          (error) => error instanceof GatewayError && error.feature === feature,
        ));
    }
  }

  it('change-sets: in both formats of a batch', async () => {
    const send = (body: string, type: string): Promise<Response> =>
      fetch(`${gateway.root}$batch`, { method: 'POST', body, headers: { 'Content-Type': type } });
    const changeSet = '--b\r\nContent-Type: multipart/mixed;boundary=c\r\n\r\n--c--\r\n--b--\r\n';
    const group = { requests: [{ id: '1', method: 'post', url: 'TracebuzzCases', atomicityGroup: 'g' }] };
    for (const reply of [
      await send(changeSet, 'multipart/mixed;boundary=b'),
      await send(JSON.stringify(group), 'application/json'),
    ]) {
      assert.match(await reply.text(), /501[\s\S]*"@gateway\.feature":"change-sets"/);
    }
  });
});
