import { addDays, isoWeek, isoWeekday, shortDate, spokenMonth } from '../text/zone.ts';
import type { Span } from './periods.ts';
import {
  type Grain,
  type Measure,
  partName,
  type Question,
  type TimeOf,
  timeColumns,
  valueName,
  wholeName,
} from './question.ts';

/** A line or a bar colour of a chart: what the rows of one value of the split are. */
export interface Series {
  readonly name: string;
  /** One for each step; null: no row says anything. */
  readonly values: readonly (number | null)[];
  /** Of all steps: the sum where the measure can be summed, the sum over the sum of a ratio or share, else null. */
  readonly total: number | null;
}

/** What a chart and its table show. */
export interface Answer {
  /** Names of the steps in time; a single one where time is not divided. */
  readonly steps: readonly string[];
  readonly series: readonly Series[];
  /** Values of all series may be put on each other. */
  readonly additive: boolean;
  /** Values of the split that are no series of their own. */
  readonly others: number;
}

/** Series in one chart; further ones become one, where they can be summed. */
const mostSeries = 8;
const noValue = '(none)';

type Row = Readonly<Record<string, unknown>>;

/** What there is at the end of each day: one day's is a sum over teams, and days are not added up. */
const isLevel = ({ column }: Measure): boolean => column === 'Backlog';

export const isAdditive = ({ method }: Measure): boolean => method === 'count' || method === 'sum';

/** `rows`: those of the reply to `questionUrl`. */
export function readAnswer(question: Question, time: TimeOf | null, rows: readonly Row[]): Answer {
  const { grain, split, measure, span } = question;
  const by = time === null ? [] : timeColumns(grain, time).by;
  const additive = isAdditive(measure);
  const isSum = additive && !(isLevel(measure) && grain !== 'none');
  const found = new Map<string, Map<string, number>>();
  const keys = new Set<string>();
  const sums = new Map<string, { readonly part: number; readonly whole: number }>();
  for (const row of rows) {
    const parts = by.map((path) => valueAt(row, path));
    const value = valueAt(row, valueName);
    if (parts.some((part) => part === null) || value === null) {
      continue;
    }
    const key = stepKey(grain, parts.map(String));
    keys.add(key);
    const name = split === null ? '' : textOf(valueAt(row, split));
    const series = found.get(name) ?? new Map<string, number>();
    // Two rows of one name are two people or teams that are called alike: what can be summed is.
    series.set(key, additive ? (series.get(key) ?? 0) + Number(value) : Number(value));
    found.set(name, series);
    if (measure.over !== undefined) {
      const { part, whole } = sums.get(name) ?? { part: 0, whole: 0 };
      sums.set(name, {
        part: part + Number(valueAt(row, partName)),
        whole: whole + Number(valueAt(row, wholeName)),
      });
    }
  }
  const ordered = allSteps(grain, [...keys].sort(), span);
  const none = additive && grain !== 'none' ? 0 : null;
  const all = [...found].map(([name, values]): Series => {
    const listed = ordered.map((key) => values.get(key) ?? none);
    const sum = listed.reduce<number>((total, one) => total + (one ?? 0), 0);
    const { part, whole } = sums.get(name) ?? { part: 0, whole: 0 };
    return { name, values: listed, total: isSum ? sum : whole === 0 ? null : part / whole };
  });
  const size = ({ values, total }: Series): number => total ?? Math.max(...values.map((one) => one ?? 0));
  const sorted = all.sort((a, b) => size(b) - size(a) || a.name.localeCompare(b.name));
  const most = grain === 'none' ? sorted.length : mostSeries;
  return {
    steps: ordered.map((key) => stepName(grain, key)),
    series: [...sorted.slice(0, most), ...(additive ? restOf(sorted.slice(most)) : [])],
    additive,
    others: Math.max(0, sorted.length - most),
  };
}

function restOf(rest: readonly Series[]): readonly Series[] {
  const [first] = rest;
  if (first === undefined) {
    return [];
  }
  const values = first.values.map((_, index) => rest.reduce((sum, one) => sum + (one.values[index] ?? 0), 0));
  const total = first.total === null ? null : rest.reduce((sum, one) => sum + (one.total ?? 0), 0);
  return [{ name: `${rest.length} others`, values, total }];
}

/** `Team/Name`: a member of a member; null where either is. */
function valueAt(row: Row, path: string): unknown {
  return path.split('/').reduce<unknown>((value, name) => {
    const inner = typeof value === 'object' && value !== null ? (value as Row)[name] : null;
    return inner ?? null;
  }, row);
}

const textOf = (value: unknown): string => (value === null || value === '' ? noValue : String(value));

const pad = (text: string | undefined): string => (text ?? '').padStart(2, '0');

/** Sorted as text, keys are in the order of time. */
function stepKey(grain: Grain, parts: readonly string[]): string {
  switch (grain) {
    case 'none':
      return '';
    case 'day':
      return parts[0] ?? '';
    case 'hour':
      return pad(parts[0]);
    default:
      return `${parts[0] ?? ''}-${pad(parts[1])}`;
  }
}

function stepName(grain: Grain, key: string): string {
  const [year = '', part = ''] = key.split('-');
  switch (grain) {
    case 'none':
      return '';
    case 'day':
      return shortDate(key);
    case 'hour':
      return `${key}:00`;
    case 'week':
      return `W${Number(part)} ${year}`;
    case 'month':
      return spokenMonth(Number(year), Number(part));
  }
}

/** Days on which nothing was are steps, too. */
function allSteps(grain: Grain, keys: readonly string[], span: Span | null): readonly string[] {
  if (grain === 'hour') {
    return Array.from({ length: 24 }, (_, hour) => pad(String(hour)));
  }
  const first = span?.from ?? firstDay(grain, keys[0]);
  const last = span?.to ?? firstDay(grain, keys.at(-1));
  if (grain === 'none' || keys.length === 0 || first === null || last === null) {
    return keys;
  }
  const steps = new Set<string>();
  for (let day = first, left = 4000; day <= last && left > 0; day = addDays(day, 1), left -= 1) {
    const { year, week } = isoWeek(day);
    steps.add(grain === 'day' ? day : grain === 'week' ? `${year}-${pad(String(week))}` : day.slice(0, 7));
  }
  return [...new Set([...steps, ...keys])].sort();
}

function firstDay(grain: Grain, key: string | undefined): string | null {
  if (key === undefined) {
    return null;
  }
  if (grain === 'week') {
    const [year = '', week = '1'] = key.split('-');
    const january = `${year}-01-04`;
    return addDays(january, 1 - isoWeekday(january) + 7 * (Number(week) - 1));
  }
  return grain === 'month' ? `${key}-01` : key;
}
