import type { StoredSet } from '../catalogue/catalogue.ts';
import type { Contribution, DaySpan, LocalTime } from '../catalogue/unified.ts';
import { quoteIdentifier } from '../sql/identifier.ts';
import { escapeText } from '../sql/literal.ts';
import { columnOf } from './column-of.ts';

/** A span that somebody recorded as longer is cut there, so that one wrong row does not make a thousand days. */
const longestSpan = 366 * 86_400;

/** Alias of the values in the reporting zone of the row `alias`. */
export const timesAlias = (alias: string): string => `${alias}_at`;

/** A value in the reporting zone of the row `alias`. */
export const timeColumn = (alias: string, name: string): string => `${timesAlias(alias)}.${quoteIdentifier(name)}`;

interface Where {
  readonly set: StoredSet;
  readonly alias: string;
  readonly zone: string;
}

/** What joins the values in the reporting zone to the row `alias`: one line for each day of a span. null: there are none. */
export function joinTimes({ times }: Contribution, where: Where): string | null {
  const { set, alias, zone } = where;
  const cells: string[] = [];
  let rows = '';
  for (const [name, time] of times) {
    if (time.kind === 'local') {
      cells.push(
        `${localPart(time, `${alias}.${quoteIdentifier(columnOf(set, time.of))}`, zone)} AS ${quoteIdentifier(name)}`,
      );
    } else {
      const { day, seconds, from } = spanDays(time.span, where);
      cells.push(`${time.kind === 'day' ? day : seconds} AS ${quoteIdentifier(name)}`);
      rows = from;
    }
  }
  return cells.length === 0 ? null : `CROSS JOIN LATERAL (SELECT ${cells.join(', ')}${rows}) AS ${timesAlias(alias)}`;
}

/** Zones lie whole quarters of an hour apart, so quarters of an hour begin everywhere at once. */
function localPart({ part }: LocalTime, instant: string, zone: string): string {
  const clock = `(${instant} AT TIME ZONE ${escapeText(zone)})`;
  switch (part) {
    case 'date':
      return `${clock}::date`;
    case 'hour':
      return `extract(hour FROM ${clock})::integer`;
    case 'quarter':
      return `date_bin('15 minutes', ${instant}, timestamptz '2000-01-01 00:00Z')`;
    case 'time':
      return `date_bin('15 minutes', ${clock}, timestamp '2000-01-01')::time`;
  }
}

/** Where a local day begins: days have 23 to 25 hours. */
const beginOf = (day: string, zone: string): string => `((${day})::timestamp AT TIME ZONE ${escapeText(zone)})`;

function spanDays(
  { from, to, lasts, whole }: DaySpan,
  { set, alias, zone }: Where,
): { readonly day: string; readonly seconds: string; readonly from: string } {
  const column = (name: string): string => `${alias}.${quoteIdentifier(columnOf(set, name))}`;
  const begin = column(from);
  const end =
    to === null
      ? `(${begin} + interval '1 second' * least(greatest(${column(lasts ?? '')}, 0), ${longestSpan}))`
      : `least(${column(to)}, ${begin} + interval '${longestSpan} seconds')`;
  const clock = (instant: string): string => `(${instant} AT TIME ZONE ${escapeText(zone)})`;
  if (whole) {
    const day = `${clock(begin)}::date`;
    const exact = `${beginOf(day, zone)} = ${begin} AND ${beginOf(`${day} + 1`, zone)} = ${column(to ?? from)}`;
    return { day, seconds: `extract(epoch FROM ${end} - ${begin})`, from: ` WHERE ${exact}` };
  }
  const days = `generate_series(${clock(begin)}::date::timestamp, greatest(${clock(begin)}, ${clock(end)}), interval '1 day')`;
  const day = 'd.day::date';
  const seconds = `extract(epoch FROM least(${end}, ${beginOf(`${day} + 1`, zone)}) - greatest(${begin}, ${beginOf(day, zone)}))`;
  const touched = `${beginOf(day, zone)} < ${end} OR ${day} = ${clock(begin)}::date`;
  return { day, seconds, from: ` FROM ${days} AS d(day) WHERE ${touched}` };
}

/** That a value in the reporting zone is a text of an id; where that says something of the column it is made of, an index helps. */
export function isTime({ times }: Contribution, name: string, text: string, where: Where): readonly string[] {
  const { set, alias, zone } = where;
  const time = times.get(name);
  const value = timeColumn(alias, name);
  if (time?.kind === 'day') {
    const begin = `${alias}.${quoteIdentifier(columnOf(set, time.span.from))}`;
    const given = `nullif(${text}, '')::date`;
    const earliest = time.span.whole
      ? beginOf(given, zone)
      : `${beginOf(given, zone)} - interval '${longestSpan} seconds'`;
    return [`${value} = ${given}`, `${begin} >= ${earliest}`, `${begin} < ${beginOf(`${given} + 1`, zone)}`];
  }
  if (time?.kind === 'local' && time.part === 'date') {
    const instant = `${alias}.${quoteIdentifier(columnOf(set, time.of))}`;
    const given = `nullif(${text}, '')::date`;
    return [
      `${value} = ${given}`,
      `${instant} >= ${beginOf(given, zone)}`,
      `${instant} < ${beginOf(`${given} + 1`, zone)}`,
    ];
  }
  if (time?.kind === 'local' && time.part === 'quarter') {
    const instant = `${alias}.${quoteIdentifier(columnOf(set, time.of))}`;
    const given = `nullif(${text}, '')::timestamptz`;
    return [`${value} = ${given}`, `${instant} >= ${given}`, `${instant} < ${given} + interval '15 minutes'`];
  }
  return [`(${value})::text = ${text}`];
}
