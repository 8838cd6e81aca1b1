import type { PrimitiveTypeName, Property } from '../../edm/model.ts';

/** Digits of a second that PostgreSQL keeps: with more of them a feed could tell values apart that are one here. */
const keptDigits = 6;

const exact: ReadonlySet<PrimitiveTypeName> = new Set<PrimitiveTypeName>([
  ...(['Edm.Boolean', 'Edm.Guid', 'Edm.Date', 'Edm.Decimal'] as const),
  ...(['Edm.SByte', 'Edm.Byte', 'Edm.Int16', 'Edm.Int32', 'Edm.Int64'] as const),
]);
const timed: ReadonlySet<PrimitiveTypeName> = new Set<PrimitiveTypeName>(['Edm.DateTimeOffset', 'Edm.TimeOfDay']);
/** Services agree on their order; on that of guids they do not. */
const ordered: ReadonlySet<PrimitiveTypeName> = new Set<PrimitiveTypeName>([
  ...(['Edm.Date', 'Edm.DateTimeOffset', 'Edm.TimeOfDay', 'Edm.Decimal'] as const),
  ...(['Edm.SByte', 'Edm.Byte', 'Edm.Int16', 'Edm.Int32', 'Edm.Int64'] as const),
]);
const summed: ReadonlySet<PrimitiveTypeName> = new Set<PrimitiveTypeName>([
  ...(['Edm.Decimal', 'Edm.SByte', 'Edm.Byte', 'Edm.Int16', 'Edm.Int32', 'Edm.Int64'] as const),
]);

/** Whether the values are what the feed has, under whatever name: neither masked, nor in another unit, nor several. */
const isOwn = ({ collection, shown, upstream }: Property): boolean =>
  !collection && shown === undefined && (upstream === undefined || upstream.divisor === null);

/**
 * Whether two values of a property are one value at every service, so that a feed groups them as PostgreSQL does. Not so: texts (case, accents, blanks at their
 * end), numbers with a floating point, durations, and times with more digits than are kept here. Members of enumerations are numbers there.
 */
export const isExact = (property: Property): boolean =>
  isOwn(property) &&
  (exact.has(property.type) || property.enumeration !== undefined || (timed.has(property.type) && isKept(property)));

const isKept = ({ precision }: Property): boolean => precision !== undefined && precision <= keptDigits;

/** Texts: a feed has to show that it tells them apart. */
export const isText = (property: Property): boolean =>
  isOwn(property) && property.type === 'Edm.String' && property.enumeration === undefined;

/** Whether the least and the most of exact values are the same everywhere. */
export const isOrdered = (property: Property): boolean => isExact(property) && ordered.has(property.type);

/** Whether sums of the values are the same in any order of adding. */
export const isSummed = (property: Property): boolean => isExact(property) && summed.has(property.type);

/** Points in time in whatever precision: which are before a moment with no more digits than are kept here, and which are not, is the same. */
export const isTimed = (property: Property): boolean => isOwn(property) && timed.has(property.type);

/** Whether a constant has no more digits of a second than are kept here. */
export const isWithinKept = (text: string): boolean => !/\.\d{7}/.test(text);
