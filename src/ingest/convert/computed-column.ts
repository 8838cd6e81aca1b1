import { hash } from 'node:crypto';
import type { ComputedColumn } from '../../catalogue/catalogue.ts';
import { type Converted, isFault } from '../../catalogue/cells/cell.ts';
import { integerConverter } from '../../catalogue/cells/number-cells.ts';
import { fineInstant, placed, type TimeReading, wallClock } from '../../catalogue/cells/time-cells.ts';
import type { Property } from '../../edm/model.ts';
import type { Period } from '../identify/period.ts';

/** What a computed column may look at: the row so far. */
export interface RowView {
  /** Converted value of a property; null where absent. */
  value(property: string): string | null;
  /** The cell of a property as it stands in the file; null where the file has no such column. */
  cell(property: string): string | null;
}

export type Computation = (row: RowView) => Converted;

/** The properties that a computed one looks at. */
export function inputsOf(computed: ComputedColumn): readonly string[] {
  switch (computed.kind) {
    case 'sha256':
      return computed.of;
    case 'period':
      return [];
    case 'match':
    case 'text-if-not-integer':
      return [computed.of];
    case 'instant':
    case 'ambiguous-time':
      return [computed.date, computed.time];
  }
}

/** How a property that no cell holds gets its value. */
export function computation(
  computed: ComputedColumn,
  property: Property,
  context: {
    readonly reading: TimeReading;
    readonly period: Period | null;
    /** Cells that mean null, besides the empty one. */
    readonly nullTokens: ReadonlySet<string>;
  },
): Computation {
  const { reading, period, nullTokens } = context;
  switch (computed.kind) {
    case 'sha256':
      // The array brackets keep ("a", "bc") and ("ab", "c") apart.
      return (row) => hash('sha256', JSON.stringify(computed.of.map((name) => row.cell(name))), 'hex');
    case 'period': {
      const bound = period === null ? null : computed.bound === 'start' ? period.start : period.end;
      const text = bound === null ? null : boundText(bound, property, reading);
      return () => text;
    }
    case 'match': {
      const pattern = new RegExp(computed.pattern);
      const convert = property.type.startsWith('Edm.Int')
        ? integerConverter(integerForm(property))
        : (text: string) => text;
      return (row) => {
        const found = pattern.exec(row.value(computed.of) ?? '');
        const value = found === null ? null : convert(found[1] ?? found[0]);
        return isFault(value) ? null : value;
      };
    }
    case 'instant':
      return (row) => {
        const wall = wallOf(row, computed);
        const instant = wall === null ? null : placed(wall.clock, reading.clock);
        return wall === null || instant === null ? null : fineInstant(instant, wall.fraction);
      };
    case 'ambiguous-time':
      return (row) => {
        const wall = wallOf(row, computed);
        return wall === null ? null : reading.clock.place(wall.clock).ambiguous ? 't' : 'f';
      };
    case 'text-if-not-integer':
      return (row) => (row.value(computed.of) === null ? saidText(row.cell(computed.of), nullTokens) : null);
  }
}

/** What the pattern finds are digits: no mark has a meaning in them. */
const integerForm = ({ type }: Property) =>
  ({ type, precision: undefined, scale: undefined, stated: '.', shown: null }) as const;

function wallOf(row: RowView, { date, time }: { readonly date: string; readonly time: string }) {
  const day = row.value(date);
  const clock = row.value(time);
  return day === null || clock === null ? null : { clock: wallClock(day, clock), fraction: clock.slice(9) };
}

function boundText(bound: Date, property: Property, reading: TimeReading): string {
  if (property.type !== 'Edm.Date') {
    return bound.toISOString();
  }
  return new Intl.DateTimeFormat('sv-SE', { timeZone: reading.clock.name, dateStyle: 'short' }).format(bound);
}

function saidText(cell: string | null, nullTokens: ReadonlySet<string>): string | null {
  const trimmed = cell?.trim() ?? '';
  return trimmed === '' || nullTokens.has(trimmed) ? null : cell;
}
