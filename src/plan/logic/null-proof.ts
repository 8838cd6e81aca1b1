import { faultOfMembers } from '../../edm/enumeration.ts';
import type { BoundExpression } from '../model/expression.ts';
import { isNull, isTwoValued, joinedBy, negated, nullSources, operandsOf } from './condition.ts';
import { canBeNull, dual, isNullConstant, isOrdering, opposite } from './three-valued.ts';

type Comparison = Extract<BoundExpression, { kind: 'Comparison' }>;
type In = Extract<BoundExpression, { kind: 'In' }>;
export type List = In;

const constant = (value: boolean): BoundExpression => ({ kind: 'Constant', type: 'Edm.Boolean', value: String(value) });
/** Comparisons of one value with constants from which on they are written as one list. */
const shortestList = 3;

/**
 * A condition true for the same rows, written for sources that take a comparison with null for neither true nor false, as
 * SQL does (services over objects or plain SQL leave such rows out of `ne` and `not`): what holds of null is said beside it.
 * A source that follows Protocol 11.2.6.1.1 gives the same rows for it, too. Only its being true counts.
 */
export function nullProof(condition: BoundExpression): BoundExpression {
  switch (condition.kind) {
    case 'Logical': {
      const { operator } = condition;
      const operands = operandsOf(condition, operator);
      return joinedBy(operator, (operator === 'or' ? listed(operands) : excluded(operands)).map(nullProof));
    }
    case 'Not':
      return falsePart(condition.operand);
    case 'Lambda':
      return { ...condition, predicate: condition.predicate === null ? null : nullProof(condition.predicate) };
    case 'Comparison':
      return compared(condition);
    case 'In':
      return contained(condition);
    default:
      return condition;
  }
}

/** True exactly where the condition is false. */
function falsePart(condition: BoundExpression): BoundExpression {
  switch (condition.kind) {
    case 'Logical': {
      const operands = operandsOf(condition, condition.operator);
      // Back through the other way, so that a list of what is excluded stays one.
      return nullProof(joinedBy(dual[condition.operator], operands.map(negated)));
    }
    case 'Not':
      return nullProof(condition.operand);
    case 'Comparison':
      if (isNeverOrdered(condition)) {
        return constant(true);
      }
      return isOrdering(condition.operator)
        ? withNulls(negated(condition), [condition.left, condition.right])
        : compared({ ...condition, operator: opposite[condition.operator] });
    case 'In': {
      const chain = contained(condition);
      if (chain.kind !== 'In') {
        return falsePart(asComparisons(condition));
      }
      const none = condition.items.length < shortestList ? differing(condition) : negated(condition);
      return condition.items.some(isNullConstant) ? none : withNulls(none, [condition.operand]);
    }
    case 'Lambda':
      return negated(nullProof(condition));
    default:
      return negated(condition);
  }
}

/** A value that is compared with others of the row may be null as they are. */
const contained = (list: In): BoundExpression =>
  list.items.every(({ kind }) => kind === 'Constant') ? list : nullProof(asComparisons(list));

/** None of a list, as each source can be asked it: lists, and `not`, are what many do not know. */
const differing = ({ operand, items }: In): BoundExpression =>
  joinedBy(
    'and',
    items.map((right) => {
      return { kind: 'Comparison', type: 'Edm.Boolean', nullable: false, operator: 'ne', left: operand, right };
    }),
  );

/** The constants of a list as one, and the other items each compared. */
function asComparisons({ operand, items, ...list }: In): BoundExpression {
  const constants = items.filter(({ kind }) => kind === 'Constant');
  const others = items.filter(({ kind }) => kind !== 'Constant');
  const equal = (right: BoundExpression): BoundExpression => {
    return { kind: 'Comparison', type: 'Edm.Boolean', nullable: false, operator: 'eq', left: operand, right };
  };
  const listedOnes = constants.length === 0 ? [] : [{ ...list, operand, items: constants }];
  return joinedBy('or', [...listedOnes, ...others.map(equal)]);
}

/** `eq` and `ne` take null as a value. */
function compared(comparison: Comparison): BoundExpression {
  const { operator, left, right } = comparison;
  // There are services that cannot compile it.
  if (isNeverOrdered(comparison)) {
    return constant(false);
  }
  if (isOrdering(operator) || isNullConstant(left) || isNullConstant(right)) {
    return comparison;
  }
  // True or false for every row, and asked as that.
  if (isNoMember(left, right) || isNoMember(right, left)) {
    return comparison;
  }
  const truth = ofTruth(comparison);
  if (truth !== null) {
    return truth;
  }
  const [l, r] = [isNullWhere(left), isNullWhere(right)];
  // Where it cannot be said when a side is null, the source is asked as it is.
  if (l === null || r === null) {
    return comparison;
  }
  const [never, always] = [l.length === 0, r.length === 0];
  if (never && always) {
    return comparison;
  }
  if (operator === 'eq') {
    return never || always ? comparison : joinedBy('or', [comparison, joinedBy('and', [either(l), either(r)])]);
  }
  if (never || always) {
    return joinedBy('or', [comparison, ...l, ...r]);
  }
  const apart = (one: readonly BoundExpression[], other: readonly BoundExpression[]): BoundExpression =>
    joinedBy('and', [either(one), ...other.map(negated)]);
  return joinedBy('or', [comparison, apart(l, r), apart(r, l)]);
}

