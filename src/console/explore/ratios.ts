import type { FeedSet } from '../feed/model.ts';
import { type Measure, measuredColumns, type RateMethod } from './question.ts';

/** In what a value is told: seconds as a duration, a share in percent. */
export type Unit = 'seconds' | 'share' | 'number';

/** A sum over another one: what an average or a share of rows that are sums themselves is. */
export interface Ratio {
  readonly title: string;
  readonly method: RateMethod;
  readonly column: string;
  readonly over: string;
  readonly unit: Unit;
}

const all: readonly Ratio[] = [
  { title: 'Service level', method: 'ratio', column: 'WithinServiceLevel', over: 'ServiceLevelOffered', unit: 'share' },
  { title: 'Abandoned share', method: 'ratio', column: 'Abandoned', over: 'Offered', unit: 'share' },
  {
    title: 'First response time',
    method: 'ratio',
    column: 'FirstResponseSeconds',
    over: 'FirstResponses',
    unit: 'seconds',
  },
  { title: 'Waiting time', method: 'ratio', column: 'WaitSeconds', over: 'Waited', unit: 'seconds' },
  { title: 'Handle time', method: 'ratio', column: 'HandleSeconds', over: 'Handled', unit: 'seconds' },
  { title: 'Occupancy', method: 'share', column: 'HandleSeconds', over: 'AvailableSeconds', unit: 'share' },
  { title: 'CSAT', method: 'ratio', column: 'CsatSum', over: 'CsatCount', unit: 'number' },
];

/** The ratios that a set has both columns of. */
export function ratiosOf(set: FeedSet): readonly Ratio[] {
  const names = new Set(measuredColumns(set).map(({ name }) => name));
  return all.filter(({ column, over }) => names.has(column) && names.has(over));
}

/** null: the measure is no ratio that has a name. */
export const ratioOf = ({ method, column, over }: Measure): Ratio | null =>
  all.find((one) => one.method === method && one.column === column && one.over === over) ?? null;

const isSeconds = (column: string | null | undefined): boolean => column?.endsWith('Seconds') === true;

/** Columns in seconds are known by their names. */
export function unitOf(measure: Measure): Unit {
  const { method, column, over } = measure;
  const known = ratioOf(measure)?.unit ?? (method === 'share' ? 'share' : null);
  return known ?? (isSeconds(column) && !isSeconds(over) ? 'seconds' : 'number');
}
