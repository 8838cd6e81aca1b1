import { hashOf } from '../route.ts';
import type { CommonQuestion } from './common.ts';
import { type Period, periods, type Span } from './periods.ts';
import { type Grain, grains, type Measure, type Method } from './question.ts';

/** A question as it stands in the address of the page. */
export interface AskedQuestion extends Omit<CommonQuestion, 'title'> {
  /** Of the period `own`. */
  readonly span: Span | null;
}

const methods: readonly Method[] = ['count', 'sum', 'average', 'min', 'max', 'countdistinct', 'ratio', 'share'];

/** `count`, `sum Seconds`, `ratio Seconds Calls`, `share Busy Idle`. */
export const measureText = ({ method, column, over }: Measure): string =>
  column === null ? method : [method, column, ...(over === undefined ? [] : [over])].join(' ');

/** What is none is the number of rows. */
export function readMeasure(text: string): Measure {
  const [name, column = null, over] = text.split(' ');
  const method = methods.find((one) => one === name) ?? 'count';
  const isRate = method === 'ratio' || method === 'share';
  if (method === 'count' || column === null || (isRate && over === undefined)) {
    return { method: 'count', column: null };
  }
  return isRate && over !== undefined ? { method, column, over } : { method, column };
}

export function questionHash(question: Omit<CommonQuestion, 'title'> & { readonly span?: Span | null }): string {
  const { set, measure, split, grain, period, span = null } = question;
  const options = new URLSearchParams({
    measure: measureText(measure),
    ...(split === null ? {} : { split }),
    grain,
    period,
    ...(span === null ? {} : { span: `${span.from} ${span.to}` }),
  });
  return hashOf(['explore', set], options.toString());
}

/** What is not said, or is none of what may be said, is the usual. */
export function readQuestion(set: string, query: string): AskedQuestion {
  const options = new URLSearchParams(query);
  const [, from, to] = /^(\d{4}-\d\d-\d\d) (\d{4}-\d\d-\d\d)$/.exec(options.get('span') ?? '') ?? [];
  const span = from === undefined || to === undefined ? null : { from, to };
  const period: Period = periods.find(([name]) => name === options.get('period'))?.[0] ?? 'last-28';
  const grain: Grain = grains.find((one) => one === options.get('grain')) ?? 'day';
  return {
    set,
    measure: readMeasure(options.get('measure') ?? ''),
    split: options.get('split'),
    grain,
    period: period === 'own' && span === null ? 'last-28' : period,
    span: period === 'own' ? span : null,
  };
}
