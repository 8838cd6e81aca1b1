import assert from 'node:assert/strict';
import { bindGrants } from '../../src/plan/bind/grants.ts';
import type { Grants } from '../../src/plan/grants.ts';
import { messages, rows } from '../sql/apply-rows.ts';
import { catalogue } from '../sql/small-model.ts';
import { type EvaluatedGateway, evaluatedGateway } from './evaluated-gateway.ts';
import { passOver } from './pass-over.ts';

const requests = [
  'Cases?$select=Id&$expand=Messages($select=Number;$top=1)',
  'Cases?$select=Id&$expand=Messages($select=Number;$skip=1)',
  'Cases?$select=Id&$expand=Messages($select=Number;$filter=Length gt 5)',
  'Cases?$select=Id&$expand=Messages($select=Number;$orderby=Number desc;$top=1)',
  'Cases?$select=Id&$expand=Messages($filter=Length gt 5;$orderby=Number desc;$skip=0;$count=true)',
  'Cases?$select=Id&$expand=Messages/$count($filter=Length gt 5)',
  'Cases(10)?$select=Id&$expand=Messages($select=Number;$filter=Length gt 5)',
  'Agents?$select=Id&$expand=Cases($select=Id;$expand=Messages($select=Number;$orderby=Number desc;$top=1))',
  'Agents?$select=Id&$expand=Team($select=Id;$filter=Id gt 2;$levels=2)',
];

const ofSets = [
  'Cases?$select=Id&$filter=Id eq 10',
  'Cases?$select=Id&$filter=Id eq 10&$count=true&$top=1',
  'Messages?$select=CaseId,Number&$filter=Length gt 5 and Number le 2&$orderby=CaseId desc,Number',
  'Messages?$select=CaseId,Number&$orderby=CaseId desc,Number desc&$top=2',
  'Messages?$select=CaseId,Number&$orderby=CaseId,Number&$skip=2',
  'Messages?$select=CaseId,Number&$orderby=CaseId,Number&$skip=1&$top=1&$count=true',
  'Messages/$count?$filter=Length gt 5',
  'Messages/$filter(Length gt 5)/$count',
  'Messages/$filter(Length gt 5)?$select=CaseId,Number&$orderby=CaseId,Number',
  'Cases(10)/Messages?$select=Number&$filter=Length gt 5',
  'Cases(10)/Messages?$select=Number&$orderby=Number desc&$skip=1',
  'Cases(10)/Messages/$count?$filter=Length gt 5',
  'Cases?$select=Id&$filter=Messages/any(m:m/Length gt 5)&$orderby=Id&$expand=Messages($select=Number;$orderby=Number)',
  'Cases?$apply=filter(Id gt 10)/aggregate($count as n)',
  "Cases?$select=Id&$filter=contains(Title,'a') or Id eq 10&$orderby=Id",
  'Cases?$select=Id&$filter=not (Id gt 10) and Id gt 1',
  'Cases/$count?$filter=Id in (10,20)',
];

/** A feed may pass over what it does not know; the rows are the right ones all the same. */
describe('rows of a feed that passes over options', () => {
  let gateway: EvaluatedGateway;

  const open = async (passed: readonly string[], grants?: Grants, sets: boolean | RegExp = false): Promise<void> => {
    const shown = { rows: `${rows}${messages}`, readsOptions: false };
    gateway = await evaluatedGateway({ ...shown, ...(grants === undefined ? {} : { grants }) });
    passOver(gateway, passed, sets);
  };

  afterEach(() => gateway.close());

  it('are those of stored sets, whichever of them it passes over', async () => {
    await open(['$filter', '$orderby', '$skip', '$top', '$count']);
    for (const request of requests) {
      const [found, right] = [
        await gateway.rows(gateway.evaluated, request),
        await gateway.rows(gateway.stored, request),
      ];
      assert.deepEqual(found, right, request);
    }
  });

  const all = ['$filter', '$orderby', '$skip', '$top', '$count'];
  for (const [what, passed, where] of [
    ...all.map((option) => [`${option} of its sets`, [option], true] as const),
    ['every option of its sets', all, true],
    ['$filter of counts alone', ['$filter'], /[$]count[?]/],
    ['$filter beside $count=true alone', ['$filter'], /[$]count=true/],
    ['$filter and $orderby of what navigations lead to', ['$filter', '$orderby'], /[)][/]Messages/],
    ['$filter where it has more than comparisons', ['$filter'], /contains[(]|any[(]|not [(]| in [(]/],
    ['nothing', [], true],
  ] as const) {
    it(`are those of stored sets where it passes over ${what}`, async () => {
      await open(passed, undefined, where);
      for (const request of ofSets) {
        const found = await gateway.rows(gateway.evaluated, request);
        assert.deepEqual(found, await gateway.rows(gateway.stored, request), request);
      }
    });
  }

  it('are those of stored sets where it passes over $expand, and leaves out what leads nowhere', async () => {
    await open(['$expand'], undefined, true);
    for (const request of [
      'Cases?$select=Id&$orderby=Id&$expand=Agent($select=Name)',
      'Cases(10)?$select=Id&$expand=Agent($select=Name)',
      'Cases?$select=Id&$filter=Id eq 40&$expand=Agent($select=Name)',
      'Messages?$select=Number&$orderby=CaseId,Number&$expand=Case($select=Id;$expand=Agent($select=Name)),Agent',
    ]) {
      const found = await gateway.rows(gateway.evaluated, request);
      assert.deepEqual(found, await gateway.rows(gateway.stored, request), request);
    }
  });

  it('are none that whoever asks may not see', async () => {
    const rules = new Map([
      ['Cases', {}],
      ['Messages', { rows: 'Length gt 5', properties: ['CaseId', 'Number'] }],
    ]);
    await open(['$filter'], bindGrants(rules, catalogue));
    const reply = await gateway.rows(
      gateway.evaluated,
      'Cases?$select=Id&$filter=Id eq 10&$expand=Messages($select=Number)',
    );
    assert.deepEqual((reply as { readonly value: unknown }).value, [{ Id: 10, Messages: [{ Number: 2 }] }]);
  });

  it('nor are rows of a set, where its feed reads no $filter at all', async () => {
    const rules = new Map([['Messages', { rows: 'Length gt 5', properties: ['CaseId', 'Number'] }]]);
    await open(['$filter'], bindGrants(rules, catalogue), true);
    const value = async (request: string): Promise<unknown> => {
      const reply = await gateway.rows(gateway.evaluated, request);
      return typeof reply === 'string' ? reply : (reply as { readonly value: unknown }).value;
    };
    const seen = [{ CaseId: 10, Number: 2 }];
    assert.deepEqual(await value('Messages?$select=CaseId,Number'), seen);
    assert.deepEqual(await value('Messages?$select=CaseId,Number&$orderby=Number&$top=2'), seen);
    assert.equal(await value('Messages/$count'), '1');
    assert.equal((await gateway.evaluated.get('Messages(CaseId=10,Number=2)')).status, 200);
    assert.equal((await gateway.evaluated.get('Messages(CaseId=10,Number=1)')).status, 404);
    assert.equal((await gateway.evaluated.get('Messages(CaseId=10,Number=1)/Number')).status, 404);
  });
});
