import { DateTime } from 'luxon';
import type { PrimitiveTypeName } from '../../edm/model.ts';
import type { Encoding, FileDefaults } from '../catalogue.ts';

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
  if (integers.includes(type)) return 'integer';
  if (fractions.includes(type)) return 'decimal';
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

const ranges: Partial<Record<PrimitiveTypeName, readonly [bigint, bigint]>> = {
  'Edm.Byte': [0n, 255n],
  'Edm.SByte': [-128n, 127n],
  'Edm.Int16': [-32768n, 32767n],
  'Edm.Int32': [-2147483648n, 2147483647n],
  'Edm.Int64': [-9223372036854775808n, 9223372036854775807n],
};

const integer = /^[+-]?\d+$/;
const number = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const clock = /^([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?$/;
const span = /^\d+:[0-5]\d(:[0-5]\d(\.\d+)?)?$/;
const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export interface CellForm {
  readonly type: PrimitiveTypeName;
  readonly encoding: Encoding;
  readonly maxLength: number | undefined;
  readonly files: Pick<FileDefaults, 'timeZone' | 'dateTimePatterns'>;
}

/** Whether an example can become a value of its property; the reading itself is done where files are loaded. */
export function converts(text: string, form: CellForm): boolean {
  switch (form.encoding) {
    case 'text':
      return isText(text, form);
    case 'integer':
      return integer.test(text) && inRange(text, form.type);
    case 'decimal':
      return number.test(text);
    case 'boolean':
      return /^(true|false|yes|no|1|0)$/i.test(text);
    case 'unix-seconds':
      return /^\d{1,13}$/.test(text);
    case 'date-time':
      return isDateTime(text, form);
    case 'date':
      return DateTime.fromISO(text).isValid && !text.includes('T');
    case 'time-of-day':
      return clock.test(text);
    case 'duration-seconds':
      return span.test(text) || (number.test(text) && (!integers.includes(form.type) || inRange(text, form.type)));
    case 'percentage':
      return number.test(text.replace(/\s*%$/, ''));
    case 'label-list':
      return /^(\[[^[\]]+\])*$/.test(text);
    case 'list':
      return true;
    case 'moment':
      return /^\d{1,13}$/.test(text) || clock.test(text) || isDateTime(text, form);
  }
}

function isText(text: string, form: CellForm): boolean {
  if (form.type === 'Edm.Guid') return guid.test(text);
  if (form.type === 'Edm.Binary') return /^[A-Za-z0-9+/_-]*={0,2}$/.test(text);
  return form.maxLength === undefined || [...text].length <= form.maxLength;
}

function inRange(text: string, type: PrimitiveTypeName): boolean {
  const range = ranges[type];
  if (range === undefined || !integer.test(text)) return range === undefined;
  const value = BigInt(text);
  return value >= range[0] && value <= range[1];
}

function isDateTime(text: string, form: CellForm): boolean {
  const zone = form.files.timeZone;
  if (DateTime.fromISO(text, { zone }).isValid || DateTime.fromSQL(text, { zone }).isValid) return true;
  return form.files.dateTimePatterns.some((pattern) => DateTime.fromFormat(text, pattern, { zone }).isValid);
}

/** Whether the zone is one that this runtime knows. */
export function isTimeZone(zone: string): boolean {
  return DateTime.fromMillis(0, { zone }).isValid;
}
