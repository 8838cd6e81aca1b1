import { dayTimeDuration } from '../../../edm/duration-text.ts';
import type { PrimitiveTypeName } from '../../../edm/model.ts';
import type { Expression } from '../../../uri/syntax.ts';
import { canBeNull } from '../../logic/three-valued.ts';
import type { BoundExpression } from '../../model/read-plan.ts';
import { canonicalText } from '../../value/canonical-text.ts';
import { perhaps } from '../names.ts';
import { countNodes, fault, isOwnType, notImplemented, type Operand, type RowOperand, type Scope } from '../scope.ts';
import { isEnumeration, isOfEnumeration } from './enumeration.ts';
import { bindCondition, bindExpression, bindOperand } from './expression.ts';
import { isAssignable, truth } from './isof.ts';
import { describe } from './operand-text.ts';
import { commonType, converted, isNumeric } from './promotion.ts';

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
  if (call.name === 'isof') {
    return bindIsof(call, scope);
  }
  if (!isPrimitive(call.typeName)) {
    return bindEntityCast(call, scope);
  }
  if (call.operand === null) {
    throw unsupported(call, scope);
  }
  return bindCast(bindExpression(call.operand, scope), call.typeName, { scope, at: call.at });
}

const unsupported = (call: TypeCall, scope: Scope): Error =>
  notImplemented(scope, 'casts', `${call.name} to ${call.typeName} is not supported here.`, call.at);

function bindEntityCast(call: TypeCall, scope: Scope): Operand {
  const row = call.operand === null ? currentRow(scope) : bindOperand(call.operand, scope);
  if (row?.kind === 'Row' && hasType(row, call.typeName, scope)) {
    return row;
  }
  throw unsupported(call, scope);
}

/**
 * Entities are of their declared type and of no other, since no type derives from another; a value is no entity, and an
 * entity no value. A navigation that leads nowhere is of no type.
 */
function bindIsof(call: TypeCall, scope: Scope): Operand {
  const { typeName, at } = call;
  checkType(call, scope);
  const { usage } = scope.binding;
  const before = usage.nodes;
  const operand = call.operand === null ? currentRow(scope) : bindOperand(call.operand, scope);
  if (operand === null) {
    throw unsupported(call, scope);
  }
  if (operand.kind !== 'Row') {
    if (isOfEnumeration(operand, typeName, scope)) {
      return isAssignable(operand, 'Edm.String', { scope, at });
    }
    if (!isPrimitive(typeName)) {
      return truth(false);
    }
    const bound = isAssignable(operand, typeName, { scope, at });
    // A range compares the value twice.
    if (bound.kind === 'Logical') {
      countNodes(scope, usage.nodes - before);
    }
    return bound;
  }
  if (!hasType(operand, typeName, scope)) {
    return truth(false);
  }
  if (call.operand === null) {
    return truth(true);
  }
  return { kind: 'RowExists', type: 'Edm.Boolean', nullable: false, row: operand.row };
}

function checkType(call: TypeCall, scope: Scope): void {
  const { typeName, at } = call;
  const { model } = scope.binding.context;
  const { namespace, entityTypes } = model;
  if (isPrimitive(typeName) || entityTypes.has(ownName(typeName, namespace))) {
    return;
  }
  if (isEnumeration(typeName, model)) {
    return;
  }
  if (typeName.startsWith('Edm.') || typeName.startsWith('Collection(')) {
    throw unsupported(call, scope);
  }
  const names = [...entityTypes.keys()].map((name) => `${namespace}.${name}`);
  throw fault(scope, 'InvalidOption', `there is no type '${typeName}'.${perhaps(typeName, names)}`, at);
}

/** The name inside of the model's namespace; empty for one of another. */
const ownName = (name: string, namespace: string): string =>
  name.startsWith(`${namespace}.`) ? name.slice(namespace.length + 1) : '';

function hasType({ row }: RowOperand, typeName: string, scope: Scope): boolean {
  const set = row.steps.at(-1)?.set ?? row.variable.set;
  return isOwnType(scope.binding.context.model, set, typeName);
}

const currentRow = (scope: Scope): RowOperand | null =>
  scope.row === null ? null : { kind: 'Row', row: { variable: scope.row, steps: [] } };

interface Place {
  readonly scope: Scope;
  readonly at: number;
}

/** Numbers to numbers, everything to text, constant text to everything. */
function bindCast(operand: BoundExpression, type: PrimitiveTypeName, { scope, at }: Place): BoundExpression {
  if (operand.type === type) {
    return operand;
  }
  if (operand.kind === 'Constant' && operand.value === null) {
    return { kind: 'Constant', type, value: null };
  }
  if (operand.kind === 'Constant' && operand.type === 'Edm.String') {
    // A text that is no such value casts to null (5.1.1.10.1).
    return { kind: 'Constant', type, value: canonicalText(operand.value ?? '', type) };
  }
  if (type === 'Edm.String') {
    return asText(operand);
  }
  if (isNumeric(type) && isNumeric(operand.type)) {
    const cast = converted(operand, type);
    // A number that the type does not hold casts to null.
    return cast.kind === 'Convert' ? { ...cast, nullable: true } : cast;
  }
  throw notImplemented(scope, 'casts', `cast of ${describe(operand)} to ${type} is not supported.`, at);
}

/** A constant becomes the text that a row with its value would have: PostgreSQL writes floats, and times have microseconds. */
function asText(operand: BoundExpression): BoundExpression {
  if (operand.kind !== 'Constant' || operand.value === null) {
    return converted(operand, 'Edm.String');
  }
  const { type, value } = operand;
  if (type === 'Edm.Double' || type === 'Edm.Single') {
    return { kind: 'Convert', type: 'Edm.String', nullable: false, operand };
  }
  if (type === 'Edm.Duration') {
    return { kind: 'Constant', type: 'Edm.String', value: dayTimeDuration(value) };
  }
  if (type !== 'Edm.DateTimeOffset' && type !== 'Edm.TimeOfDay') {
    return converted(operand, 'Edm.String');
  }
  const text = value.replace(/\.(\d{6})\d+/, (_, digits: string) => `.${digits}`.replace(/\.?0+$/, ''));
  return { kind: 'Constant', type: 'Edm.String', value: text };
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
    if (index % 2 === 0) {
      whens.push(bindCondition(arg, scope));
    } else {
      thens.push(bindExpression(arg, scope));
    }
  });
  const typed = sameType(thens, { scope, at: call.at });
  // biome-ignore lint/suspicious/noThenProperty: the plan's word for the value of a branch; a branch is never awaited.
  const branches = whens.map((when, index) => ({ when, then: typed[index] ?? when }));
  const always = whens.some((when) => when.kind === 'Constant' && when.value === 'true');
  const type = typed[0]?.type;
  if (type === undefined || type === 'null') {
    return { kind: 'Constant', type: 'null', value: null };
  }
  return { kind: 'Case', type, nullable: !always || typed.some(canBeNull), branches };
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
