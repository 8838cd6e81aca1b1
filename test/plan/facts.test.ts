import assert from 'node:assert/strict';
import { queryFingerprint } from '../../src/plan/bind/fingerprint.ts';
import { mapBoundPlan } from '../../src/plan/model/make.ts';
import { setsOf } from '../../src/plan/model/sets.ts';
import { parseODataUri } from '../../src/uri/parse-uri.ts';
import { bindText } from './bind-text.ts';

const encoded = (url: string): string => url.replaceAll(' ', '%20');

describe('what a plan says of its request', () => {
  for (const url of [
    'Cases?$filter=Opened lt now()',
    'Cases?$filter=Opened lt n%6Fw( )',
    'Cases?$filter=Opened lt @t&@t=now()',
    'Cases?$orderby=now()',
    'Cases?$compute=now() as Asked',
    'Cases?$compute=date(now()) as Day&$select=Id',
    'Cases/$filter(Opened lt now())',
    'Cases/$count?$filter=Opened lt now()',
    'Cases(1)?$compute=now() as Asked',
    'Cases?$expand=Messages($filter=Case/Opened lt now())',
    'Cases?$filter=Messages/any(m:m/Case/Opened lt now())',
    'Cases?$apply=filter(Opened lt now())/aggregate($count as N)',
    '$crossjoin(Cases,Agents)?$filter=Cases/Opened lt now()',
  ]) {
    it(`it depends on the clock: ${url}`, () => assert.equal(bindText(encoded(url)).volatile, true));
  }

  for (const url of [
    '',
    '$metadata',
    '$all',
    'Cases',
    "Cases?$filter=Title eq 'now()'",
    "Cases?$filter=contains(Title,'right now (call)')",
    'Cases?$search="now()"',
    'Cases?$filter=Opened lt maxdatetime()',
    'Cases?$compute=Id add 1 as now',
    'Cases?$filter=Id eq 1&@t=now()',
  ]) {
    it(`it does not depend on the clock: ${url}`, () => assert.equal(bindText(encoded(url)).volatile, false));
  }

  it('the fingerprint is that of the query, and the sets are all that take part', () => {
    for (const url of [
      'Cases?$filter=Agent/Name ne null&$expand=Messages',
      'Cases(1)/Title',
      '$crossjoin(Cases,Agents)',
    ]) {
      const plan = bindText(encoded(url));
      assert.equal(plan.fingerprint, queryFingerprint(parseODataUri(encoded(url))));
      assert.deepEqual(plan.setNames, setsOf(plan));
    }
    assert.deepEqual(bindText(encoded('Cases?$filter=Agent/Name ne null&$expand=Messages')).setNames, [
      'Agents',
      'Cases',
      'Messages',
    ]);
  });

  it('a plan that was changed names the sets that are in it then', () => {
    const plan = bindText('Cases?$expand=Agent,Messages');
    assert.equal(mapBoundPlan(plan, {}), plan);
    const without = mapBoundPlan(plan, {
      selection: (node) => ({ ...node, expands: node.expands.filter(({ navigation }) => navigation.name !== 'Agent') }),
    });
    assert.deepEqual(
      [plan.setNames, without.setNames],
      [
        ['Agents', 'Cases', 'Messages'],
        ['Cases', 'Messages'],
      ],
    );
    assert.equal(without.fingerprint, plan.fingerprint);
  });
});
