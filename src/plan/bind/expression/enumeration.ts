import { faultOfMembers, isNameOf } from '../../../edm/enumeration.ts';
import type { Enumeration, Model, Property } from '../../../edm/model.ts';
import type { Expression } from '../../../uri/syntax.ts';
import { canBeNull } from '../../logic/three-valued.ts';
import type { BoundExpression, ComparisonOperator, Constant } from '../../model/read-plan.ts';
import { fault, type Scope } from '../scope.ts';
import { bindComparable, bindExpression } from './expression.ts';
import { describe } from './operand-text.ts';

/**
 * Enumerations of proxied feeds are served as text, and their literals (4.01 URL Conventions 5.1.1.14.1) are taken with
 * and without the type's name, in the feed's own namespace or in ours. Only beside a property can it be known which
 * enumeration is meant, so nowhere else is a literal of one allowed.
 */

type Has = Extract<Expression, { kind: 'Binary' }>;

/**
 * `property has member` (4.01 URL Conventions 5.1.1.1.11).
 * @throws GatewayError `TypeMismatch` where the left side is no property of an enumeration, or the right no member of it
 */
export function bindHas(expression: Has, scope: Scope): BoundExpression {
  const left = bindExpression(expression.left, scope);
  const right = bindComparable(expression.right, scope);
  if (enumerationOf(left) === null) {
    const message = `\`has\` asks a property of an enumeration type, not ${describe(left)}.`;
    throw fault(scope, 'TypeMismatch', message, expression.at);
  }
  if (right.kind !== 'Constant' || right.type !== 'Edm.String' || right.value === null) {
    const message = `behind \`has\` a member of the enumeration is wanted, not ${describe(right)}.`;
    throw fault(scope, 'TypeMismatch', message, expression.at);
  }
  checkMembers([left, right], { scope, at: expression.at });
  return { kind: 'Has', type: 'Edm.Boolean', nullable: canBeNull(left), left, right };
}

/**
 * Two operands of a comparison: a literal with an enumeration's name stands beside a property of that enumeration, and
 * text beside such a property names its members. `equality`: of `eq`, `ne` and `in`, plain text may be any, since the
 * property is served as text: text that is no member equals no row's.
 * @throws GatewayError `TypeMismatch`
 */
export function checkMembers(
  [a, b]: readonly [BoundExpression, BoundExpression],
  place: Place & { readonly equality?: boolean },
): void {
  checkBeside(a, b, place);
  checkBeside(b, a, place);
}

/**
 * `gt`, `lt` and their kin beside plain text: the property is served as text, so texts are compared, while the feed would order its
 * members by their numbers. The members for which it is true are named. Null where no enumeration stands beside plain text.
 */
export function orderedMembers(
  operator: ComparisonOperator,
  [left, right]: readonly [BoundExpression, BoundExpression],
): BoundExpression | null {
  const holds = orders[operator];
  if (holds === undefined) {
    return null;
  }
  const [operand, constant] = left.kind === 'Constant' ? [right, left] : [left, right];
  const enumeration = enumerationOf(operand);
  if (enumeration === null || enumeration.flags || constant.kind !== 'Constant') {
    return null;
  }
  const { type, value, enumType } = constant;
  if (type !== 'Edm.String' || value === null || enumType !== undefined) {
    return null;
  }
  const names = [...enumeration.members.keys()].filter((name) =>
    left === operand ? holds(name, value) : holds(value, name),
  );
  // No member is the empty text.
  const items = (names.length === 0 ? [''] : names).map((name): Constant => ({ kind: 'Constant', type, value: name }));
  return { kind: 'In', type: 'Edm.Boolean', nullable: false, operand, items };
}

const orders: Partial<Record<ComparisonOperator, (a: string, b: string) => boolean>> = {
  gt: (a, b) => a > b,
  ge: (a, b) => a >= b,
  lt: (a, b) => a < b,
  le: (a, b) => a <= b,
};

/** As `checkMembers`, for a key's value. */
export function checkKeyMembers(property: Property, constant: Constant, scope: Scope, at: number): void {
  checkConstant(constant, property.enumeration ?? null, { scope, at });
}

interface Place {
  readonly scope: Scope;
  readonly at: number;
}

function checkBeside(
  operand: BoundExpression,
  other: BoundExpression,
  { equality = false, ...place }: Place & { readonly equality?: boolean },
): void {
  if (operand.kind !== 'Constant') {
    return;
  }
  if (equality && operand.enumType === undefined) {
    return;
  }
  checkConstant(operand, enumerationOf(other), place);
}

function checkConstant(constant: Constant, enumeration: Enumeration | null, { scope, at }: Place): void {
  const { enumType, value, type } = constant;
  const { namespace } = scope.binding.context.model;
  if (enumType !== undefined && (enumeration === null || !isNameOf(enumeration, enumType, namespace))) {
    throw loneMember(constant, scope, at, enumeration);
  }
  if (enumeration === null || value === null || type !== 'Edm.String') {
    return;
  }
  const wrong = faultOfMembers(enumeration, value);
  if (wrong !== null) {
    throw fault(scope, 'TypeMismatch', `${wrong}.`, at);
  }
}

const enumerationOf = (expression: BoundExpression): Enumeration | null =>
  expression.kind === 'PropertyValue' ? (expression.property.enumeration ?? null) : null;

/** Whether some property of the model is of the enumeration. */
export function isEnumeration(name: string, { entityTypes, namespace }: Model): boolean {
  const isOf = ({ enumeration }: Property): boolean =>
    enumeration !== undefined && isNameOf(enumeration, name, namespace);
  return [...entityTypes.values()].some((type) => [...type.properties.values()].some(isOf));
}

/** Whether a value is of the enumeration of that name. */
export function isOfEnumeration(value: BoundExpression, name: string, scope: Scope): boolean {
  const enumeration = enumerationOf(value);
  return enumeration !== null && isNameOf(enumeration, name, scope.binding.context.model.namespace);
}

/** The fault of a literal that does not stand beside a property of its enumeration. */
export function loneMember(
  { enumType = '', value }: Constant,
  scope: Scope,
  at: number,
  beside: Enumeration | null = null,
): Error {
  if (beside !== null) {
    const message = `the property is of the enumeration ${beside.name}, not of ${enumType}.`;
    return fault(scope, 'TypeMismatch', message, at);
  }
  const message = isEnumeration(enumType, scope.binding.context.model)
    ? `${enumType}'${value}' can only stand beside a property of that enumeration.`
    : `this feed has no enumeration type '${enumType}'.`;
  return fault(scope, 'TypeMismatch', message, at);
}
