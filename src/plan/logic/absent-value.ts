import type { BoundExpression, RangeVariable } from '../model/read-plan.ts';
import { isOrdering, kleene, type Truth } from './three-valued.ts';

/**
 * What a condition on the row that a navigation to one leads to gives where there is no such row, as far as nulls decide it: all its properties are
 * null and its collections are empty (Protocol 11.2.6.1.1, URL Conventions 5.1.1.13).
 */
export function absentValue(expression: BoundExpression, row: RangeVariable): Truth {
  const truth = (one: BoundExpression): Truth => absentValue(one, row);
  switch (expression.kind) {
    case 'Constant':
      return expression.value === null ? null : expression.value === 'true';
    case 'Not': {
      const value = truth(expression.operand);
      return typeof value === 'boolean' ? !value : value;
    }
    case 'Logical':
      return kleene(expression.operator, [truth(expression.left), truth(expression.right)]);
    case 'Comparison':
      return compared(expression, row);
    case 'In':
      return contained(expression, row);
    case 'RowExists':
      return expression.row.variable === row ? false : undefined;
    case 'Lambda':
      return expression.over.from.variable === row ? expression.operator === 'all' : undefined;
    case 'PropertyValue':
    case 'Function':
    case 'Has':
      return isNull(expression, row) === true ? null : undefined;
    default:
      return undefined;
  }
}

/** `eq` and `ne` take null as a value; other comparisons with null are false. */
function compared({ operator, left, right }: Extract<BoundExpression, { kind: 'Comparison' }>, row: RangeVariable) {
  const [l, r] = [isNull(left, row), isNull(right, row)];
  if (isOrdering(operator)) {
    return l === true || r === true ? false : undefined;
  }
  if (l === undefined || r === undefined || (!l && !r)) {
    return undefined;
  }
  return (l && r) === (operator === 'eq');
}

function contained({ operand, items }: Extract<BoundExpression, { kind: 'In' }>, row: RangeVariable): Truth {
  const nulls = items.map((item) => isNull(item, row));
  const operandNull = isNull(operand, row);
  if (operandNull === undefined) {
    return undefined;
  }
  if (!operandNull) {
    return nulls.every((one) => one === true) ? false : undefined;
  }
  if (nulls.includes(true)) {
    return true;
  }
  return nulls.includes(undefined) ? undefined : false;
}

/** Whether a value is null for the absent row; undefined: that cannot be told. */
function isNull(expression: BoundExpression, row: RangeVariable): boolean | undefined {
  switch (expression.kind) {
    case 'Constant':
      return expression.value === null;
    case 'PropertyValue':
      return expression.row.variable === row ? true : undefined;
    case 'Convert':
    case 'Negate':
      return isNull(expression.operand, row);
    case 'Has':
      return isNull(expression.left, row);
    case 'Arithmetic':
      return anyNull([expression.left, expression.right], row);
    case 'Function': {
      const value = anyNull(expression.args, row);
      return expression.name === 'concat' && value !== false ? undefined : value;
    }
    case 'Comparison':
    case 'In':
    case 'Lambda':
    case 'RowExists':
    case 'CollectionCount':
      return false;
    default:
      return undefined;
  }
}

function anyNull(parts: readonly BoundExpression[], row: RangeVariable): boolean | undefined {
  const nulls = parts.map((part) => isNull(part, row));
  if (nulls.includes(true)) {
    return true;
  }
  return nulls.includes(undefined) ? undefined : false;
}
