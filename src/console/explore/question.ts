import { type Column, type FeedModel, type FeedSet, kindOf } from '../feed/model.ts';
import { urlOf } from '../rows/choice.ts';
import { addDays, momentOf } from '../text/zone.ts';
import type { Span } from './periods.ts';

export type Method = 'count' | 'sum' | 'average' | 'min' | 'max' | 'countdistinct' | RateMethod;
/** A sum over another one; or over itself and another one. */
export type RateMethod = 'ratio' | 'share';

/** What is counted or measured. */
export interface Measure {
  readonly method: Method;
  /** null: rows are counted. */
  readonly column: string | null;
  /** Of a ratio: the sum of `column` is divided by the sum of this one; of a share: by the sums of both. */
  readonly over?: string;
}

export const grains = ['none', 'hour', 'day', 'week', 'month'] as const;
/** How time is divided; `hour`: hours of the day, whatever day. */
export type Grain = (typeof grains)[number];

/** One question about one set, which one request answers. */
export interface Question {
  readonly set: string;
  readonly measure: Measure;
  /** A column, or the name of what a relation leads to (`Team/Name`); null: not split. */
  readonly split: string | null;
  readonly grain: Grain;
  /** null: from the first row to the last. */
  readonly span: Span | null;
}

/** By what a set's rows are put in time. */
export interface TimeOf {
  readonly column: string;
  /** `local`: days of the reporting zone, with a calendar; `date`: days without; `moment`: days in UTC. */
  readonly kind: 'local' | 'date' | 'moment';
  /** Column of local hours; null: there is none. */
  readonly hour: string | null;
}

/** null: nothing of the set says when. */
export function timeOf(set: FeedSet): TimeOf | null {
  const named = (name: string): Column | undefined => set.columns.find((column) => column.name === name);
  const calendar = set.relations.some(({ name, on }) => name === 'Date' && on[0]?.[0] === 'LocalDate');
  if (named('LocalDate')?.type === 'Edm.Date') {
    const hour = named('LocalHour') === undefined ? null : 'LocalHour';
    return { column: 'LocalDate', kind: calendar ? 'local' : 'date', hour };
  }
  const date = set.columns.find((column) => kindOf(column) === 'date');
  const moment = set.columns.find((column) => kindOf(column) === 'moment');
  if (moment !== undefined) {
    return { column: moment.name, kind: 'moment', hour: null };
  }
  return date === undefined ? null : { column: date.name, kind: 'date', hour: null };
}

export function grainsOf(set: FeedSet): readonly Grain[] {
  const time = timeOf(set);
  if (time === null) {
    return ['none'];
  }
  const hours = time.kind === 'moment' || time.hour !== null;
  return grains.filter((grain) => (grain !== 'week' || time.kind === 'local') && (grain !== 'hour' || hours));
}

export const measuredColumns = (set: FeedSet): readonly Column[] =>
  set.columns.filter((column) => kindOf(column) === 'number' && !column.isKey);

const nameColumns = ['Name', 'DisplayName', 'FullName', 'Title'];

/** By what rows can be split, with a title for each: own columns of few values first guess, and names of what relations lead to. */
export function splitsOf(set: FeedSet, model: FeedModel): readonly { readonly path: string; readonly title: string }[] {
  const related = set.relations.flatMap(({ name, target, collection }) => {
    const found = nameColumns.find((one) => model.get(target)?.columns.some((column) => column.name === one));
    return collection || found === undefined || name === 'Date' ? [] : [{ path: `${name}/${found}`, title: name }];
  });
  const own = set.columns.flatMap((column) => {
    const kind = kindOf(column);
    const fits =
      kind === 'text' || kind === 'boolean' || (kind === 'number' && /^Edm\.(S?Byte|Int\d+)$/.test(column.type));
    return fits && !column.isKey ? [{ path: column.name, title: column.name }] : [];
  });
  return [...related, ...own];
}

