import type { BinaryOperator, Expression } from '../../../uri/syntax.ts';
import { canBeNull } from '../../logic/three-valued.ts';
import type { BoundExpression, ComparisonOperator } from '../../model/read-plan.ts';
import { asNode, fault, notImplemented, type Operand, type Scope } from '../scope.ts';
import { resolveAlias } from './alias.ts';
import { arithmetic, negated } from './arithmetic.ts';
import { bindCase, bindTypeCall } from './cast.ts';
import { compared } from './comparison.ts';
import { bindHas, loneMember } from './enumeration.ts';
import { bindCall } from './function.ts';
import { bindIn } from './in.ts';
import { constantOf } from './literal.ts';
import { bindMemberPath } from './member-path.ts';
import { describe } from './operand-text.ts';

/**
 * Binds an expression to typed nodes (4.01 URL Conventions 5.1.1): names to model objects, literals to constants,
 * operands converted to a common type.
 * @throws GatewayError `UnknownProperty`, `TypeMismatch`, `LimitExceeded`, `NotImplemented`, `InvalidOption`
 */
export function bindExpression(expression: Expression, scope: Scope): BoundExpression {
  const operand = bindComparable(expression, scope);
  if (operand.kind === 'Constant' && operand.enumType !== undefined) {
    throw loneMember(operand, scope, expression.at);
  }
  return operand;
}

/** As `bindExpression`, but an enumeration literal is allowed: who calls it looks at what stands beside it. */
export function bindComparable(expression: Expression, scope: Scope): BoundExpression {
  const operand = bindOperand(expression, scope);
  if (operand.kind !== 'Row') {
    return operand;
  }
  throw fault(scope, 'TypeMismatch', 'a navigation property is no value; name one of its properties.', expression.at);
}

/** An expression that must be true, false or null. */
export function bindCondition(expression: Expression, scope: Scope): BoundExpression {
  const bound = bindExpression(expression, scope);
  if (bound.type === 'Edm.Boolean') {
    return bound;
  }
  if (bound.type === 'null') {
    return { kind: 'Constant', type: 'Edm.Boolean', value: null };
  }
  throw fault(scope, 'TypeMismatch', `${describe(bound)} stands where true or false is wanted.`, expression.at);
}

/** As `bindExpression`, but a row (a to-one navigation, `$it`) is allowed. */
export function bindOperand(expression: Expression, scope: Scope): Operand {
  return asNode(scope, () => bindNode(expression, scope));
}

function bindNode(expression: Expression, scope: Scope): Operand {
  switch (expression.kind) {
    case 'Literal':
      return constantOf(expression);
    case 'ParameterAlias':
      return resolveAlias(expression, scope);
    case 'MemberPath':
      return bindMemberPath(expression, scope);
    case 'Binary':
      return bindBinary(expression, scope);
    case 'Unary':
      return expression.operator === 'neg' ? negated(expression, scope) : bindNot(expression.operand, scope);
    case 'In':
      return bindIn(expression, scope);
    case 'Call':
      return expression.name.toLowerCase() === 'case' ? bindCase(expression, scope) : bindCall(expression, scope);
    case 'TypeCall':
      return bindTypeCall(expression, scope);
    case 'List':
      throw fault(scope, 'TypeMismatch', 'a list can only stand after `in`.', expression.at);
    case 'Json':
      throw notImplemented(
        scope,
        'json-values',
        'JSON values are understood only as the list after `in`.',
        expression.at,
      );
  }
}

type Binary = Extract<Expression, { kind: 'Binary' }>;

function bindBinary(expression: Binary, scope: Scope): BoundExpression {
  const { operator } = expression;
  if (operator === 'and' || operator === 'or') {
    return bindChain(expression, operator, scope);
  }
  if (operator === 'has') {
    return bindHas(expression, scope);
  }
  if (isComparison(operator)) {
    const left = bindOperand(expression.left, scope);
    return compared({ operator, left, right: bindOperand(expression.right, scope) }, scope, expression.at);
  }
  const left = bindExpression(expression.left, scope);
  return arithmetic({ operator, left, right: bindExpression(expression.right, scope) }, scope, expression.at);
}

const comparisons: ReadonlySet<string> = new Set(['eq', 'ne', 'gt', 'ge', 'lt', 'le']);

const isComparison = (operator: Exclude<BinaryOperator, 'and' | 'or' | 'has'>): operator is ComparisonOperator =>
  comparisons.has(operator);

function bindNot(operand: Expression, scope: Scope): BoundExpression {
  const bound = bindCondition(operand, scope);
  return { kind: 'Not', type: 'Edm.Boolean', nullable: canBeNull(bound), operand: bound };
}

/**
 * A chain `a or b or c ...` becomes a balanced tree: clients write lists of hundreds of keys this way, and the grammar
 * makes them as deep as they are long. Both operators are associative, nulls included.
 */
function bindChain(expression: Binary, operator: 'and' | 'or', scope: Scope): BoundExpression {
  const terms: Expression[] = [];
  let rest: Expression = expression;
  while (rest.kind === 'Binary' && rest.operator === operator) {
    terms.push(rest.right);
    rest = rest.left;
  }
  terms.push(rest);
  const bound = terms.reverse().map((term) => bindCondition(term, scope));
  return balanced(bound, operator);
}

/** Joins conditions with one operator; there must be at least one. */
export function balanced(terms: readonly BoundExpression[], operator: 'and' | 'or'): BoundExpression {
  const [first, second] = terms;
  if (first === undefined) {
    throw new Error('balanced: no terms');
  }
  if (second === undefined) {
    return first;
  }
  const middle = Math.ceil(terms.length / 2);
  const left = balanced(terms.slice(0, middle), operator);
  const right = balanced(terms.slice(middle), operator);
  const nullable = canBeNull(left) || canBeNull(right);
  return { kind: 'Logical', type: 'Edm.Boolean', nullable, operator, left, right };
}
