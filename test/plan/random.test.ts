import assert from 'node:assert/strict';
import fc from 'fast-check';
import { GatewayError } from '../../src/errors.ts';
import type { BoundExpression } from '../../src/plan/model/read-plan.ts';
import { bindText } from './bind-text.ts';
import { sampleModel } from './sample-model.ts';

const names = [...(sampleModel.entityTypes.get('Case')?.properties.keys() ?? [])];

const leaf = fc.oneof(
  fc.constantFrom(
    ...names,
    'Agent/Name',
    'Parent/Agent/Level',
    'Agent',
    'Messages',
    'Nope',
    '$it/Id',
    '$it',
    '@p',
    '@q',
  ),
  fc.constantFrom('null', 'true', '5', '-3', '70000', '9999999999', '1.50', '2e3', 'INF', "'x'", "'5'", "'2024-01-01'"),
  fc.constantFrom('2024-02-29', '2024-02-29T10:00:00.1234567+02:00', '10:30', "duration'P1D'", "binary'AQID'"),
  fc.constantFrom('Messages/$count', 'Messages/any()', 'Messages/any(m:m/No gt 3)', 'now()'),
);

const operators = ['eq', 'ne', 'gt', 'le', 'and', 'or', 'add', 'sub', 'mul', 'div', 'divby', 'mod'];
const unary = ['length', 'year', 'date', 'round', 'tolower', 'totalseconds', 'hour', 'not ', '-'];
const binary = ['contains', 'concat', 'indexof', 'substring'];

const { expression } = fc.letrec<{ expression: string }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaf,
    fc
      .tuple(tie('expression'), fc.constantFrom(...operators), tie('expression'))
      .map(([left, operator, right]) => `(${left} ${operator} ${right})`),
    fc.tuple(fc.constantFrom(...unary), tie('expression')).map(([name, arg]) => `${name}(${arg})`),
    fc
      .tuple(fc.constantFrom(...binary), tie('expression'), tie('expression'))
      .map(([name, first, second]) => `${name}(${first},${second})`),
    fc
      .tuple(tie('expression'), fc.array(leaf, { minLength: 1, maxLength: 3 }))
      .map(([one, list]) => `${one} in (${list})`),
    fc.tuple(tie('expression'), tie('expression')).map(([when, then]) => `case(${when}:${then})`),
    fc
      .tuple(tie('expression'), fc.constantFrom('String', 'Int32', 'Double'))
      .map(([one, type]) => `cast(${one},Edm.${type})`),
  ),
}));

/** The plan of `$compute=... as X`; null where it is refused, which must be by a GatewayError below 500 or 501. */
function computed(text: string): BoundExpression | null {
  const value = encodeURIComponent(text);
  try {
    const plan = bindText(`Cases?$compute=${value} as X&@p=Title`.replaceAll(' ', '%20'));
    return (plan.kind === 'Collection' && plan.selection.computed[0]?.expression) || null;
  } catch (error) {
    if (!(error instanceof GatewayError)) {
      throw error;
    }
    assert.ok(error.status < 500 || error.status === 501, `${text}: ${error.code} ${error.message}`);
    return null;
  }
}

/** Operands that the plan promises to be of one type. */
function checkTypes(node: BoundExpression): void {
  switch (node.kind) {
    case 'Comparison':
    case 'Logical':
      checkTypes(node.left);
      checkTypes(node.right);
      if (node.left.type !== 'null' && node.right.type !== 'null') {
        assert.equal(node.left.type, node.right.type);
      }
      if (node.kind === 'Logical') {
        assert.equal(node.left.type, 'Edm.Boolean');
      }
      return;
    case 'Arithmetic':
      checkTypes(node.left);
      checkTypes(node.right);
      return;
    case 'In':
      checkTypes(node.operand);
      for (const item of node.items) {
        checkTypes(item);
        if (item.type !== 'null') {
          assert.equal(item.type, node.operand.type);
        }
      }
      return;
    case 'Case':
      for (const { when, then } of node.branches) {
        checkTypes(when);
        checkTypes(then);
        assert.equal(when.type, 'Edm.Boolean');
        assert.equal(then.type, node.type);
      }
      return;
    case 'Not':
      assert.equal(node.operand.type, 'Edm.Boolean');
      checkTypes(node.operand);
      return;
    case 'Convert':
    case 'Negate':
      checkTypes(node.operand);
      return;
    case 'Function':
      for (const arg of node.args) {
        checkTypes(arg);
      }
      return;
    default:
      return;
  }
}

describe('random expressions', () => {
  it('are bound with operands of one type, or refused by name, and never fail otherwise', () => {
    let bound = 0;
    fc.assert(
      fc.property(expression, (text) => {
        const node = computed(text);
        if (node === null) {
          return;
        }
        bound += 1;
        checkTypes(node);
      }),
      { numRuns: 3000 },
    );
    assert.ok(bound > 300, `only ${bound} of 3000 were bound`);
  });
});
