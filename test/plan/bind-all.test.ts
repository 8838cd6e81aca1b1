import assert from 'node:assert/strict';
import type { EntitySet, Model } from '../../src/edm/model.ts';
import { GatewayError } from '../../src/errors.ts';
import { bindRead } from '../../src/plan/bind/bind-read.ts';
import { queryFingerprint } from '../../src/plan/bind/fingerprint.ts';
import { defaultPlanLimits } from '../../src/plan/bind/limits.ts';
import type { AllPlan, AllPosition } from '../../src/plan/model/read-plan.ts';
import { encodeAllPosition } from '../../src/plan/position/page-position.ts';
import { parseODataUri } from '../../src/uri/parse-uri.ts';
import { sampleModel, sampleSets } from './sample-model.ts';

/** The sample model with a second set of one of its types, and its sets in the order given. */
function modelWith(order: readonly string[]): Model {
  const cases = sampleModel.entitySets.get('Cases');
  assert.ok(cases !== undefined);
  const sets = new Map<string, EntitySet>([
    ...sampleModel.entitySets,
    ['Archive', { ...cases, name: 'Archive' }] as const,
  ]);
  return {
    ...sampleModel,
    entitySets: new Map(order.map((name) => [name, sets.get(name)] as const).filter(isFound)),
  };
}

const isFound = (entry: readonly [string, EntitySet | undefined]): entry is readonly [string, EntitySet] =>
  entry[1] !== undefined;

function bindAll(url: string, model: Model): AllPlan {
  const plan = bindRead(parseODataUri(url), {
    model,
    sets: sampleSets,
    limits: defaultPlanLimits,
    pageSize: 10,
    now: () => '2026-01-31T12:00:00.000Z',
  });
  assert.ok(plan.kind === 'All', plan.kind);
  return plan;
}

const names = ({ parts }: AllPlan): string[] => parts.map(({ selection }) => selection.set.name);
const every = ['Tags', 'Messages', 'Cases', 'Archive', 'Agents'];

describe('plan: $all', () => {
  it('has stored sets by name, then proxied ones, whatever the order of the model', () => {
    const expected = ['Agents', 'Archive', 'Cases', 'Messages', 'Tags'];
    assert.deepEqual(names(bindAll('$all', modelWith(every))), expected);
    assert.deepEqual(names(bindAll('$all', modelWith(every.toReversed()))), expected);
  });

  it('has only the sets of the model that it is given', () => {
    assert.deepEqual(names(bindAll('$all', modelWith(['Cases', 'Agents']))), ['Agents', 'Cases']);
    assert.deepEqual(names(bindAll('$all/$count', modelWith([]))), []);
  });

  it('a type that several sets have is all of these sets', () => {
    const model = modelWith(every);
    assert.deepEqual(names(bindAll('$all/Feed.Case?$top=3', model)), ['Archive', 'Cases']);
    assert.equal(bindAll('$all/Feed.Case/$count', model).countOnly, true);
    assert.throws(
      () => bindAll("$all/Feed.Case?$filter=Title%20eq%20'x'", model),
      /UnknownProperty|cannot be a property/,
    );
    assert.throws(() => bindAll('$all/Feed.Case(1)', model), /address an entity by its own set/);
  });

  it('a token goes on where it says, also when sets have come or gone in front of it', () => {
    const fingerprint = queryFingerprint(parseODataUri('$all'));
    const at = (position: AllPosition, model: Model): AllPlan =>
      bindAll(`$all?$skiptoken=${encodeAllPosition(position, fingerprint)}`, model);
    const positions: readonly AllPosition[] = [
      { set: 'Cases', rowId: '17', token: null, remaining: null },
      { set: 'Messages', rowId: null, token: null, remaining: 3 },
      { set: 'Tags', rowId: null, token: 'far_token-1', remaining: null },
    ];
    for (const position of positions) {
      for (const model of [modelWith(every), modelWith(['Tags', 'Cases', 'Messages'])]) {
        const plan = at(position, model);
        assert.deepEqual(plan.after, position);
        assert.equal(plan.top, position.remaining);
        assert.equal(plan.skip, null);
      }
    }
    assert.throws(
      () => at({ set: 'Archive', rowId: '1', token: null, remaining: null }, modelWith(['Cases'])),
      (error) => error instanceof GatewayError && error.code === 'InvalidSkipToken',
    );
  });

  it('a long chain of conditions is refused by its name, not by its depth', () => {
    const chain = Array.from({ length: 1200 }, () => 'true').join('%20and%20');
    const url = `$all?$filter=${chain}`;
    const plain = parseODataUri(url, {
      urlLength: 100_000,
      queryLength: 100_000,
      expressionNodes: 10_000,
      nestingDepth: 100,
      listLength: 10_000,
    });
    const bind = () =>
      bindRead(plain, { model: sampleModel, sets: sampleSets, limits: defaultPlanLimits, pageSize: 1, now: () => '' });
    assert.throws(bind, (error) => error instanceof GatewayError && error.code === 'NotImplemented');
  });
});
