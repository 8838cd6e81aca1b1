import assert from 'node:assert/strict';
import { canBeNull, dual, kleene, opposite, type Truth } from '../../src/plan/logic/three-valued.ts';
import type { BoundExpression } from '../../src/plan/model/read-plan.ts';
import { visitPlan } from '../../src/plan/model/walk.ts';
import { bindText } from './bind-text.ts';

const values: readonly Truth[] = [true, false, null];
const negation = (value: Truth): Truth => (typeof value === 'boolean' ? !value : value);

describe('conditions of three values', () => {
  it('a conjunction is false where a part is, else null where a part is; a disjunction is its dual', () => {
    for (const left of values) {
      for (const right of values) {
        const and = [left, right].includes(false) ? false : left === null || right === null ? null : true;
        assert.equal(kleene('and', [left, right]), and, `${left} and ${right}`);
        for (const operator of ['and', 'or'] as const) {
          const moved = kleene(dual[operator], [negation(left), negation(right)]);
          assert.equal(negation(kleene(operator, [left, right])), moved, `not (${left} ${operator} ${right})`);
        }
      }
    }
  });

  it('what cannot be told decides nothing where another part does', () => {
    assert.deepEqual(
      [kleene('and', [undefined, false]), kleene('or', [undefined, true]), kleene('and', [undefined, true])],
      [false, true, undefined],
    );
  });

  it('the opposite of a comparison holds of two values where it does not', () => {
    const compare = { eq: (d: number) => d === 0, ne: (d: number) => d !== 0, gt: (d: number) => d > 0 };
    const all = { ...compare, ge: (d: number) => d >= 0, lt: (d: number) => d < 0, le: (d: number) => d <= 0 };
    for (const [operator, holds] of Object.entries(all)) {
      const other = all[opposite[operator as keyof typeof all]];
      assert.deepEqual(
        [-1, 0, 1].map(other),
        [-1, 0, 1].map((d) => !holds(d)),
        operator,
      );
    }
  });

  it('a value of a row that may be absent can be null, whatever its type promises', () => {
    const found = new Map<string, boolean>();
    const url = 'Cases?$filter=Agent/Id eq 1 and Id eq 2 and $root/Cases(1)/Id eq 3 and Messages/any(m:m/Case/Id eq 4)';
    visitPlan(bindText(url.replaceAll(' ', '%20')), {
      expression: (node: BoundExpression) => {
        if (node.kind === 'PropertyValue') {
          const names = [node.row.variable.name, ...node.row.steps.map(({ navigation }) => navigation.name)];
          found.set([...names, node.property.name].join('/'), canBeNull(node));
        }
      },
    });
    assert.deepEqual(Object.fromEntries(found), {
      '$it/Agent/Id': true,
      '$it/Id': false,
      '$root/Cases/Id': true,
      'm/Case/Id': true,
    });
  });
});
