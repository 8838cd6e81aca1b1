import { hashOf } from '../route.ts';
import type { CommonQuestion } from './common.ts';
import { type Period, periods, type Span } from './periods.ts';
import { type Grain, grains, type Method } from './question.ts';

/** A question as it stands in the address of the page. */
export interface AskedQuestion extends Omit<CommonQuestion, 'title'> {
  /** Of the period `own`. */
  readonly span: Span | null;
}

const methods: readonly Method[] = ['count', 'sum', 'average', 'min', 'max', 'countdistinct'];

export function questionHash(question: Omit<CommonQuestion, 'title'> & { readonly span?: Span | null }): string {
  const { set, measure, split, grain, period, span = null } = question;
  const options = new URLSearchParams({
    measure: measure.column === null ? measure.method : `${measure.method} ${measure.column}`,
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
  const [method, column = null] = (options.get('measure') ?? '').split(' ');
  const named = methods.find((one) => one === method) ?? 'count';
  const [, from, to] = /^(\d{4}-\d\d-\d\d) (\d{4}-\d\d-\d\d)$/.exec(options.get('span') ?? '') ?? [];
  const span = from === undefined || to === undefined ? null : { from, to };
  const period: Period = periods.find(([name]) => name === options.get('period'))?.[0] ?? 'last-28';
  const grain: Grain = grains.find((one) => one === options.get('grain')) ?? 'day';
  return {
    set,
    measure: named === 'count' || column === null ? { method: 'count', column: null } : { method: named, column },
    split: options.get('split'),
    grain,
    period: period === 'own' && span === null ? 'last-28' : period,
    span: period === 'own' ? span : null,
  };
}
