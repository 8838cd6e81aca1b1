import { DateTime } from 'luxon';
import type { Expectation } from '../../src/catalogue/catalogue.ts';

/** A slot of an expectation: the local days or hours that a file is expected about, and when it is due. */
export interface Slot {
  readonly name: string;
  readonly start: number;
  readonly end: number;
  readonly due: number;
}

/** Of a time that comes twice the second one counts, as in PostgreSQL. */
function instant(local: DateTime): number {
  const later = local.plus({ hours: 1 });
  const same = later.hour === local.hour && later.minute === local.minute;
  return (same ? later : local).toMillis();
}

/** The slots from `first` to `now` that are due, found day by day by the calendar of the zone. */
export function dueSlots(
  { unit, every, on, by, timeZone: zone, before }: Expectation,
  first: number,
  now: number,
): readonly Slot[] {
  if (unit === 'hour') {
    const length = every * 3_600_000;
    // Hours of more than sixty days ago are nobody's work.
    const from = Math.floor(Math.max(first, now - 60 * 86_400_000) / length) * length;
    const count = Math.max(0, Math.floor((now - from) / length));
    return Array.from({ length: count }, (_, n) => {
      const start = from + n * length;
      const name = DateTime.fromMillis(start, { zone: 'utc' }).toFormat("yyyy-MM-dd'T'HH:mm'Z'");
      return { name, start, end: start + length, due: start + length };
    });
  }
  const begins = (day: DateTime, known: DateTime): boolean =>
    unit === 'day'
      ? Math.round(
          day.setZone('utc', { keepLocalTime: true }).diff(known.setZone('utc', { keepLocalTime: true }), 'days').days,
        ) %
          every ===
        0
      : unit === 'workday'
        ? day.weekday < 6
        : unit === 'week'
          ? day.weekday === on
          : day.day === on;
  const known = DateTime.fromMillis(first, { zone }).startOf('day');
  let day = known;
  while (!begins(day, known) && unit !== 'workday') {
    day = day.minus({ days: 1 });
  }
  const slots: Slot[] = [];
  for (; day.toMillis() <= now; day = day.plus({ days: 1 }).startOf('day')) {
    if (!begins(day, known)) {
      continue;
    }
    const next = day.plus(
      unit === 'week' ? { days: 7 } : unit === 'month' ? { months: 1 } : { days: unit === 'day' ? every : 1 },
    );
    const dueDay = (before ? next : day).startOf('day');
    const minutes = by ?? 1440;
    const due =
      minutes === 1440
        ? dueDay.plus({ days: 1 }).startOf('day').toMillis()
        : instant(dueDay.set({ hour: Math.floor(minutes / 60), minute: minutes % 60 }));
    if (due <= now) {
      slots.push({ name: day.toFormat('yyyy-MM-dd'), start: instant(day), end: instant(next), due });
    }
  }
  return slots;
}
