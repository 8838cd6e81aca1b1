import type { FeedModel } from '../feed/model.ts';
import type { Period } from './periods.ts';
import { type Grain, grainsOf, type Measure, measuredColumns, splitsOf } from './question.ts';

/** A question that is often asked, as it stands in the address of the page. */
export interface CommonQuestion {
  readonly title: string;
  readonly set: string;
  readonly measure: Measure;
  readonly split: string | null;
  readonly grain: Grain;
  readonly period: Period;
}

const rows: Measure = { method: 'count', column: null };
const serviceLevel: Measure = { method: 'ratio', column: 'WithinServiceLevel', over: 'ServiceLevelOffered' };
const average = (column: string): Measure => ({ method: 'average', column });

const all: readonly CommonQuestion[] = [
  {
    title: 'Conversations of last week by channel',
    set: 'Conversations',
    measure: rows,
    split: 'Channel',
    grain: 'day',
    period: 'last-week',
  },
  {
    title: 'Messages per day by direction',
    set: 'Messages',
    measure: rows,
    split: 'Direction',
    grain: 'day',
    period: 'last-28',
  },
  {
    title: 'Messages per week and channel',
    set: 'Messages',
    measure: rows,
    split: 'Channel',
    grain: 'week',
    period: 'last-90',
  },
  {
    title: 'First response per team',
    set: 'Conversations',
    measure: average('FirstResponseSeconds'),
    split: 'Team/Name',
    grain: 'none',
    period: 'last-28',
  },
  {
    title: 'Handle time per agent',
    set: 'Conversations',
    measure: average('HandleSeconds'),
    split: 'Agent/Name',
    grain: 'none',
    period: 'last-28',
  },
  {
    title: 'Satisfaction by channel',
    set: 'Conversations',
    measure: average('CsatScore'),
    split: 'Channel',
    grain: 'none',
    period: 'last-90',
  },
  { title: 'Busiest hours', set: 'Conversations', measure: rows, split: null, grain: 'hour', period: 'last-28' },
  { title: 'Top reasons', set: 'Conversations', measure: rows, split: 'Reason', grain: 'none', period: 'last-28' },
  {
    title: 'Service level per day',
    set: 'TeamDays',
    measure: serviceLevel,
    split: null,
    grain: 'day',
    period: 'last-28',
  },
  {
    title: 'Service level per team',
    set: 'TeamDays',
    measure: serviceLevel,
    split: 'Team/Name',
    grain: 'none',
    period: 'last-28',
  },
  {
    title: 'Offered per day and team',
    set: 'TeamDays',
    measure: { method: 'sum', column: 'Offered' },
    split: 'Team/Name',
    grain: 'day',
    period: 'last-28',
  },
  {
    title: 'Backlog at the end of each day',
    set: 'TeamDays',
    // One row a team and day: teams of one name, and what is of no team in any source, are added up.
    measure: { method: 'sum', column: 'Backlog' },
    split: 'Team/Name',
    grain: 'day',
    period: 'last-28',
  },
];

/** Those that the feed can answer as it is for whoever asks: every set and column of them is there. */
export function commonQuestions(model: FeedModel): readonly CommonQuestion[] {
  return all.filter(({ set: name, measure, split, grain }) => {
    const set = model.get(name);
    if (set === undefined || !grainsOf(set).includes(grain)) {
      return false;
    }
    const numbers = measuredColumns(set).map((column) => column.name);
    const { column, over } = measure;
    const measurable = (column === null || numbers.includes(column)) && (over === undefined || numbers.includes(over));
    return measurable && (split === null || splitsOf(set, model).some(({ path }) => path === split));
  });
}
