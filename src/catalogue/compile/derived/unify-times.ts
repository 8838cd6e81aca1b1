import type { DayOfSpan, LocalTime } from '../../unified.ts';
import type { SaidContribution } from '../documents/unify-origins.ts';
import type { ContributionEntry } from '../schema/unify-schema.ts';

/** The values in the reporting zone that a contribution names, by name. */
export function timesOf({ local = {}, days }: ContributionEntry): ReadonlyMap<string, LocalTime | DayOfSpan> {
  const times = new Map<string, LocalTime | DayOfSpan>(
    Object.entries(local).map(([name, one]) => [name, { kind: 'local', ...one }]),
  );
  if (days !== undefined) {
    const { from, to = null, lasts = null, whole = false } = days;
    const span = { from, to, lasts, whole };
    times.set(days.as, { kind: 'day', span });
    if (days.seconds !== undefined) {
      times.set(days.seconds, { kind: 'seconds', span });
    }
  }
  return times;
}

export const timeNames = (entry: ContributionEntry): readonly string[] => [...timesOf(entry).keys()];

/** Types of lengths in seconds. */
const numbers = new Set(['Byte', 'Int16', 'Int32', 'Int64', 'Decimal']);

/** Reports values in the reporting zone that are made of no point in time, and keys that do not fit their set. */
export function checkTimes({ draft, entry, path }: Omit<SaidContribution, 'target'>, combined: boolean): void {
  const typeOf = (name: string): string | undefined => draft.entry.properties[name]?.type;
  const { local = {}, days } = entry;
  const wanted: (readonly [readonly (string | number)[], string, (type: string) => boolean])[] = [
    ...Object.entries(local).map(([name, { of }]) => [['local', name, 'of'], of, isInstant] as const),
    ...(days === undefined ? [] : [[['days', 'from'], days.from, isInstant] as const]),
    ...(days?.to === undefined ? [] : [[['days', 'to'], days.to, isInstant] as const]),
    ...(days?.lasts === undefined
      ? []
      : [[['days', 'lasts'], days.lasts, (type: string) => numbers.has(type)] as const]),
  ];
  for (const [at, name, fits] of wanted) {
    if (!fits(typeOf(name) ?? '')) {
      const kind = at.includes('lasts') ? 'no number of seconds' : 'no property of type DateTimeOffset';
      draft.report([...path, ...at], `${name} is ${kind}.`, 'Name one of this file.');
    }
  }
  for (const name of timeNames(entry)) {
    if (draft.entry.properties[name] !== undefined) {
      draft.report(
        [...path, name in local ? 'local' : 'days'],
        `There is a property ${name} already.`,
        'Choose another name.',
      );
    }
  }
  if (draft.form === 'unified' && !(combined && entry.grouped === true)) {
    const message = 'Rows of a unified set are taken by sets with "combine: true" alone, and grouped.';
    draft.report([...path], message, 'Write grouped: true here and combine: true there.');
  }
}

const isInstant = (type: string): boolean => type === 'DateTimeOffset';
