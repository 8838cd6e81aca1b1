import type { EntitySet, Property } from '../../edm/model.ts';
import type { BoundExpression, RangeVariable, RowPath } from '../model/read-plan.ts';

/** Rows of a set by the values of some of its properties. */
export interface Keyed {
  readonly set: EntitySet;
  readonly properties: readonly Property[];
  /** One key a member: canonical texts in the order of `properties`. */
  readonly keys: readonly (readonly string[])[];
  /** The row that the condition speaks of; absent: one of its own. */
  readonly variable?: RangeVariable | undefined;
  /** A row that it leads to, instead. */
  readonly row?: RowPath;
}

/** The condition that a row has one of the keys, and meets `further` too. */
export function keyedCondition(keyed: Keyed, further: BoundExpression | null): BoundExpression {
  const condition = hasOneOf(keyed);
  return further === null ? condition : logical('and', condition, further);
}

function hasOneOf({ set, properties, keys, variable = { name: '$it', set }, ...keyed }: Keyed): BoundExpression {
  const row = keyed.row ?? { variable, steps: [] };
  const operands = properties.map((property): BoundExpression => {
    const { type } = property;
    const nullable = property.nullable || row.steps.length > 0;
    return { kind: 'PropertyValue', type, nullable, row, property };
  });
  const [first, ...more] = operands;
  if (first === undefined || keys.length === 0) {
    return { kind: 'Constant', type: 'Edm.Boolean', value: 'false' };
  }
  const constant = (operand: BoundExpression, value: string | undefined): BoundExpression => {
    return { kind: 'Constant', type: operand.type, value: value ?? null };
  };
  if (more.length === 0) {
    const items = keys.map(([value]) => constant(first, value));
    return { kind: 'In', type: 'Edm.Boolean', nullable: true, operand: first, items };
  }
  return eitherOf(
    keys.map((key) => operands.map((operand, at) => equal(operand, constant(operand, key[at]))).reduce(both)),
  );
}

/** As a tree that is no deeper than it must be: whoever walks over thousands of keys does so by recursion. */
function eitherOf(conditions: readonly BoundExpression[]): BoundExpression {
  const [first, second, ...more] = conditions;
  if (first === undefined) {
    return { kind: 'Constant', type: 'Edm.Boolean', value: 'false' };
  }
  if (second === undefined) {
    return first;
  }
  if (more.length === 0) {
    return logical('or', first, second);
  }
  const middle = conditions.length >> 1;
  return logical('or', eitherOf(conditions.slice(0, middle)), eitherOf(conditions.slice(middle)));
}

const both = (left: BoundExpression, right: BoundExpression): BoundExpression => logical('and', left, right);

function equal(left: BoundExpression, right: BoundExpression): BoundExpression {
  return { kind: 'Comparison', type: 'Edm.Boolean', nullable: false, operator: 'eq', left, right };
}

function logical(operator: 'and' | 'or', left: BoundExpression, right: BoundExpression): BoundExpression {
  return { kind: 'Logical', type: 'Edm.Boolean', nullable: true, operator, left, right };
}
