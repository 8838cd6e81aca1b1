import type { FeedSet } from '../feed/model.ts';
import { type Measure, measuredColumns } from './question.ts';

/** In what a value is told: seconds as a duration, a share in percent. */
export type Unit = 'seconds' | 'share' | 'number';

/** A sum over another one: what an average or a share of rows that are sums themselves is. */
export interface Ratio {
  readonly title: string;
  readonly column: string;
  readonly over: string;
  readonly unit: Unit;
}

const all: readonly Ratio[] = [
  { title: 'Service level', column: 'WithinServiceLevel', over: 'ServiceLevelOffered', unit: 'share' },
  { title: 'Abandoned share', column: 'Abandoned', over: 'Offered', unit: 'share' },
  { title: 'First response time', column: 'FirstResponseSeconds', over: 'FirstResponses', unit: 'seconds' },
  { title: 'Waiting time', column: 'WaitSeconds', over: 'Waited', unit: 'seconds' },
  { title: 'Handle time', column: 'HandleSeconds', over: 'Handled', unit: 'seconds' },
  { title: 'CSAT', column: 'CsatSum', over: 'CsatCount', unit: 'number' },
];

/** The ratios that a set has both columns of. */
export function ratiosOf(set: FeedSet): readonly Ratio[] {
  const names = new Set(measuredColumns(set).map(({ name }) => name));
  return all.filter(({ column, over }) => names.has(column) && names.has(over));
}

/** null: the measure is no ratio that has a name. */
export const ratioOf = ({ method, column, over }: Measure): Ratio | null =>
  (method === 'ratio' && all.find((one) => one.column === column && one.over === over)) || null;

const isSeconds = (column: string | null | undefined): boolean => column?.endsWith('Seconds') === true;

/** Columns in seconds are known by their names. */
export function unitOf(measure: Measure): Unit {
  const { column, over } = measure;
  return ratioOf(measure)?.unit ?? (isSeconds(column) && !isSeconds(over) ? 'seconds' : 'number');
}
