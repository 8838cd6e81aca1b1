import type { PrimitiveTypeName } from '../../edm/model.ts';
import { decimalDigits } from '../../edm/reader-limits.ts';
import { type CellConverter, type CellFault, type Converted, fault, isFault } from './cell.ts';
import { type NumberMarks, numberText, readNumber, ruinedNumber, withoutExponent } from './number-text.ts';

/** Inclusive bounds of the integer types (CSDL 4.4). */
const bounds: Partial<Record<PrimitiveTypeName, readonly [bigint, bigint]>> = {
  'Edm.SByte': [-128n, 127n],
  'Edm.Byte': [0n, 255n],
  'Edm.Int16': [-32768n, 32767n],
  'Edm.Int32': [-2147483648n, 2147483647n],
  'Edm.Int64': [-9223372036854775808n, 9223372036854775807n],
};

export interface NumberForm extends NumberMarks {
  readonly type: PrimitiveTypeName;
  readonly precision: number | undefined;
  readonly scale: number | 'variable' | undefined;
}

/** Whole numbers; `12.0` is one. */
export function integerConverter(form: NumberForm): CellConverter {
  return (cell) => {
    const text = numberText(cell, form);
    if (isFault(text)) {
      return text;
    }
    if (text === null || text.includes('e')) {
      return ruinedNumber(cell) ?? notWhole(cell);
    }
    return wholeNumber(text, cell, form);
  };
}

function wholeNumber(text: string, cell: string, form: NumberForm): Converted {
  const point = text.indexOf('.');
  if (point !== -1 && /[1-9]/.test(text.slice(point))) {
    return notWhole(cell);
  }
  const whole = point === -1 ? text : text.slice(0, point);
  const range = bounds[form.type];
  if (range === undefined) {
    return fitDecimal(whole, form);
  }
  // Nine digits fit every type from Int32 up; BigInt is slow.
  if (whole.length <= 9 && range[1] > 999_999_999n) {
    return whole;
  }
  const value = BigInt(whole);
  return value < range[0] || value > range[1] ? fault('OUT_OF_RANGE', cell, `within ${form.type}`) : whole;
}

const notWhole = (cell: string): CellFault => fault('INVALID_INTEGER', cell, 'a whole number');

/**
 * Decimals with a point, or with a comma where that can mean nothing else (`numberText`). Integer types take them only
 * where nothing is lost.
 */
export function decimalConverter(form: NumberForm): CellConverter {
  return (cell) => {
    const text = readNumber(cell, form);
    return isFault(text) ? text : fitNumber(text, cell, form);
  };
}

/** A number in digits (`numberText`) as a value of its type. */
export function fitNumber(text: string, cell: string, form: NumberForm): Converted {
  if (form.type === 'Edm.Double' || form.type === 'Edm.Single') {
    return fitFloat(text, form.type);
  }
  const digits = withoutExponent(text);
  if (digits === null) {
    return fault('OUT_OF_RANGE', cell, `within ${form.type}`);
  }
  return form.type in bounds ? wholeNumber(digits, cell, form) : fitDecimal(digits, form);
}

/** PostgreSQL refuses what a float can hold only as infinity or as zero. */
function fitFloat(value: string, type: PrimitiveTypeName): Converted {
  const number = type === 'Edm.Single' ? Math.fround(Number(value)) : Number(value);
  const lost = number === 0 && /[1-9]/.test(value.split('e')[0] ?? '');
  return !Number.isFinite(number) || lost ? fault('OUT_OF_RANGE', value, `within ${type}`) : value;
}

function fitDecimal(value: string, { precision, scale }: NumberForm): Converted {
  if (precision === undefined && value.length <= decimalDigits) {
    return value;
  }
  const [whole = '', written = ''] = value.replace('-', '').split('.');
  const fraction = written.replace(/0+$/, '');
  const digits = whole.replace(/^0+/, '').length;
  if (digits + fraction.length > decimalDigits) {
    return fault('OUT_OF_RANGE', value, `within the ${decimalDigits} digits that readers of decimals hold`);
  }
  // Zeros at the end are kept as written where they fit.
  const text = digits + written.length > decimalDigits ? `${value.split('.')[0]}.${fraction || '0'}` : value;
  if (precision === undefined) {
    return text;
  }
  const room = precision - (typeof scale === 'number' ? scale : 0);
  if (digits > room) {
    return fault('OUT_OF_RANGE', value, `within ${room} digits before the point`);
  }
  if (typeof scale === 'number' && fraction.length > scale) {
    return fault('OUT_OF_RANGE', value, `within ${scale} decimals`);
  }
  if (digits + fraction.length > precision) {
    return fault('OUT_OF_RANGE', value, `within ${precision} digits`);
  }
  return text;
}

/** 0 to 100 with or without `%`, which stands behind or, in Turkish, before; `0.5` is half a percent, never fifty. */
export function percentageConverter(form: NumberForm): CellConverter {
  const decimal = decimalConverter(form);
  return (cell) => {
    const value = decimal(withoutPercent(cell));
    return isFault(value) && (value.code === 'INVALID_DECIMAL' || value.code === 'INVALID_INTEGER')
      ? fault('INVALID_PERCENTAGE', cell, 'a percentage')
      : value;
  };
}

function withoutPercent(cell: string): string {
  if (cell.endsWith('%')) {
    return cell.slice(0, -1).trimEnd();
  }
  return cell.startsWith('%') ? cell.slice(1).trimStart() : cell;
}
