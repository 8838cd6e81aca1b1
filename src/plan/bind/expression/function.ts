import type { PrimitiveTypeName } from '../../../edm/model.ts';
import type { Expression } from '../../../uri/syntax.ts';
import { canBeNull } from '../../logic/three-valued.ts';
import type { BoundExpression, FunctionName } from '../../model/read-plan.ts';
import { canonicalText } from '../../value/canonical-text.ts';
import { canonicalDateTimeOffset } from '../../value/temporal-text.ts';
import { perhaps } from '../names.ts';
import { fault, notImplemented, type Scope } from '../scope.ts';
import { bindExpression } from './expression.ts';
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

/** The canonical functions (4.01 URL Conventions 5.1.1.5 to 5.1.1.9), by name in lower case. */
const canonicalFunctions: Readonly<Record<string, { name: FunctionName; overloads: readonly Overload[] }>> = {
  concat: { name: 'concat', overloads: ofText(text) },
  contains: { name: 'contains', overloads: ofText(truth) },
  endswith: { name: 'endswith', overloads: ofText(truth) },
  startswith: { name: 'startswith', overloads: ofText(truth) },
  indexof: { name: 'indexof', overloads: ofText(int) },
  length: { name: 'length', overloads: [overload([text], int)] },
  substring: { name: 'substring', overloads: [overload([text, int], text), overload([text, int, int], text)] },
  matchespattern: { name: 'matchesPattern', overloads: ofText(truth) },
  tolower: { name: 'tolower', overloads: textToText },
  toupper: { name: 'toupper', overloads: textToText },
  trim: { name: 'trim', overloads: textToText },
  year: { name: 'year', overloads: ofDate },
  month: { name: 'month', overloads: ofDate },
  day: { name: 'day', overloads: ofDate },
  hour: { name: 'hour', overloads: ofTime(int) },
  minute: { name: 'minute', overloads: ofTime(int) },
  second: { name: 'second', overloads: ofTime(int) },
  fractionalseconds: { name: 'fractionalseconds', overloads: ofTime(decimal) },
  date: { name: 'date', overloads: [overload([instant], day)] },
  time: { name: 'time', overloads: [overload([instant], time)] },
  totaloffsetminutes: { name: 'totaloffsetminutes', overloads: [overload([instant], int)] },
  totalseconds: { name: 'totalseconds', overloads: [overload(['Edm.Duration'], decimal)] },
  now: { name: 'now', overloads: [overload([], instant)] },
  mindatetime: { name: 'mindatetime', overloads: [overload([], instant)] },
  maxdatetime: { name: 'maxdatetime', overloads: [overload([], instant)] },
  round: { name: 'round', overloads: rounding },
  floor: { name: 'floor', overloads: rounding },
  ceiling: { name: 'ceiling', overloads: rounding },
};

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
  const known = Object.hasOwn(canonicalFunctions, call.name.toLowerCase())
    ? canonicalFunctions[call.name.toLowerCase()]
    : undefined;
  if (known === undefined) {
    throw unknownFunction(call, scope);
  }
  const args = call.args.map((arg) => bindExpression(arg, scope));
  for (const { args: types, result } of known.overloads) {
    const fitted = fittedArgs(args, types);
    if (fitted === null) {
      continue;
    }
    if (known.name === 'matchesPattern') {
      checkPattern(fitted[1], scope, call.at);
    }
    return bound(known.name, { args: fitted, result }, scope);
  }
  const given = args.map(describe).join(', ') || 'nothing';
  const wanted = known.overloads.map((one) => `${known.name}(${one.args.join(',')})`).join(' or ');
  throw fault(scope, 'TypeMismatch', `${known.name} is given ${given}; it is ${wanted}.`, call.at);
}

function unknownFunction(call: Call, scope: Scope): Error {
  if (knownElsewhere.has(call.name.toLowerCase())) {
    return notImplemented(scope, 'set-functions', `the function '${call.name}' is not supported.`, call.at);
  }
  const names = Object.values(canonicalFunctions).map((known) => known.name);
  const hint = call.name.toLowerCase() === 'substringof' ? ' Write contains(text,part).' : perhaps(call.name, names);
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
    fitted.push(converted(arg, type));
  }
  return fitted;
}

/** Integers pass as Int32, exact numbers as Decimal, floats as Double, constant text as what it reads as. */
function takes(type: PrimitiveTypeName, arg: BoundExpression): boolean {
  if (arg.type === type || arg.type === 'null') {
    return true;
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
