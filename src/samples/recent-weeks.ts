import type { DateTime } from 'luxon';
import type { SampleOrder } from './sample-order.ts';

/** Two weeks hold a whole week from Monday on, whatever day it is today. */
const days = 14;

/** Hours after midnight at which the last files of a day have been written, in every zone there is about. */
const written = 28;

/** The two weeks before an instant, so that "last week" has rows when somebody looks. */
export function recentWeeks(now: DateTime): Pick<SampleOrder, 'from' | 'days'> {
  const from = now.toUTC().minus({ hours: written, days: days - 1 });
  return { from: from.toFormat('yyyy-MM-dd'), days };
}
