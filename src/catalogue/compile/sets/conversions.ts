import { DateTime } from 'luxon';
import type { PrimitiveTypeName } from '../../../edm/model.ts';
import type { Encoding } from '../../catalogue.ts';
import { type Converted, fault } from '../../cells/cell.ts';
import { type CellForm, cellConverter, keepsBlanks, timeReading } from '../../cells/cell-converter.ts';
import { convertMoment } from '../../cells/time-cells.ts';
import type { PropertyEntry } from '../schema/schema.ts';

const integers: readonly PrimitiveTypeName[] = ['Edm.Byte', 'Edm.SByte', 'Edm.Int16', 'Edm.Int32', 'Edm.Int64'];
const fractions: readonly PrimitiveTypeName[] = ['Edm.Decimal', 'Edm.Double', 'Edm.Single'];

/** Which types each encoding may fill. */
export const encodingTypes: Readonly<Record<Encoding, readonly PrimitiveTypeName[]>> = {
  text: ['Edm.String', 'Edm.Guid', 'Edm.Binary', 'Edm.Duration'],
  integer: [...integers, 'Edm.Decimal'],
  decimal: fractions,
  boolean: ['Edm.Boolean'],
  'unix-seconds': ['Edm.DateTimeOffset'],
  'date-time': ['Edm.DateTimeOffset'],
  date: ['Edm.Date'],
  'time-of-day': ['Edm.TimeOfDay'],
  'duration-seconds': [...integers, ...fractions, 'Edm.Duration'],
  percentage: [...integers, ...fractions],
  'label-list': ['Edm.String'],
  list: ['Edm.String'],
  moment: ['Edm.DateTimeOffset'],
};

/** The encoding of a type when the metadata names none. */
export function usualEncoding(type: PrimitiveTypeName): Encoding {
  if (integers.includes(type)) {
    return 'integer';
  }
  if (fractions.includes(type)) {
    return 'decimal';
  }
  switch (type) {
    case 'Edm.Boolean':
      return 'boolean';
    case 'Edm.Date':
      return 'date';
    case 'Edm.TimeOfDay':
      return 'time-of-day';
    case 'Edm.DateTimeOffset':
      return 'date-time';
    default:
      return 'text';
  }
}

/** What examples and rows of sets that no file fills are written in. */
export const isoFiles: CellForm['files'] = { timeZone: 'UTC', dateTimePatterns: [], decimalMark: '.' };

/** The form of a property's cells. `identifies`: it is part of a key or a reference. */
export function cellForm(
  entry: PropertyEntry,
  files: CellForm['files'],
  { encoding, identifies }: { readonly encoding?: Encoding | undefined; readonly identifies: boolean },
): CellForm {
  const type = `Edm.${entry.type}` as const;
  const { scale } = entry;
  // Facets that contradict each other are told once, not with each value besides.
  const sound = entry.precision === undefined || typeof scale !== 'number' || scale <= entry.precision;
  return {
    type,
    encoding: encoding ?? usualEncoding(type),
    maxLength: entry.maxLength,
    precision: sound ? entry.precision : undefined,
    scale: sound ? scale : undefined,
    identifies,
    files,
    example: entry.example,
  };
}

/** Any day: a time of day in an example is joined to it. */
const someDay = '2025-06-16';

/** A cell that the metadata itself gives, read as those of files are. `joined`: a bare time has a date beside it. */
export function readGiven(text: string, form: CellForm, joined = false): Converted {
  const cell = keepsBlanks(form) ? text : text.trim();
  if (cell === '' && form.type !== 'Edm.String') {
    return fault('OUT_OF_RANGE', text, 'a value');
  }
  const reading = timeReading(isTimeZone(form.files.timeZone) ? form.files : { ...form.files, timeZone: 'UTC' });
  return joined && form.encoding === 'moment'
    ? convertMoment(cell, someDay, reading)
    : cellConverter(form, reading)(cell);
}

/** Whether the zone is one that this runtime knows. */
export function isTimeZone(zone: string): boolean {
  return DateTime.fromMillis(0, { zone }).isValid;
}
