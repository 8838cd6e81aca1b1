import type { EntitySet, Enumeration } from '../edm/model.ts';
import type { Token } from './library.ts';
import type { SampleRow, SampleValue } from './sample-rows.ts';

/** null, a number (instants are milliseconds since 1970), a boolean or a text. */
export type Scalar = string | number | boolean | null;

/** One row, and how to reach others from it. */
export interface SandboxRow {
  readonly set: EntitySet;
  readonly row: SampleRow;
  /** The row at the other end of a to-one navigation; null: there is none; undefined: no such navigation. */
  readonly toOne: (name: string) => SandboxRow | null | undefined;
}

/** An expression that the sandbox does not evaluate; answered 501. */
export class UnsupportedExpression extends Error {}

/** The value of a parsed expression for one row, by the rules of the OData URL Conventions 4.0, 5.1.1. */
export function evaluateToken(token: Token, row: SandboxRow): Scalar {
  switch (token.type) {
    case 'CommonExpression':
    case 'BoolParenExpression':
    case 'ParenExpression':
    case 'BoolCommonExpression':
      return evaluateToken(token.value as Token, row);
    case 'Literal':
    case 'Enum':
      return literalValue(token.raw);
    case 'FirstMemberExpression':
      return pathValue(token.raw, row);
    case 'NotExpression': {
      const operand = evaluateToken(token.value as Token, row);
      return operand === null ? null : !operand;
    }
    case 'NegateExpression': {
      const operand = evaluateToken(token.value as Token, row);
      return operand === null ? null : -Number(operand);
    }
    case 'MethodCallExpression':
      return callValue(token, row);
    default:
      return binaryValue(token, row);
  }
}

function binaryValue(token: Token, row: SandboxRow): Scalar {
  const operator = operators[token.type];
  const { left, right } = (token.value ?? {}) as { left?: Token; right?: Token };
  if (left === undefined || right === undefined) {
    throw new UnsupportedExpression(token.raw);
  }
  const bits = enumerationBits(left, right, row);
  if (bits !== undefined) {
    return enumerationValue(token, bits);
  }
  // A path over a navigation that leads nowhere.
  if (token.type === 'HasExpression' && evaluateToken(left, row) === null) {
    return null;
  }
  if (operator === undefined) {
    throw new UnsupportedExpression(token.raw);
  }
  return operator(evaluateToken(left, row), evaluateToken(right, row));
}

type Bits = readonly [left: bigint | null, right: bigint | null];

/**
 * Both operands as numbers where one of them is a property of an enumeration; undefined: none is. Strict as 4.0 is: text
 * without the type's name is no value of it.
 */
function enumerationBits(left: Token, right: Token, row: SandboxRow): Bits | undefined {
  const enumeration = enumerationAt(left, row) ?? enumerationAt(right, row);
  if (enumeration === undefined) {
    return undefined;
  }
  const bitsOf = (operand: Token): bigint | null => {
    if (operand.raw === 'null') {
      return null;
    }
    if (enumerationAt(operand, row) !== undefined) {
      return numberOf(pathValue(operand.raw, row), enumeration);
    }
    const literal = /^([\w.]+)'([^']*)'$/.exec(operand.raw);
    if (literal?.[1] !== enumeration.name) {
      throw new UnsupportedExpression(`${operand.raw} as ${enumeration.name}`);
    }
    return numberOf(literal[2] ?? '', enumeration);
  };
  return [bitsOf(left), bitsOf(right)];
}

function enumerationAt(token: Token, row: SandboxRow): Enumeration | undefined {
  if (/^\w+Expression$/.test(token.type) && token.type !== 'FirstMemberExpression') {
    const inner = token.value as Partial<Token> | null;
    return typeof inner?.type === 'string' && inner.raw !== undefined ? enumerationAt(inner as Token, row) : undefined;
  }
  if (token.type !== 'FirstMemberExpression') {
    return undefined;
  }
  const names = token.raw.split('/');
  let at: SandboxRow | null | undefined = row;
  for (const name of names.slice(0, -1)) {
    at = at?.toOne(name);
  }
  return at?.set.entityType.properties.get(names.at(-1) ?? '')?.enumeration;
}

function numberOf(members: Scalar, { name, members: known }: Enumeration): bigint | null {
  if (members === null) {
    return null;
  }
  return String(members)
    .split(',')
    .map((member) => (/^-?\d+$/.test(member) ? BigInt(member) : known.get(member)))
    .reduce<bigint>((sum, value) => {
      if (value === undefined) {
        throw new UnsupportedExpression(`${String(members)} as ${name}`);
      }
      return sum | value;
    }, 0n);
}

function enumerationValue(token: Token, [left, right]: Bits): Scalar {
  if (token.type === 'EqualsExpression') {
    return left === right;
  }
  if (token.type === 'NotEqualsExpression') {
    return left !== right;
  }
  if (left === null || right === null) {
    return token.type === 'HasExpression' ? null : false;
  }
  if (token.type === 'HasExpression') {
    return (left & right) === right;
  }
  const order = operators[token.type];
  if (order === undefined) {
    throw new UnsupportedExpression(token.raw);
  }
  return order(Number(left), Number(right));
}

type Operator = (left: Scalar, right: Scalar) => Scalar;

