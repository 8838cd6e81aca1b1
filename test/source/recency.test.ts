import assert from 'node:assert/strict';
import type { StoredSet } from '../../src/catalogue/catalogue.ts';
import { serviceLimits } from '../../src/http/limits.ts';
import { bindRead } from '../../src/plan/bind/bind-read.ts';
import { goesOn, recencyOf } from '../../src/source/stored/recency.ts';
import { parseODataUri } from '../../src/uri/parse-uri.ts';
import { catalogue } from '../sql/small-model.ts';

const bound = (uri: string) =>
  bindRead(parseODataUri(uri), {
    ...{ model: catalogue.model, sets: catalogue.sets, limits: serviceLimits.plan, pageSize: 10 },
    ...{ serviceRoot: 'http://feed.example.com/odata/', now: () => '2026-11-30T00:00:00Z' },
  });

describe('how new the rows of a read have to be', () => {
  const withRole = (role: StoredSet['role']) => ({
    ...catalogue,
    sets: new Map(
      [...catalogue.sets].map(([name, set]) => [name, name === 'Agents' ? { ...set, role } : set] as const),
    ),
  });

  it('as a standby has them, where the reply begins anew', () => {
    for (const uri of ['Cases', 'Cases(1)', 'Cases/$count', 'Cases?$top=3', '$crossjoin(Cases,Agents)', '$all']) {
      assert.equal(goesOn(bound(uri)), false, uri);
    }
    assert.equal(recencyOf(['Cases'], { catalogue, goesOn: false }), 'any');
  });

  it('none older than what was seen, where it goes on behind another one', () => {
    for (const uri of ['Cases?$skip=3', 'Cases?$skip=0&$top=3', '$crossjoin(Cases,Agents)?$skip=1', '$all?$skip=2']) {
      assert.equal(goesOn(bound(uri)), true, uri);
    }
    const plan = bound('Cases');
    assert.ok(plan.kind === 'Collection');
    assert.equal(goesOn({ ...plan, since: 3n }), true);
    assert.equal(goesOn({ ...plan, after: { values: [], rowId: '3', remaining: null } }), true);
    assert.deepEqual(recencyOf(['Agents', 'Cases'], { catalogue, goesOn: true }), { noOlder: ['Agents', 'Cases'] });
  });

  it('none older, where the archive was brought up for it, and the newest of what the gateway notes', () => {
    const copy = recencyOf(['Agents', 'Cases'], { catalogue: withRole('copy'), goesOn: false });
    assert.deepEqual(copy, { noOlder: ['Agents', 'Cases'] });
    assert.equal(recencyOf(['Agents', 'Cases'], { catalogue: withRole('ledger'), goesOn: true }), 'latest');
  });
});
