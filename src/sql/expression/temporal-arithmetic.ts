import type { BoundExpression } from '../../plan/model/read-plan.ts';
import type { Scope } from '../scope.ts';
import { conversion } from './conversion.ts';
import { withValues } from './given-values.ts';

type Arithmetic = Extract<BoundExpression, { kind: 'Arithmetic' }>;

/**
 * Arithmetic of dates, instants and durations. What would lie outside of the years 1 to 9999, or be a longer duration than
 * readers hold, is null: no reader could read it, and one row must not fail all others.
 */

/** The whole days that .NET's TimeSpan holds, which reads Edm.Duration in Power BI and Excel. */
const longest = 10_675_199;
const secondsOfLongest = longest * 86_400;

export function temporalArithmetic(
  expression: Arithmetic,
  operands: readonly [left: string, right: string],
  scope: Scope,
): string {
  const { operator, type, left, right } = expression;
  const [l, r] = operands;
  const sign = operator === 'sub' ? '-' : '+';
  if (type === 'Edm.Duration') {
    if (operator === 'mul' || operator === 'div' || operator === 'divby') {
      const [duration, factor, operand] = left.type === 'Edm.Duration' ? [l, r, right] : [r, l, left];
      const number = conversion({ kind: 'Convert', type: 'Edm.Double', nullable: true, operand }, factor, scope);
      return scaled(operator, [duration, number], scope);
    }
    if (left.type === 'Edm.Date') {
      return `make_interval(days => ${l} - ${r})`;
    }
    if (left.type !== 'Edm.Duration') {
      return `(${l} - ${r})`;
    }
    return withValues(
      [l, r],
      scope,
      (a, b) => `CASE WHEN ${holds(a)} AND ${holds(b)} THEN ${onlyIf(`${a} ${sign} ${b}`, holds)} END`,
    );
  }
  const moment = right.type === 'Edm.Duration' ? operands : ([r, l] as const);
  const bounds = type === 'Edm.Date' ? dates : instants;
  const moved = withValues(moment, scope, (at, by) => {
    const start = type === 'Edm.Date' ? `${at}::timestamp` : at;
    // The room there is, as durations: the sum itself would fail where PostgreSQL's own dates end.
    const within =
      operator === 'sub'
        ? `${by} <= ${start} - ${bounds.first} AND ${by} > ${start} - ${bounds.end}`
        : `${by} >= ${bounds.first} - ${start} AND ${by} < ${bounds.end} - ${start}`;
    return `CASE WHEN ${within} THEN ${at} ${sign} ${by} END`;
  });
  return type === 'Edm.Date' ? `${moved}::date` : moved;
}

const instants = { first: "'0001-01-01T00:00:00Z'::timestamptz", end: "'10000-01-01T00:00:00Z'::timestamptz" };
const dates = { first: "'0001-01-01'::timestamp", end: "'10000-01-01'::timestamp" };
const days = (count: number): string => `'${String(count)} days'::interval`;
const holds = (sql: string): string => `(${sql}) BETWEEN ${days(-longest)} AND ${days(longest)}`;

/** `sql` is short: names and one operator. */
const onlyIf = (sql: string, condition: (sql: string) => string): string =>
  `CASE WHEN ${condition(sql)} THEN ${sql} END`;

/** A duration times or divided by a number; a division by zero has no duration as its result. */
function scaled(
  operator: 'mul' | 'div' | 'divby',
  [duration, factor]: readonly [string, string],
  scope: Scope,
): string {
  return withValues([duration, factor], scope, (d, n) => {
    const seconds = `abs(extract(epoch FROM ${d})::double precision)`;
    const fits =
      operator === 'mul'
        ? `CASE WHEN abs(${n}) < 1e-100 THEN true WHEN abs(${n}) < 1e100 THEN ${seconds} * abs(${n}) < ${String(secondsOfLongest)} END`
        : `CASE WHEN ${n} <> 0 AND ${n} <> 'NaN' THEN ${seconds} < ${String(secondsOfLongest)} * least(abs(${n}), 1e100) END`;
    return `CASE WHEN ${holds(d)} AND (${fits}) THEN ${d} ${operator === 'mul' ? '*' : '/'} ${n} END`;
  });
}
