import { nearestDouble } from '../expression/float-arithmetic.ts';

/**
 * Sums and averages that do not fail where PostgreSQL's own do: of Doubles near the end of their range, and of Durations. What is too
 * large is INF as of one addition, and a Duration that no reader holds null. `x` is short, and stands here several times.
 */

interface Total {
  readonly x: string;
  readonly method: 'sum' | 'average';
  /** Only rows where it is true; null: all. */
  readonly condition: string | null;
}

const filter = (conditions: readonly (string | null)[]): string => {
  const given = conditions.filter((one) => one !== null);
  return given.length === 0 ? '' : ` FILTER (WHERE ${given.join(' AND ')})`;
};

/** Large numbers are summed as `numeric`, which has no limit; of the others a billion billion make no infinite sum. */
export function floatTotal({ x, method, condition }: Total): string {
  const far = `abs(${x}) BETWEEN 1e290 AND 1.7976931348623157e308`;
  const near = `sum(${x})${filter([condition, `(${far}) IS NOT TRUE`])}`;
  const large = `sum(${x}::text::numeric)${filter([condition, far])}`;
  const total = `(COALESCE(${near}, 0)::text::numeric + ${large})`;
  if (method === 'sum') {
    return `CASE WHEN ${large} IS NULL THEN ${near} ELSE ${nearestDouble(total)} END`;
  }
  const count = `NULLIF(count(${x})${filter([condition])}, 0)`;
  const small = `WHEN abs(${near}) < 1e-290 THEN ${nearestDouble(`(${near})::text::numeric / ${count}`)}`;
  return `CASE WHEN ${large} IS NOT NULL THEN ${nearestDouble(`${total} / ${count}`)} ${small} ELSE ${near} / ${count} END`;
}

/** Seconds of the longest TimeSpan of .NET. */
const longest = '922337203685.4775807';

export function durationTotal({ x, method, condition }: Total): string {
  const sum = `sum(extract(epoch FROM ${x}))${filter([condition])}`;
  const seconds = method === 'sum' ? sum : `(${sum} / NULLIF(count(${x})${filter([condition])}, 0))`;
  const days = `trunc(${seconds} / 86400)::integer`;
  const rest = `mod(${seconds}, 86400)::double precision`;
  return `CASE WHEN abs(${seconds}) < ${longest} THEN make_interval(days => ${days}, secs => ${rest}) END`;
}
