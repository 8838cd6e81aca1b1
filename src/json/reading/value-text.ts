import { paddedBase64 } from '../../edm/base64-text.ts';
import { maskedValue } from '../../edm/mask.ts';
import type { PrimitiveTypeName, Property } from '../../edm/model.ts';
import { primitiveType } from '../../edm/primitive-types.ts';
import { realText } from '../../edm/real-text.ts';
import { canonicalDecimal } from '../../plan/value/numeric-text.ts';
import {
  canonicalDate,
  canonicalDateTimeOffset,
  canonicalDuration,
  canonicalTimeOfDay,
} from '../../plan/value/temporal-text.ts';
import { broken, readArray, stringValue } from './json-scan.ts';

const jsonNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const specialNumber = /^(?:-?INF|NaN)$/;
const dateTime = /^(\d{4,}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d(?:\.\d{1,12})?)?)?(Z|[+-]\d\d:\d\d)?$/;

/** Turns the raw JSON value of one property into the raw JSON we serve. */
export type ValueText = (raw: string) => string;

/**
 * The conversion for a property, chosen once for all rows. Digits are copied, never parsed: at most their
 * spelling changes. What does not fit the
 * declared type is an error, because a client that trusts `$metadata` would refuse the whole reply.
 */
export function valueText(property: Property, ieee754Compatible: boolean): ValueText {
  if (property.shown === 'masked') {
    return maskedText(property);
  }
  const one = scalarText(property, ieee754Compatible);
  if (!property.collection) {
    return (raw) => (raw === 'null' ? raw : one(raw));
  }
  return (raw) =>
    raw === 'null'
      ? '[]'
      : `[${readArray(raw)
          .map((item) => (item === 'null' ? item : one(item)))
          .join(',')}]`;
}

/** The same value masked, for whoever may not see it as it is. */
function maskedText(property: Property): ValueText {
  const one = scalarText(property, false);
  return (raw) => {
    if (raw === 'null' || property.collection) {
      return property.collection ? '[]' : raw;
    }
    const text = canonicalText(one(raw));
    const moment = property.type === 'Edm.DateTimeOffset' ? canonicalDateTimeOffset(text) : null;
    const masked = maskedValue(moment ?? text, property);
    return masked === null ? 'null' : JSON.stringify(masked);
  };
}

function scalarText(property: Property, ieee754Compatible: boolean): ValueText {
  const wrong = (raw: string) =>
    broken(`${property.name} is ${raw.slice(0, 60)}, which is no ${property.type.slice('Edm.'.length)}`);
  switch (primitiveType(property.type).json) {
    case 'boolean':
      return (raw) => {
        if (raw !== 'true' && raw !== 'false') {
          throw wrong(raw);
        }
        return raw;
      };
    case 'number':
    case 'long-number': {
      const quoted = ieee754Compatible && primitiveType(property.type).json === 'long-number';
      const whole = property.type !== 'Edm.Decimal';
      return (raw) => {
        const digits = stringValue(raw) ?? raw;
        if (!jsonNumber.test(digits)) {
          throw wrong(raw);
        }
        const plain = plainDigits(digits, whole);
        if (plain === null || !isWithin(plain, property.type)) {
          throw wrong(raw);
        }
        return quoted ? `"${plain}"` : plain;
      };
    }
    case 'float':
      return (raw) => {
        const digits = stringValue(raw) ?? raw;
        if (specialNumber.test(digits)) {
          return `"${digits}"`;
        }
        if (!jsonNumber.test(digits) || !Number.isFinite(Number(digits))) {
          throw wrong(raw);
        }
        return realText(digits);
      };
    case 'string':
      if (property.type === 'Edm.Binary') {
        return binaryText(wrong);
      }
      return property.type === 'Edm.DateTimeOffset' ? dateTimeText(wrong) : textText(property, wrong);
  }
}