/** `(a gt 1) eq false`: a condition that is never null, compared with a truth value or another one. null: it is something else. */
function ofTruth({ operator, left, right }: Comparison): BoundExpression | null {
  // Both stand in what is written twice, so that of those within each other only the inner ones are.
  if (isTwoValued(left) && isTwoValued(right) && !comparesTruths(left) && !comparesTruths(right)) {
    const [same, other] = operator === 'eq' ? [right, negated(right)] : [negated(right), right];
    return joinedBy('or', [
      joinedBy('and', [nullProof(left), nullProof(same)]),
      joinedBy('and', [falsePart(left), nullProof(other)]),
    ]);
  }
  const [condition, value] = right.kind === 'Constant' ? [left, right] : [right, left];
  if (!isTwoValued(condition) || value.kind !== 'Constant' || value.type !== 'Edm.Boolean') {
    return null;
  }
  return (value.value === 'true') === (operator === 'eq') ? nullProof(condition) : falsePart(condition);
}

/** Null is neither less nor greater than anything. */
const isNeverOrdered = ({ operator, left, right }: Comparison): boolean =>
  isOrdering(operator) && (isNullConstant(left) || isNullConstant(right));

/** Text that no value of the enumeration beside it is, e.g. a key of another source. */
export function isNoMember(constant: BoundExpression, other: BoundExpression): boolean {
  if (constant.kind !== 'Constant' || constant.value === null || other.kind !== 'PropertyValue') {
    return false;
  }
  const { enumeration } = other.property;
  return enumeration !== undefined && faultOfMembers(enumeration, constant.value) !== null;
}

/** Whether two conditions are compared with each other in it. */
function comparesTruths(condition: BoundExpression): boolean {
  switch (condition.kind) {
    case 'Comparison':
      return (
        (isTwoValued(condition.left) && isTwoValued(condition.right)) ||
        comparesTruths(condition.left) ||
        comparesTruths(condition.right)
      );
    case 'Logical':
      return comparesTruths(condition.left) || comparesTruths(condition.right);
    case 'Not':
      return comparesTruths(condition.operand);
    case 'Lambda':
      return condition.predicate !== null && comparesTruths(condition.predicate);
    default:
      return false;
  }
}

const either = (conditions: readonly BoundExpression[]): BoundExpression => joinedBy('or', conditions);

/** Conditions of which one holds where the value is null; null: that cannot be said. */
function isNullWhere(value: BoundExpression): readonly BoundExpression[] | null {
  return canBeNull(value) ? (nullSources(value)?.map(isNull) ?? null) : [];
}

/** The condition, or one of the values is null. */
function withNulls(condition: BoundExpression, values: readonly BoundExpression[]): BoundExpression {
  return joinedBy('or', [condition, ...values.flatMap((value) => isNullWhere(value) ?? [])]);
}

/** `a eq 1 or a eq 2 or a eq 3` as one list: services limit the nodes of a filter, and clients write lists so. */
function listed(operands: readonly BoundExpression[]): readonly BoundExpression[] {
  return gathered(operands, 'eq', (list) => list);
}

/** The list that a condition is, or that a chain of `or` says; null: it is none. */
export function asList(condition: BoundExpression): List | null {
  const [list, ...more] = listed(operandsOf(condition, 'or'));
  return list?.kind === 'In' && more.length === 0 ? list : null;
}

/** `a ne 1 and a ne 2 and a ne 3`, the same. */
function excluded(operands: readonly BoundExpression[]): readonly BoundExpression[] {
  return gathered(operands, 'ne', negated);
}

function gathered(
  operands: readonly BoundExpression[],
  operator: 'eq' | 'ne',
  written: (list: In) => BoundExpression,
): readonly BoundExpression[] {
  const groups: Comparison[][] = [];
  for (const one of operands) {
    if (one.kind !== 'Comparison' || one.operator !== operator || !ofProperty(one)) {
      continue;
    }
    const group = groups.find(([first]) => first !== undefined && isSameProperty(first.left, one.left));
    if (group === undefined) {
      groups.push([one]);
    } else {
      group.push(one);
    }
  }
  const lists = new Map<BoundExpression, BoundExpression | null>();
  for (const group of groups) {
    const [first, ...more] = group;
    if (first === undefined || group.length < shortestList) {
      continue;
    }
    for (const one of more) {
      lists.set(one, null);
    }
    const items = group.map(({ right }) => right);
    lists.set(first, written({ kind: 'In', type: 'Edm.Boolean', nullable: false, operand: first.left, items }));
  }
  return operands.flatMap((one) => lists.get(one) ?? (lists.has(one) ? [] : [one]));
}

/** A property compared with a constant of its type that is not null. */
const ofProperty = ({ left, right }: Comparison): boolean =>
  left.kind === 'PropertyValue' && right.kind === 'Constant' && right.value !== null && right.type === left.type;

function isSameProperty(left: BoundExpression, right: BoundExpression): boolean {
  if (left.kind !== 'PropertyValue' || right.kind !== 'PropertyValue' || left.property !== right.property) {
    return false;
  }
  const [one, other] = [left.row, right.row];
  const { steps } = other;
  return (
    one.variable === other.variable &&
    one.steps.length === steps.length &&
    one.steps.every(({ navigation, key }, at) => key === undefined && navigation === steps[at]?.navigation)
  );
}
