import assert from 'node:assert/strict';
import { absentValue } from '../../../src/plan/logic/absent-value.ts';
import { notFalse, notTrue } from '../../../src/plan/logic/condition.ts';
import { keyedCondition } from '../../../src/plan/logic/keyed-condition.ts';
import type { Truth } from '../../../src/plan/logic/three-valued.ts';
import { expressionText } from '../../../src/upstream/url/expression-text.ts';
import { planOf, tenantCatalogue, tenantMap, tenantSource } from '../../upstream/tenant.ts';

const catalogue = tenantCatalogue(tenantSource({}));
const place = { map: tenantMap(), option: '$filter', variables: new Map() };

function bound(filter: string) {
  const plan = planOf(`FarCalls?$filter=${filter}`, catalogue);
  assert.ok(plan.kind === 'Collection');
  const { filter: expression, variable } = plan.restriction;
  return { expression: expression ?? assert.fail(), variable: variable ?? assert.fail() };
}

describe('conditions for another source', () => {
  for (const [filter, untrue, unfalse] of [
    ['seconds eq 1', 'seconds ne 1', 'seconds eq 1'],
    ['seconds ne null', 'seconds eq null', 'seconds ne null'],
    ['seconds gt 1', 'not (seconds gt 1)', 'seconds gt 1'],
    ['isOutbound', 'not (isOutbound) or isOutbound eq null', 'isOutbound or isOutbound eq null'],
    [
      "contains(tolower(subject),'a')",
      "not (contains(tolower(subject),'a')) or subject eq null",
      "contains(tolower(subject),'a') or subject eq null",
    ],
    [
      "seconds eq 1 and not (startswith(subject,'a') or isOutbound)",
      "seconds ne 1 or startswith(subject,'a') or subject eq null or isOutbound or isOutbound eq null",
      "seconds eq 1 and (not (startswith(subject,'a')) or subject eq null) and (not (isOutbound) or isOutbound eq null)",
    ],
    ['Agent/Calls/any(c:c/id eq 1)', 'not (Agent/Calls/any(v0:v0/id eq 1))', 'Agent/Calls/any(v0:v0/id eq 1)'],
  ] as const) {
    it(`${filter}: not true, not false`, () => {
      const { expression } = bound(filter);
      const plain = (text: string): string => text.replaceAll('(not (', 'not ((').replaceAll(/[()]/g, '');
      assert.equal(plain(expressionText(notTrue(expression), place)), plain(untrue));
      assert.equal(plain(expressionText(notFalse(expression), place)), plain(unfalse));
    });
  }

  it('what can be null for a reason that cannot be asked is refused', () => {
    assert.throws(() => notTrue(bound("contains(concat(subject,'a'),'b')").expression), /other way round/);
  });

  for (const [filter, value] of [
    ['subject eq null', true],
    ['subject ne null', false],
    ["subject ne 'x'", true],
    ['seconds gt 1', false],
    ['seconds add 1 le 1', false],
    ['isOutbound', null],
    ['not isOutbound', null],
    ["contains(subject,'a')", null],
    ["contains(subject,'a') or seconds eq null", true],
    ["contains(subject,'a') and seconds eq 1", false],
    ["contains(subject,'a') or seconds eq 1", null],
    ["not (subject eq 'x')", true],
    ["subject in ('a',null)", true],
    ["subject in ('a','b')", false],
    ['Agent eq null', true],
    ["Agent/name eq 'x'", false],
    ['Agent/Calls/any()', false],
    ['Agent/Calls/all(c:c/id eq 1)', true],
    ["length(subject) eq null and tolower(subject) ne 'a'", true],
    ["concat(subject,'a') eq 'a'", undefined],
    ['Agent/Calls/$count eq 0', undefined],
    ["concat(subject,'a') eq 'a' and seconds eq 1", false],
  ] as const satisfies readonly (readonly [string, Truth])[]) {
    it(`${filter} is ${value} where there is no row`, () => {
      const { expression, variable } = bound(filter);
      assert.equal(absentValue(expression, variable), value);
    });
  }

  it('ten thousand keys of two properties make a tree that is not deep', () => {
    const set = catalogue.model.entitySets.get('FarDays') ?? assert.fail();
    const properties = ['agentId', 'day'].map((name) => set.entityType.properties.get(name) ?? assert.fail());
    const keys = Array.from({ length: 10_000 }, (_, at) => [`a${at}`, '2026-01-01']);
    const text = expressionText(keyedCondition({ set, properties, keys }, null), place);
    assert.equal(text.match(/agentId eq 'a\d+' and day eq 2026-01-01/g)?.length, 10_000);
    const depthOf = (node: unknown): number =>
      typeof node === 'object' && node !== null && 'left' in node && 'right' in node
        ? 1 + Math.max(depthOf(node.left), depthOf(node.right))
        : 0;
    assert.ok(depthOf(keyedCondition({ set, properties, keys }, null)) < 20);
    assert.equal(
      expressionText(keyedCondition({ set, properties, keys: keys.slice(0, 1) }, null), place),
      "agentId eq 'a0' and day eq 2026-01-01",
    );
  });
});