/**
 * Decimals and whole numbers leave without an exponent, whole ones without a fraction: `1E2` and `5.0` are numbers like any other to
 * JSON, and the readers in Power BI and Excel refuse the page. Null: it is no whole number.
 */
function plainDigits(digits: string, whole: boolean): string | null {
  if (!/[eE]/.test(digits) && !(whole && digits.includes('.'))) {
    return digits;
  }
  const plain = canonicalDecimal(digits);
  return whole && plain?.includes('.') === true ? null : plain;
}

/** The least and the most of whole numbers. */
const ranges: ReadonlyMap<PrimitiveTypeName, readonly [least: bigint, most: bigint]> = new Map([
  ['Edm.SByte', [-0x80n, 0x7fn]],
  ['Edm.Byte', [0n, 0xffn]],
  ['Edm.Int16', [-0x8000n, 0x7fffn]],
  ['Edm.Int32', [-0x80000000n, 0x7fffffffn]],
  ['Edm.Int64', [-0x8000000000000000n, 0x7fffffffffffffffn]],
]);

/** Characters of a whole number, with its sign, that surely is within the range of its type. */
export function safeDigits(type: PrimitiveTypeName): number {
  const [least, most] = ranges.get(type) ?? [0n, 0n];
  return most.toString().length - (least < 0n ? 1 : 2);
}

/** Of whole numbers; all others are. */
function isWithin(digits: string, type: PrimitiveTypeName): boolean {
  const range = digits.length <= safeDigits(type) ? undefined : ranges.get(type);
  return range === undefined || (BigInt(digits) >= range[0] && BigInt(digits) <= range[1]);
}

/** Either alphabet, padded or not, leaves as stored binaries do. */
function binaryText(wrong: (raw: string) => Error): ValueText {
  return (raw) => {
    const text = stringValue(raw);
    if (text === null || !/^[A-Za-z0-9_+/-]*={0,2}$/.test(text)) {
      throw wrong(raw);
    }
    return `"${paddedBase64(text)}"`;
  };
}

/**
 * A date-time always leaves with an offset: clients refuse one without (RFC 3339 is what CSDL asks for). A value that has
 * an offset keeps it; one without is a wall-clock time of the proxied feed, its digits stay and `Z` is put behind them.
 */
function dateTimeText(wrong: (raw: string) => Error): ValueText {
  return (raw) => {
    const parts = dateTime.exec(stringValue(raw) ?? '');
    if (parts === null) {
      throw wrong(raw);
    }
    const [, date, minutes = '00:00', seconds = ':00', offset = 'Z'] = parts;
    const text = `${date}T${minutes}${seconds}${offset}`;
    if (canonicalDateTimeOffset(text) === null) {
      throw wrong(raw);
    }
    return `"${text}"`;
  };
}

const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Types that are written as text, and not with any. */
const formOf: ReadonlyMap<PrimitiveTypeName, (text: string) => boolean> = new Map([
  ['Edm.Guid', (text) => guid.test(text)],
  ['Edm.Date', (text) => canonicalDate(text) !== null],
  ['Edm.TimeOfDay', (text) => canonicalTimeOfDay(text) !== null],
  ['Edm.Duration', (text) => canonicalDuration(text) !== null],
]);

/** Numbers and booleans stand for enumerations or loosely typed texts: they become the text of themselves. */
function textText(property: Property, wrong: (raw: string) => Error): ValueText {
  const isOfType = formOf.get(property.type);
  return (raw) => {
    if (raw.startsWith('"')) {
      if (isOfType?.(stringValue(raw) ?? '') === false) {
        throw wrong(raw);
      }
      return raw;
    }
    if (property.type !== 'Edm.String' || raw.startsWith('{') || raw.startsWith('[')) {
      throw wrong(raw);
    }
    return `"${raw}"`;
  };
}

/** The canonical text (see `Constant`) of a raw value we serve. */
export function canonicalText(served: string): string {
  return stringValue(served) ?? served;
}
