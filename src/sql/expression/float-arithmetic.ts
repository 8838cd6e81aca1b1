import type { ArithmeticOperator } from '../../plan/model/read-plan.ts';
import type { Scope } from '../scope.ts';
import { withValue, withValues } from './given-values.ts';

/**
 * Arithmetic of Double and Single as IEEE 754 has it: what is too large is INF, what is too small is 0, and a division by
 * zero is INF, -INF or NaN (4.01 URL Conventions 5.1.1.2.4). PostgreSQL fails instead, so one row would fail all others.
 *
 * Where the operands are of a size at which nothing can happen, it is PostgreSQL's own operator; elsewhere `numeric`,
 * which knows neither limit, decides what comes out.
 */

/** From here on a number rounds to infinity, and up to there to zero: half a unit beyond the last double, and half of the smallest. */
const doubleLimits = { large: '1.7976931348623158079e308', small: '2.4703282292064e-324' };
/** 2 to the 200th power, and its inverse. */
const scale = { up: '1.6069380442589903e60', down: '6.223015277861141707144064053780124e-61' };

const signs: Readonly<Record<ArithmeticOperator, string>> = {
  add: '+',
  sub: '-',
  mul: '*',
  div: '/',
  divby: '/',
  mod: '%',
};

/** Both operands and the result are `double precision`. */
export function doubleArithmetic(
  operator: ArithmeticOperator,
  operands: readonly [left: string, right: string],
  scope: Scope,
): string {
  return withValues(operands, scope, (a, b) => {
    const sum = operator === 'add' || operator === 'sub';
    const near = (name: string): string => (sum ? `abs(${name}) < 8e307` : middling(name));
    if (operator === 'mod') {
      const rest = withValue(
        `mod(${a}::text::numeric, ${b}::text::numeric)`,
        scope,
        (n) => `CASE WHEN abs(${n}) <= ${doubleLimits.small} THEN 0 ELSE ${n}::double precision END`,
      );
      return `CASE WHEN ${b} = 0 AND ${a} IS NOT NULL THEN 'NaN'::double precision ELSE ${rest} END`;
    }
    const plain = `${a} ${signs[operator]} ${b}`;
    const quarter = sum ? `${quartered(a)} ${signs[operator]} ${quartered(b)}` : `${a} * 0.25 ${signs[operator]} ${b}`;
    const rare = limited({ plain, quarter, numeric: `${exact(a)} ${signs[operator]} ${exact(b)}` }, scope);
    return `CASE ${zero(operator, a, b)}WHEN ${near(a)} AND ${near(b)} THEN ${plain} ELSE ${rare} END`;
  });
}

/** The operands are `real`. In double precision no result of two of them is out of range. */
export function singleArithmetic(
  operator: ArithmeticOperator,
  operands: readonly [left: string, right: string],
  scope: Scope,
): string {
  const wide = [`(${operands[0]})::double precision`, `(${operands[1]})::double precision`] as const;
  const result =
    operator === 'mod'
      ? doubleArithmetic(operator, wide, scope)
      : withValues(wide, scope, (a, b) => {
          const first = zero(operator, a, b);
          const sql = `${a} ${signs[operator]} ${b}`;
          return first === '' ? sql : `CASE ${first}ELSE ${sql} END`;
        });
  return toSingle(result, scope);
}

/** A `numeric` as the nearest double: too large is infinite, too small is 0. `n` stands here several times. */
export const nearestDouble = (n: string): string => limitsOr(n, `(${n})::double precision`);

/** What `n` is where it is beyond the range of a double; else the given SQL. */
function limitsOr(n: string, within: string, large = doubleLimits.large): string {
  const { small } = doubleLimits;
  return `CASE WHEN ${n} = 'NaN' THEN 'NaN' WHEN ${n} >= ${large} THEN 'Infinity' WHEN ${n} <= -${large} THEN '-Infinity' WHEN abs(${n}) <= ${small} THEN 0 ELSE ${within} END`;
}

/** From here on a double rounds to an infinite Single. */
export const singleOverflow = '3.4028235677973366e38';
/** Up to here a number rounds to zero as a Single. */
const singleUnderflow = '7.006492321624085e-46';

/** A number up to this size is 0 in the type; PostgreSQL would fail. */
export const underflowOf = (type: 'Edm.Double' | 'Edm.Single'): string =>
  type === 'Edm.Double' ? doubleLimits.small : singleUnderflow;

/** A double as the nearest `real`: too large is infinite, too small is 0. */
export function toSingle(double: string, scope: Scope): string {
  return withValue(
    double,
    scope,
    (x) =>
      `CASE WHEN ${x} = 'NaN' THEN 'NaN'::real WHEN abs(${x}) >= ${singleOverflow} THEN (sign(${x}) * 'Infinity'::double precision)::real WHEN ${x} <> 0 AND abs(${x}) <= ${singleUnderflow} THEN (sign(${x}) * 0)::real ELSE ${x}::real END`,
  );
}

const middling = (name: string): string => `(abs(${name}) BETWEEN 1e-150 AND 1e150 OR ${name} = 0)`;

/** The first branches of a division. The sign of zero shows in its text only. */
const zero = (operator: ArithmeticOperator, a: string, b: string): string =>
  signs[operator] === '/'
    ? `WHEN ${a} IS NULL THEN NULL WHEN ${b} = 0 THEN CASE WHEN ${a} = 0 OR ${a} = 'NaN' THEN 'NaN' WHEN (${a} < 0) = (${b}::text = '-0') THEN 'Infinity' ELSE '-Infinity' END::double precision `
    : '';

/** The shortest decimal text of a double, as a number without limits; of a subnormal that text has too few digits. */
const exact = (name: string): string =>
  `(CASE WHEN abs(${name}) < 1e-290 THEN (${name} * ${scale.up})::text::numeric * ${scale.down} ELSE ${name}::text::numeric END)`;

/** Of a number that is too small to matter beside one that is near the end of the range, nothing; a quarter of it might be too small. */
const quartered = (name: string): string => `(CASE WHEN abs(${name}) > 1e-290 THEN ${name} * 0.25 ELSE 0 END)`;

/** Where the shortest texts of two doubles, which are not exactly their numbers, leave open whether the result is infinite. */
const unclear = { from: '1.797693134862315e308', to: '1.797693134862316e308' };
/** A quarter of the first number that is infinite, 2 to the power of 1022. */
const quarterOfInfinity = '4.49423283715578976932e307';

interface Operation {
  /** In double precision. It fails where the result is out of range. */
  readonly plain: string;
  /** A quarter of the result, in double precision: the same digits, and far from the end. */
  readonly quarter: string;
  readonly numeric: string;
}

/** `numeric` says whether the result is one of the limits, near the largest double its quarter; if not, PostgreSQL's operator does not fail. */
const limited = ({ plain, quarter, numeric }: Operation, scope: Scope): string =>
  withValue(numeric, scope, (n) => {
    const last = `CASE WHEN abs(${quarter}) >= ${quarterOfInfinity} THEN sign(${n})::double precision * 'Infinity' ELSE ${plain} END`;
    return limitsOr(n, `CASE WHEN abs(${n}) > ${unclear.from} THEN ${last} ELSE ${plain} END`, unclear.to);
  });
