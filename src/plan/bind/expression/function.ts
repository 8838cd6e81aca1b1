import type { PrimitiveTypeName } from '../../../edm/model.ts';
import type { Expression } from '../../../uri/syntax.ts';
import { canBeNull } from '../../logic/three-valued.ts';
import { type FunctionName, functionNames } from '../../model/canonical-functions.ts';
import type { BoundExpression } from '../../model/read-plan.ts';
import { canonicalText } from '../../value/canonical-text.ts';
import { canonicalDateTimeOffset } from '../../value/temporal-text.ts';
import { perhaps } from '../names.ts';
import { fault, notImplemented, type Scope } from '../scope.ts';
import { bindExpression } from './expression.ts';
import { isGuidConstant, writtenText } from './guid-text.ts';
import { describe } from './operand-text.ts';
import { checkPattern } from './pattern.ts';
import { converted, isInteger, isNumeric, isWhole } from './promotion.ts';

interface Overload {
  readonly args: readonly PrimitiveTypeName[];
  readonly result: PrimitiveTypeName;
}

const [text, int, truth] = ['Edm.String', 'Edm.Int32', 'Edm.Boolean'] as const;
const [instant, day, time] = ['Edm.DateTimeOffset', 'Edm.Date', 'Edm.TimeOfDay'] as const;
const [decimal, double] = ['Edm.Decimal', 'Edm.Double'] as const;

const overload = (args: readonly PrimitiveTypeName[], result: PrimitiveTypeName): Overload => ({ args, result });
const ofText = (result: PrimitiveTypeName): Overload[] => [overload([text, text], result)];
const textToText: readonly Overload[] = [overload([text], text)];
const ofDate: readonly Overload[] = [overload([instant], int), overload([day], int)];
const ofTime = (result: PrimitiveTypeName): Overload[] => [overload([instant], result), overload([time], result)];
const rounding: readonly Overload[] = [overload([decimal], decimal), overload([double], double)];

type FoldedName = 'now' | 'mindatetime' | 'maxdatetime';

/** What each takes, and of which type its value is. */
const overloads: Readonly<Record<FunctionName, readonly Overload[]>> = {
  concat: ofText(text),
  contains: ofText(truth),
  endswith: ofText(truth),
  startswith: ofText(truth),
  indexof: ofText(int),
  length: [overload([text], int)],
  substring: [overload([text, int], text), overload([text, int, int], text)],
  matchesPattern: ofText(truth),
  tolower: textToText,
  toupper: textToText,
  trim: textToText,
  year: ofDate,
  month: ofDate,
  day: ofDate,
  hour: ofTime(int),
  minute: ofTime(int),
  second: ofTime(int),
  fractionalseconds: ofTime(decimal),
  date: [overload([instant], day)],
  time: [overload([instant], time)],
  totaloffsetminutes: [overload([instant], int)],
  totalseconds: [overload(['Edm.Duration'], decimal)],
  now: [overload([], instant)],
  mindatetime: [overload([], instant)],
  maxdatetime: [overload([], instant)],
  round: rounding,
  floor: rounding,
  ceiling: rounding,
};

/** Names are written in any letter case. */
const byLowerCase: ReadonlyMap<string, FunctionName> = new Map(functionNames.map((name) => [name.toLowerCase(), name]));

/** Known to the standard, of no use without the types they work on. */
const knownElsewhere: ReadonlySet<string> = new Set([
  'geo.distance',
  'geo.length',
  'geo.intersects',
  'hassubset',
  'hassubsequence',
]);

type Call = Extract<Expression, { kind: 'Call' }>;

/**
 * A canonical function, bound to the overload its arguments fit. Names in any letter case. The three instants without
 * arguments become constants: `now()` is one instant for the whole request.
 * @throws GatewayError `NotImplemented` for the functions of other types, `InvalidOption` for unknown ones,
 * `TypeMismatch` where no overload takes the arguments
 */
export function bindCall(call: Call, scope: Scope): BoundExpression {
  const name = byLowerCase.get(call.name.toLowerCase());
  if (name === undefined) {
    throw unknownFunction(call, scope);
  }
  const args = call.args.map((arg) => bindExpression(arg, scope));
  for (const { args: types, result } of overloads[name]) {
    const fitted = fittedArgs(args, types);
    if (fitted === null) {
      continue;
    }
    if (name === 'matchesPattern') {
      checkPattern(fitted[1], scope, call.at);
    }
    return bound(name, { args: fitted, result }, scope);
  }
  const given = args.map(describe).join(', ') || 'nothing';
  const wanted = overloads[name].map((one) => `${name}(${one.args.join(',')})`).join(' or ');
  throw fault(scope, 'TypeMismatch', `${name} is given ${given}; it is ${wanted}.`, call.at);
}

function unknownFunction(call: Call, scope: Scope): Error {
  if (knownElsewhere.has(call.name.toLowerCase())) {
    return notImplemented(scope, 'set-functions', `the function '${call.name}' is not supported.`, call.at);
  }
  const hint =
    call.name.toLowerCase() === 'substringof' ? ' Write contains(text,part).' : perhaps(call.name, functionNames);
  return fault(scope, 'InvalidOption', `there is no function '${call.name}'.${hint}`, call.at);
}

function fittedArgs(args: readonly BoundExpression[], types: readonly PrimitiveTypeName[]): BoundExpression[] | null {
  if (args.length !== types.length) {
    return null;
  }
  const fitted: BoundExpression[] = [];
  for (const [index, type] of types.entries()) {
    const arg = args[index];
    if (arg === undefined || !takes(type, arg)) {
      return null;
    }
    fitted.push(type === text && isGuidConstant(arg) ? writtenText(arg) : converted(arg, type));
  }
  return fitted;
}

/** Integers pass as Int32, exact numbers as Decimal, floats as Double, constant text as what it reads as, a GUID as the text that was written. */
function takes(type: PrimitiveTypeName, arg: BoundExpression): boolean {
  if (arg.type === type || arg.type === 'null') {
    return true;
  }
  if (type === text) {
    return isGuidConstant(arg);
  }
  if (type === int) {
    return isWhole(arg);
  }
  if (type === decimal) {
    return isInteger(arg.type);
  }
  if (type === double) {
    return arg.type === 'Edm.Single';
  }
  if (arg.kind !== 'Constant' || arg.type !== text || isNumeric(type)) {
    return false;
  }
  return arg.value === null || canonicalText(arg.value, type) !== null;
}

interface Fitted {
  readonly args: readonly BoundExpression[];
  readonly result: PrimitiveTypeName;
}

function bound(name: FunctionName, fitted: Fitted, scope: Scope): BoundExpression {
  if (name === 'now' || name === 'mindatetime' || name === 'maxdatetime') {
    return instantConstant(name, scope);
  }
  const nullable = fitted.args.some(canBeNull);
  return { kind: 'Function', type: fitted.result, nullable, name, args: fitted.args };
}

/** The bounds are those every store and reader in the chain holds: microseconds of the years 1 to 9999. */
const bounds = { mindatetime: '0001-01-01T00:00:00Z', maxdatetime: '9999-12-31T23:59:59.999999Z' } as const;

function instantConstant(name: FoldedName, scope: Scope): BoundExpression {
  return { kind: 'Constant', type: instant, value: name === 'now' ? requestInstant(scope) : bounds[name] };
}

function requestInstant({ binding: { context, usage } }: Scope): string {
  usage.clock = true;
  const now = context.now();
  return canonicalDateTimeOffset(now) ?? now;
}
