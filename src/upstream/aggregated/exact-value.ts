import type { PrimitiveTypeName, Property } from '../../edm/model.ts';

type Types = ReadonlySet<PrimitiveTypeName>;

/** Values of these are the same everywhere, and so are their sums. */
const small: Types = new Set<PrimitiveTypeName>(['Edm.SByte', 'Edm.Byte', 'Edm.Int16', 'Edm.Int32']);
/** Services may keep these with a floating point. */
const long: Types = new Set<PrimitiveTypeName>(['Edm.Int64', 'Edm.Decimal']);
/** The same everywhere, but for their order. */
const unordered: Types = new Set<PrimitiveTypeName>(['Edm.Boolean', 'Edm.Guid']);
const timed: Types = new Set<PrimitiveTypeName>(['Edm.DateTimeOffset', 'Edm.TimeOfDay']);

/** Digits of a second that every service keeps, and that PostgreSQL does: with more of them a feed could tell values apart that are one here. */
const digits = { everywhere: 3, here: 6 } as const;

/** Whether the values are what the feed has, under whatever name: neither masked, nor in another unit, nor several. */
const isOwn = ({ collection, shown, upstream }: Property): boolean =>
  !collection && shown === undefined && (upstream === undefined || upstream.divisor === null);

const hasDigits = ({ precision }: Property, most: number): boolean => precision !== undefined && precision <= most;

/**
 * How values can be grouped by a feed so that its groups are those of PostgreSQL. `shown`: if it shows that it tells near values apart, texts (case, accents, blanks
 * at their end), numbers of many digits, moments within a millisecond. null: not at all: numbers with a floating point, durations, and times with
 * more digits than are kept here. Members of enumerations are numbers at a feed.
 */
export function equality(property: Property): 'everywhere' | 'shown' | null {
  const { type, enumeration } = property;
  if (!isOwn(property)) {
    return null;
  }
  if (enumeration !== undefined || small.has(type) || unordered.has(type) || type === 'Edm.Date') {
    return 'everywhere';
  }
  if (timed.has(type) && hasDigits(property, digits.everywhere)) {
    return 'everywhere';
  }
  const isMoment = type === 'Edm.DateTimeOffset' && hasDigits(property, digits.here);
  return long.has(type) || isMoment || type === 'Edm.String' ? 'shown' : null;
}

/** Whether the least and the most of values are the same everywhere, if these are equal for the same values. */
export const isOrdered = ({ type }: Property): boolean =>
  small.has(type) || long.has(type) || timed.has(type) || type === 'Edm.Date';

/** Whether sums of the values are the same in any order of adding. */
export const isSummed = (property: Property): boolean =>
  isOwn(property) && property.enumeration === undefined && (small.has(property.type) || long.has(property.type));

/** Whether averages have the same digits, made of a sum and a number: of decimals they depend on how many zeros are written behind them. */
export const isAveraged = (property: Property): boolean => isSummed(property) && property.type !== 'Edm.Decimal';

/** Points in time in whatever precision. */
export const isTime = (property: Property): boolean => isOwn(property) && timed.has(property.type);

/** Whether it is the same everywhere which times come before a constant: those cut to fewer digits do, too. */
export const isCutAlike = (constant: string): boolean => !new RegExp(`\\.\\d{${digits.everywhere + 1}}`).test(constant);