const compare =
  (holds: (left: string | number, right: string | number) => boolean): Operator =>
  (left, right) => {
    if (left === null || right === null) {
      return false;
    }
    if (typeof left === 'string' && typeof right === 'string') {
      return holds(left, right);
    }
    return holds(Number(left), Number(right));
  };

const compute =
  (result: (left: number, right: number) => number): Operator =>
  (left, right) =>
    left === null || right === null ? null : result(Number(left), Number(right));

const operators: Readonly<Record<string, Operator>> = {
  AndExpression: (left, right) =>
    left === false || right === false ? false : left === null || right === null ? null : true,
  OrExpression: (left, right) =>
    left === true || right === true ? true : left === null || right === null ? null : false,
  EqualsExpression: (left, right) => left === right,
  NotEqualsExpression: (left, right) => left !== right,
  GreaterThanExpression: compare((left, right) => left > right),
  GreaterOrEqualsExpression: compare((left, right) => left >= right),
  LesserThanExpression: compare((left, right) => left < right),
  LesserOrEqualsExpression: compare((left, right) => left <= right),
  AddExpression: compute((left, right) => left + right),
  SubExpression: compute((left, right) => left - right),
  MulExpression: compute((left, right) => left * right),
  DivExpression: compute((left, right) => left / right),
  ModExpression: compute((left, right) => left % right),
};

function literalValue(raw: string): Scalar {
  if (raw === 'null') {
    return null;
  }
  if (raw === 'true' || raw === 'false') {
    return raw === 'true';
  }
  if (raw.startsWith("'")) {
    return raw.slice(1, -1).replaceAll("''", "'");
  }
  if (/^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(raw)) {
    return Number(raw);
  }
  if (/^\d{4}-\d\d-\d\dT/.test(raw)) {
    return Date.parse(raw);
  }
  if (/^duration'.*'$/.test(raw)) {
    return raw.slice(9, -1);
  }
  if (/^[A-Za-z_][\w.]*\.\w+'[^']*'$/.test(raw)) {
    return raw.slice(raw.indexOf("'") + 1, -1);
  }
  if (/^(?:\d{4}-\d\d-\d\d|\d\d:\d\d(?::\d\d(?:\.\d+)?)?|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i.test(raw)) {
    return raw.toLowerCase();
  }
  throw new UnsupportedExpression(raw);
}

function pathValue(path: string, row: SandboxRow): Scalar {
  const [first, ...rest] = path.split('/');
  if (first === undefined || /[$:(]/.test(path)) {
    throw new UnsupportedExpression(path);
  }
  const property = row.set.entityType.properties.get(first);
  if (property !== undefined && rest.length === 0) {
    return scalarOf(row.row[first] ?? null, property.type === 'Edm.DateTimeOffset');
  }
  const target = row.toOne(first);
  if (target === undefined) {
    throw new UnsupportedExpression(path);
  }
  if (rest.length === 0) {
    return target === null ? null : true;
  }
  return target === null ? null : pathValue(rest.join('/'), target);
}

function scalarOf(value: SampleValue, instant: boolean): Scalar {
  if (value === null || typeof value === 'boolean' || typeof value === 'number') {
    return value;
  }
  if (typeof value === 'string') {
    return instant ? Date.parse(value) : value;
  }
  throw new UnsupportedExpression('a collection');
}

function callValue(token: Token, row: SandboxRow): Scalar {
  const { method, parameters } = token.value as { method: string; parameters?: readonly Token[] };
  const call = functions[method];
  if (call === undefined) {
    throw new UnsupportedExpression(token.raw);
  }
  const args = (parameters ?? []).map((parameter) => evaluateToken(parameter, row));
  return args.includes(null) ? null : call(args.map(String), args.map(Number));
}

const iso = (milliseconds = 0): string => new Date(milliseconds).toISOString();

/** By name: `texts` and `numbers` are the same arguments. Instants come as milliseconds. */
const functions: Readonly<Record<string, (texts: readonly string[], numbers: readonly number[]) => Scalar>> = {
  contains: ([text = '', part = '']) => text.includes(part),
  startswith: ([text = '', part = '']) => text.startsWith(part),
  endswith: ([text = '', part = '']) => text.endsWith(part),
  indexof: ([text = '', part = '']) => text.indexOf(part),
  length: ([text = '']) => text.length,
  concat: ([left = '', right = '']) => left + right,
  tolower: ([text = '']) => text.toLowerCase(),
  toupper: ([text = '']) => text.toUpperCase(),
  trim: ([text = '']) => text.trim(),
  substring: ([text = ''], [, start = 0, length]) =>
    text.substring(start, length === undefined ? undefined : start + length),
  year: (_, [at]) => Number(iso(at).slice(0, 4)),
  month: (_, [at]) => Number(iso(at).slice(5, 7)),
  day: (_, [at]) => Number(iso(at).slice(8, 10)),
  hour: (_, [at]) => Number(iso(at).slice(11, 13)),
  minute: (_, [at]) => Number(iso(at).slice(14, 16)),
  second: (_, [at]) => Number(iso(at).slice(17, 19)),
  date: (_, [at]) => iso(at).slice(0, 10),
  floor: (_, [value = 0]) => Math.floor(value),
  ceiling: (_, [value = 0]) => Math.ceil(value),
  round: (_, [value = 0]) => Math.sign(value) * Math.round(Math.abs(value)),
};
