import type { PrimitiveTypeName } from '../../edm/model.ts';

/**
 * The text in which COPY prints a value of each type (TimeZone UTC, DateStyle ISO, IntervalStyle iso_8601, bytea hex),
 * before its escaping. A page position holds such texts; it comes back from the client, so it is checked.
 */
const integer = /^-?\d{1,19}$/;
const float = /^(-?\d{1,400}(\.\d{1,400})?(e[+-]\d{1,3})?|-?Infinity|NaN)$/;
const time = '\\d\\d:\\d\\d:\\d\\d(\\.\\d{1,6})?';
const date = '\\d{4,6}-\\d\\d-\\d\\d';

const copyForms: Readonly<Record<Exclude<PrimitiveTypeName, 'Edm.String'>, RegExp>> = {
  'Edm.Binary': /^\\x([0-9a-f]{2})*$/,
  'Edm.Boolean': /^[tf]$/,
  'Edm.Byte': integer,
  'Edm.Date': new RegExp(`^${date}( BC)?$`),
  'Edm.DateTimeOffset': new RegExp(`^${date} ${time}\\+00( BC)?$`),
  'Edm.Decimal': /^(-?\d{1,1000}(\.\d{1,1000})?|-?Infinity|NaN)$/,
  'Edm.Double': float,
  'Edm.Duration': /^P(-?\d{1,10}[YMWD]){0,4}(T(-?\d{1,10}(\.\d{1,6})?[HMS]){1,3})?$/,
  'Edm.Guid': /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  'Edm.Int16': integer,
  'Edm.Int32': integer,
  'Edm.Int64': integer,
  'Edm.SByte': integer,
  'Edm.Single': float,
  'Edm.TimeOfDay': new RegExp(`^${time}$`),
};

/** True where the text may be what COPY prints for a value of the type. U+0000 is in no text that PostgreSQL holds. */
export function isCopyText(text: string, type: PrimitiveTypeName): boolean {
  return type === 'Edm.String' ? !text.includes('\0') : copyForms[type].test(text);
}
