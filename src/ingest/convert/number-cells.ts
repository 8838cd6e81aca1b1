import type { PrimitiveTypeName } from '../../edm/model.ts';
import { type CellConverter, type Converted, fault, isFault } from './cell.ts';

/** Inclusive bounds of the integer types (CSDL 4.4). */
const bounds: Partial<Record<PrimitiveTypeName, readonly [bigint, bigint]>> = {
  'Edm.SByte': [-128n, 127n],
  'Edm.Byte': [0n, 255n],
  'Edm.Int16': [-32768n, 32767n],
  'Edm.Int32': [-2147483648n, 2147483647n],
  'Edm.Int64': [-9223372036854775808n, 9223372036854775807n],
};

const INTEGER = /^[+-]?\d+(?:\.0+)?$/;
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/;

/** Whole numbers; `12.0` is one. */
export function integerConverter(type: PrimitiveTypeName): CellConverter {
  const range = bounds[type];
  return (cell) => {
    if (!INTEGER.test(cell)) return fault('INVALID_INTEGER', cell, 'a whole number');
    const point = cell.indexOf('.');
    const text = (point === -1 ? cell : cell.slice(0, point)).replace(/^\+/, '');
    // Nine digits fit every type from Int32 up; BigInt is slow.
    if (range === undefined || (text.length <= 9 && range[1] > 999_999_999n)) return text;
    const value = BigInt(text);
    return value < range[0] || value > range[1] ? fault('OUT_OF_RANGE', cell, `within ${type}`) : text;
  };
}

export interface DecimalFacets {
  readonly type: PrimitiveTypeName;
  readonly precision?: number;
  readonly scale?: number | 'variable';
}

/**
 * Decimals with a point, or with a comma where that can mean nothing else: `1,5`, `0,125` and `1.234,5`, but not
 * `1,234`, which is another number in another country. Integer types take them only where nothing is lost.
 */
export function decimalConverter(facets: DecimalFacets): CellConverter {
  const integer = facets.type in bounds ? integerConverter(facets.type) : null;
  const text = facets.type === 'Edm.String';
  return (cell) => {
    const value = DECIMAL.test(cell) ? cell : withPoint(cell);
    if (isFault(value) || value === null) return value;
    if (integer !== null) return integer(value);
    if (text) return cell;
    return facets.type === 'Edm.Decimal' ? fitDecimal(value, facets) : fitFloat(value, facets.type);
  };
}

function withPoint(cell: string): Converted {
  if (!/^[+-]?[\d.,]+$/.test(cell)) return fault('INVALID_DECIMAL', cell, 'a number');
  const comma = cell.lastIndexOf(',');
  const point = cell.lastIndexOf('.');
  if (/^[+-]?\d{1,3}(?:\.\d{3})+,\d+$/.test(cell) && comma > point) return cell.replaceAll('.', '').replace(',', '.');
  if (/^[+-]?\d{1,3}(?:,\d{3})+\.\d+$/.test(cell)) return cell.replaceAll(',', '');
  if (/^[+-]?\d*,\d+$/.test(cell)) {
    const thousands = /^[+-]?[1-9]\d{0,2},\d{3}$/.test(cell);
    return thousands ? fault('AMBIGUOUS_DECIMAL', cell, 'clear: 1,5 or 1.5') : cell.replace(',', '.');
  }
  return fault('INVALID_DECIMAL', cell, 'a number');
}

/** PostgreSQL refuses what a float can hold only as infinity or as zero. */
function fitFloat(value: string, type: PrimitiveTypeName): Converted {
  const number = type === 'Edm.Single' ? Math.fround(Number(value)) : Number(value);
  const lost = number === 0 && /[1-9]/.test(value.split(/[eE]/)[0] ?? '');
  return !Number.isFinite(number) || lost ? fault('OUT_OF_RANGE', value, `within ${type}`) : value;
}

function fitDecimal(value: string, { precision, scale }: DecimalFacets): Converted {
  if (precision === undefined || /[eE]/.test(value)) return value;
  const [whole = '', fraction = ''] = value.replace(/^[+-]/, '').split('.');
  const digits = whole.replace(/^0+/, '').length;
  const room = precision - (typeof scale === 'number' ? scale : 0);
  if (digits > room) return fault('OUT_OF_RANGE', value, `within ${room} digits before the point`);
  if (typeof scale === 'number' && fraction.replace(/0+$/, '').length > scale) {
    return fault('OUT_OF_RANGE', value, `within ${scale} decimals`);
  }
  return value;
}

/** 0 to 100 with or without `%`; `0.5` is half a percent, never fifty. */
export function percentageConverter(facets: DecimalFacets): CellConverter {
  const decimal = decimalConverter(facets);
  return (cell) => {
    const value = decimal(cell.endsWith('%') ? cell.slice(0, -1).trimEnd() : cell);
    return isFault(value) && value.code !== 'OUT_OF_RANGE' ? fault('INVALID_PERCENTAGE', cell, 'a percentage') : value;
  };
}

const TRUE = new Set(['true', 'yes', 'oui', 'vrai', '1', 't', 'y', 'ja', 'sí', 'si']);
const FALSE = new Set(['false', 'no', 'non', 'faux', '0', 'f', 'n', 'nee', 'nein']);

/** Yes and no in the languages the exports are known in. */
export const convertBoolean: CellConverter = (cell) => {
  const word = cell.toLowerCase();
  if (TRUE.has(word)) return 't';
  if (FALSE.has(word)) return 'f';
  return fault('INVALID_BOOLEAN', cell, 'yes or no');
};

const CLOCK = /^(-?)(\d{1,5}):([0-5]\d):([0-5]\d)(\.\d+)?$/;

/** Seconds as a number, or hours:minutes:seconds, to seconds (Edm.Duration: to an ISO 8601 interval). */
export function durationConverter(facets: DecimalFacets): CellConverter {
  const duration = facets.type === 'Edm.Duration';
  const decimal = decimalConverter(duration ? { type: 'Edm.Double' } : facets);
  return (cell) => {
    const clock = CLOCK.exec(cell);
    const seconds = clock === null ? cell : clockSeconds(clock);
    const value = decimal(seconds);
    if (isFault(value)) {
      return value.code === 'OUT_OF_RANGE' ? value : fault('INVALID_DURATION', cell, 'seconds or hh:mm:ss');
    }
    if (!duration || value === null) return value;
    // Ten thousand years; an interval holds 178 million.
    return Math.abs(Number(value)) > 315_569_520_000
      ? fault('OUT_OF_RANGE', cell, 'within ten thousand years')
      : `${value} seconds`;
  };
}

function clockSeconds(clock: RegExpExecArray): string {
  const [, sign = '', hours = '0', minutes = '0', seconds = '0', fraction = ''] = clock;
  return `${sign}${Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)}${fraction}`;
}
