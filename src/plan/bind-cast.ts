import type { PrimitiveTypeName } from '../edm/model.ts';
import type { Expression } from '../uri/syntax.ts';
import { describe } from './bind-comparison.ts';
import { bindCondition, bindExpression, bindOperand } from './bind-expression.ts';
import { canonicalText } from './constant.ts';
import { commonType, converted, isNullable, isNumeric } from './promotion.ts';
import type { BoundExpression } from './read-plan.ts';
import { fault, isOwnType, type Operand, type Scope } from './scope.ts';

const primitiveTypes: ReadonlySet<string> = new Set<PrimitiveTypeName>([
  'Edm.Binary',
  'Edm.Boolean',
  'Edm.Byte',
  'Edm.Date',
  'Edm.DateTimeOffset',
  'Edm.Decimal',
  'Edm.Double',
  'Edm.Duration',
  'Edm.Guid',
  'Edm.Int16',
  'Edm.Int32',
  'Edm.Int64',
  'Edm.SByte',
  'Edm.Single',
  'Edm.String',
  'Edm.TimeOfDay',
]);

const isPrimitive = (name: string): name is PrimitiveTypeName => primitiveTypes.has(name);

type TypeCall = Extract<Expression, { kind: 'TypeCall' }>;

/** `cast` and `isof` (4.01 URL Conventions 5.1.1.10). A cast to the row's own type changes nothing. */
export function bindTypeCall(call: TypeCall, scope: Scope): Operand {
  if (!isPrimitive(call.typeName)) return bindEntityCast(call, scope);
  if (call.name === 'isof' || call.operand === null) {
    throw fault(scope, 'NotImplemented', `${call.name} to ${call.typeName} is not supported here.`, call.at);
  }
  return bindCast(bindExpression(call.operand, scope), call.typeName, { scope, at: call.at });
}

function bindEntityCast(call: TypeCall, scope: Scope): Operand {
  const row = call.operand === null ? currentRow(scope) : bindOperand(call.operand, scope);
  const set = row?.kind === 'Row' ? (row.row.steps.at(-1)?.set ?? row.row.variable.set) : null;
  if (row?.kind === 'Row' && set !== null && isOwnType(scope.binding.context.model, set, call.typeName)) {
    if (call.name === 'cast') return row;
    return { kind: 'RowExists', type: 'Edm.Boolean', nullable: false, row: row.row };
  }
  throw fault(scope, 'NotImplemented', `${call.name} to the type '${call.typeName}' is not supported.`, call.at);
}

const currentRow = (scope: Scope): Operand | null =>
  scope.row === null ? null : { kind: 'Row', row: { variable: scope.row, steps: [] } };

interface Place {
  readonly scope: Scope;
  readonly at: number;
}

/** Numbers to numbers, everything to text, constant text to everything. */
function bindCast(operand: BoundExpression, type: PrimitiveTypeName, { scope, at }: Place): BoundExpression {
  if (operand.type === type) return operand;
  if (operand.kind === 'Constant' && operand.value === null) return { kind: 'Constant', type, value: null };
  if (operand.kind === 'Constant' && operand.type === 'Edm.String') {
    // A text that is no such value casts to null (5.1.1.10.1).
    return { kind: 'Constant', type, value: canonicalText(operand.value ?? '', type) };
  }
  if (type === 'Edm.String' || (isNumeric(type) && isNumeric(operand.type))) return converted(operand, type);
  throw fault(scope, 'NotImplemented', `cast of ${describe(operand)} to ${type} is not supported.`, at);
}

type Call = Extract<Expression, { kind: 'Call' }>;

/** `case(condition:value,...)` (4.01 URL Conventions 5.1.1.11): the value of the first condition that is true, else null. */
export function bindCase(call: Call, scope: Scope): BoundExpression {
  if (call.args.length === 0 || call.args.length % 2 !== 0) {
    throw fault(scope, 'InvalidOption', '`case` takes pairs of a condition and a value.', call.at);
  }
  const whens: BoundExpression[] = [];
  const thens: BoundExpression[] = [];
  call.args.forEach((arg, index) => {
    if (index % 2 === 0) whens.push(bindCondition(arg, scope));
    else thens.push(bindExpression(arg, scope));
  });
  const typed = sameType(thens, { scope, at: call.at });
  // biome-ignore lint/suspicious/noThenProperty: the plan's word for the value of a branch; a branch is never awaited.
  const branches = whens.map((when, index) => ({ when, then: typed[index] ?? when }));
  const always = whens.some((when) => when.kind === 'Constant' && when.value === 'true');
  const type = typed[0]?.type;
  if (type === undefined || type === 'null') return { kind: 'Constant', type: 'null', value: null };
  return { kind: 'Case', type, nullable: !always || typed.some(isNullable), branches };
}

function sameType(values: readonly BoundExpression[], { scope, at }: Place): BoundExpression[] {
  const common = values.reduce((left, right) => {
    const type = commonType(left, right);
    if (type === null) {
      throw fault(scope, 'TypeMismatch', `\`case\` gives ${describe(left)} and ${describe(right)}.`, at);
    }
    return converted(left, type);
  });
  return values.map((value) => converted(value, common.type));
}
