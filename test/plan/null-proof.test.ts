import assert from 'node:assert/strict';
import fc from 'fast-check';
import { nullProof } from '../../src/plan/logic/null-proof.ts';
import type { BoundExpression } from '../../src/plan/model/read-plan.ts';
import { expressionText } from '../../src/upstream/url/expression-text.ts';
import { callRow, conditions, evaluate } from '../upstream/conditions.ts';
import { planOf, tenantCatalogue, tenantMap, tenantSource } from '../upstream/tenant.ts';

const catalogue = tenantCatalogue(tenantSource({}));

function bound(filter: string): BoundExpression {
  const plan = planOf(`FarCalls?$filter=${filter}`, catalogue);
  assert.ok(plan.kind === 'Collection');
  return plan.restriction.filter ?? assert.fail();
}

describe('a condition for sources that take null for neither true nor false', () => {
  it('property: gives the rows that OData says, there and where null is taken as OData says', () => {
    fc.assert(
      fc.property(conditions, fc.array(callRow, { minLength: 8, maxLength: 8 }), (text, rows) => {
        const before = bound(text);
        const after = nullProof(before);
        for (const one of rows) {
          const right = evaluate(before, one, 'odata') === true;
          assert.equal(evaluate(after, one, 'odata') === true, right, 'as OData says');
          assert.equal(evaluate(after, one, 'sql') === true, right, 'as SQL says');
        }
      }),
      { numRuns: 500 },
    );
  });

  it('does not grow with every level of conditions that are compared with each other', () => {
    const sizes = [4, 8, 12].map((levels) => {
      const nested = Array.from({ length: levels }, () => '(').join('');
      const text = `${nested}seconds eq 1${Array.from({ length: levels }, (_, at) => `) eq (score gt ${at})`).join('')}`;
      const place = { map: tenantMap(), option: '$filter', variables: new Map() };
      return expressionText(nullProof(bound(text)), place).length;
    });
    const [small = 0, middle = 0, large = 0] = sizes;
    assert.ok(large - middle <= 2 * (middle - small), sizes.join());
  });

  it('is another one only where null makes a difference', () => {
    const place = { map: tenantMap(), option: '$filter', variables: new Map() };
    for (const text of [
      'id ne 1',
      'seconds eq 1',
      'not (id gt 1)',
      "subject ne null and not startswith(subject,'a')",
    ]) {
      const before = bound(text);
      assert.equal(expressionText(nullProof(before), place), expressionText(before, place));
    }
  });
});