/** Columns that say which part of time a row of the answer is of, in the order of their path. */
export function timeColumns(grain: Grain, time: TimeOf): { readonly compute: string; readonly by: readonly string[] } {
  const { column, kind, hour } = time;
  if (kind === 'local' && grain !== 'none') {
    const by = {
      hour: [hour ?? 'LocalHour'],
      day: [column],
      week: ['Date/IsoYear', 'Date/IsoWeek'],
      month: ['Date/Year', 'Date/Month'],
    };
    return { compute: '', by: by[grain] };
  }
  switch (grain) {
    case 'hour':
      return hour === null ? { compute: `hour(${column}) as Hour`, by: ['Hour'] } : { compute: '', by: [hour] };
    case 'day':
      return kind === 'date' ? { compute: '', by: [column] } : { compute: `date(${column}) as Day`, by: ['Day'] };
    case 'month':
      return { compute: `year(${column}) as Year,month(${column}) as Month`, by: ['Year', 'Month'] };
    default:
      return { compute: '', by: [] };
  }
}

/** Name of the value in each row of the answer. */
export const valueName = 'Value';
/** Names of the two sums of a ratio or share in each row of its answer. */
export const [partName, wholeName] = ['Part', 'Whole'] as const;

/** The request, below the service root. `zone`: that of the days, for sets that have moments alone. */
export function questionUrl(question: Question, set: FeedSet, zone: string): string {
  const { measure, split, grain, span } = question;
  const time = timeOf(set);
  const { compute, by } = time === null ? { compute: '', by: [] } : timeColumns(grain, time);
  const groups = [...by, ...(split === null ? [] : [split])];
  const { value, where, after } = valueText(measure);
  const within = time === null || (span === null && grain === 'none') ? [] : [spanText(span, time, zone)];
  const conditions = [...within, ...where];
  const steps = [
    ...(conditions.length === 0 ? [] : [`filter(${conditions.join(' and ')})`]),
    ...(compute === '' ? [] : [`compute(${compute})`]),
    groups.length === 0 ? `aggregate(${value})` : `groupby((${groups.join(',')}),aggregate(${value}))`,
    ...after,
  ];
  return urlOf(question.set, [['$apply', steps.join('/')]]);
}

interface ValueText {
  readonly value: string;
  /** What must hold of a row to take part. */
  readonly where: readonly string[];
  /** What is done with the groups. */
  readonly after: readonly string[];
}

function valueText({ method, column, over }: Measure): ValueText {
  if (column === null || method === 'count') {
    return { value: `$count as ${valueName}`, where: [], after: [] };
  }
  if (over === undefined) {
    return { value: `${column} with ${method} as ${valueName}`, where: [], after: [] };
  }
  const whole = method === 'share' ? `${column} add ${over}` : over;
  // A source that says one of the two alone would be in one sum and not in the other.
  return {
    value: `${column} with sum as ${partName},${whole} with sum as ${wholeName}`,
    where: [`${column} ne null`, `${over} ne null`],
    after: [`filter(${wholeName} ne 0)`, `compute(${partName} divby ${wholeName} as ${valueName})`],
  };
}

function spanText(span: Span | null, { column, kind }: TimeOf, zone: string): string {
  if (span === null) {
    return `${column} ne null`;
  }
  if (kind !== 'moment') {
    return `${column} ge ${span.from} and ${column} le ${span.to}`;
  }
  const at = (date: string): string => new Date(momentOf(date, zone) ?? 0).toISOString().replace('.000Z', 'Z');
  return `${column} ge ${at(span.from)} and ${column} lt ${at(addDays(span.to, 1))}`;
}

/** The request for the first and the last day that a set has rows of; null: nothing of it says when. */
export function boundsUrl(set: FeedSet): string | null {
  const time = timeOf(set);
  if (time === null) {
    return null;
  }
  const { column } = time;
  return urlOf(set.name, [['$apply', `aggregate(${column} with min as First,${column} with max as Last)`]]);
}
