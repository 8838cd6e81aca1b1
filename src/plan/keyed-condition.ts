import type { EntitySet, Property } from '../edm/model.ts';
import type { BoundExpression, RangeVariable } from './read-plan.ts';

/** Rows of a set by the values of some of its properties. */
export interface Keyed {
  readonly set: EntitySet;
  readonly properties: readonly Property[];
  /** One key a member: canonical texts in the order of `properties`. */
  readonly keys: readonly (readonly string[])[];
  /** The row that the condition speaks of; absent: one of its own. */
  readonly variable?: RangeVariable | undefined;
}

/** The condition that a row has one of the keys, and meets `further` too. */
export function keyedCondition(keyed: Keyed, further: BoundExpression | null): BoundExpression {
  const condition = hasOneOf(keyed);
  return further === null ? condition : logical('and', condition, further);
}

function hasOneOf({ set, properties, keys, variable = { name: '$it', set } }: Keyed): BoundExpression {
  const operands = properties.map((property): BoundExpression => {
    const { type, nullable } = property;
    return { kind: 'PropertyValue', type, nullable, row: { variable, steps: [] }, property };
  });
  const [first, ...more] = operands;
  if (first === undefined || keys.length === 0) return { kind: 'Constant', type: 'Edm.Boolean', value: 'false' };
  const constant = (operand: BoundExpression, value: string | undefined): BoundExpression => {
    return { kind: 'Constant', type: operand.type, value: value ?? null };
  };
  if (more.length === 0) {
    const items = keys.map(([value]) => constant(first, value));
    return { kind: 'In', type: 'Edm.Boolean', nullable: true, operand: first, items };
  }
  return keys
    .map((key) => operands.map((operand, at) => equal(operand, constant(operand, key[at]))).reduce(both))
    .reduce((left, right) => logical('or', left, right));
}

const both = (left: BoundExpression, right: BoundExpression): BoundExpression => logical('and', left, right);

function equal(left: BoundExpression, right: BoundExpression): BoundExpression {
  return { kind: 'Comparison', type: 'Edm.Boolean', nullable: false, operator: 'eq', left, right };
}

function logical(operator: 'and' | 'or', left: BoundExpression, right: BoundExpression): BoundExpression {
  return { kind: 'Logical', type: 'Edm.Boolean', nullable: true, operator, left, right };
}
