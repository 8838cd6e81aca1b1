import type { PrimitiveTypeName } from '../../edm/model.ts';

/** Parts of a point in time that rows are grouped by, and the type of each. */
const parts = {
  ...{ year: 'Edm.Int32', month: 'Edm.Int32', day: 'Edm.Int32', hour: 'Edm.Int32', minute: 'Edm.Int32' },
  date: 'Edm.Date',
} as const satisfies Readonly<Record<string, PrimitiveTypeName>>;

export type TimePart = keyof typeof parts;

export const isTimePart = (name: string): name is TimePart => Object.hasOwn(parts, name);

export const typeOfPart = (part: TimePart): PrimitiveTypeName => parts[part];

/** Places of the digits in the canonical text of a point in time, or of a date. */
const places: Readonly<Record<TimePart, readonly [from: number, to: number]>> = {
  ...{ year: [0, 4], month: [5, 7], day: [8, 10], date: [0, 10], hour: [11, 13], minute: [14, 16] },
};

/** Of a canonical text: in UTC, as rows of feeds are read. */
export function partOf(part: TimePart, text: string): string {
  const [from, to] = places[part];
  const digits = text.slice(from, to);
  return part === 'date' ? digits : String(Number(digits));
}

/** What a feed may be asked for about one point in time, and the canonical text of what it is about. */
interface Moment {
  readonly expression: string;
  readonly text: string;
}

const hoursOn = [0, 6, 12, 18] as const;
const daysOn = [0, 182] as const;
/** A feed that keeps the offset that a time was written with takes its parts by that. */
const withOffset: Moment = { expression: '2026-07-01T10:30:00+02:00', text: '2026-07-01T08:30:00Z' };

/**
 * The point in time that a property of a row has, in both halves of a year, and by day and night: a feed that takes its parts by a time zone gives others for
 * some of them. `name`: what the feed calls the property.
 */
export function momentsOf(name: string, text: string): readonly Moment[] {
  const from = Date.parse(text);
  const moved = daysOn.flatMap((days) =>
    hoursOn.map((hours) => ({
      expression: `${name} add duration'P${days}DT${hours}H'`,
      text: new Date(from + (days * 24 + hours) * 3_600_000).toISOString(),
    })),
  );
  return [...moved, withOffset];
}
