import type { PrimitiveTypeName, Property } from '../../edm/model.ts';
import { primitiveType } from '../../edm/primitive-types.ts';
import { exactDigits } from '../../edm/real-text.ts';
import { safeDigits } from './value-text.ts';

/**
 * Gives the end of the value that begins at `at`, where we serve it byte by byte as it stands there; -1: it does not end in
 * these bytes, or has to be looked at more closely.
 */
export type PlainValue = (bytes: Uint8Array, at: number) => number;

const [quote, backslash, minus, plus, point, zero, colon] = [0x22, 0x5c, 0x2d, 0x2b, 0x2e, 0x30, 0x3a];
const [openBracket, closeBracket] = [0x5b, 0x5d];
const [letterE, letterF, letterN, letterT, letterU, letterZ] = [0x65, 0x66, 0x6e, 0x74, 0x75, 0x5a];
/** 1: the byte stands for itself in a JSON string. */
const ordinary = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 0x20 || byte === quote || byte === backslash ? 0 : 1,
);
const simpleEscapes: ReadonlySet<number | undefined> = new Set(Buffer.from('"\\/bfnrt'));

/** The values of a property that are served as they come: the common form of its type. Everything else is for `valueText`. */
export function plainValue({ type, collection }: Pick<Property, 'type' | 'collection'>): PlainValue {
  if (collection) {
    return (bytes, at) => (bytes[at] === openBracket && bytes[at + 1] === closeBracket ? at + 2 : -1);
  }
  switch (primitiveType(type).json) {
    case 'boolean':
      return (bytes, at) => (bytes[at] === letterT ? wordEnd(bytes, at, 'true') : wordEnd(bytes, at, 'false'));
    case 'number':
    case 'long-number':
      return type === 'Edm.Decimal' ? decimalEnd : wholeEnd(safeDigits(type));
    case 'float':
      return realEnd;
    case 'string':
      return texts.get(type) ?? (() => -1);
  }
}

/** The end of any value but an object or an array, -1 as above. */
export function scalarEnd(bytes: Uint8Array, at: number): number {
  switch (bytes[at]) {
    case quote:
      return stringEnd(bytes, at);
    case letterT:
      return wordEnd(bytes, at, 'true');
    case letterF:
      return wordEnd(bytes, at, 'false');
    case letterN:
      return nullEnd(bytes, at);
    default:
      return numberEnd(bytes, at, true, true);
  }
}

export const nullEnd: PlainValue = (bytes, at) => wordEnd(bytes, at, 'null');

function wordEnd(bytes: Uint8Array, at: number, word: string): number {
  for (let index = 0; index < word.length; index++) {
    if (bytes[at + index] !== word.charCodeAt(index)) {
      return -1;
    }
  }
  return at + word.length;
}

export const stringEnd: PlainValue = (bytes, start) => {
  if (bytes[start] !== quote) {
    return -1;
  }
  const { length } = bytes;
  for (let at = start + 1; at < length; ) {
    const byte = bytes[at] as number;
    if (ordinary[byte] === 1) {
      at++;
    } else if (byte === quote) {
      return at + 1;
    } else if (byte !== backslash) {
      return -1;
    } else if (simpleEscapes.has(bytes[at + 1])) {
      at += 2;
    } else if (bytes[at + 1] === letterU && areHexDigits(bytes, at + 2)) {
      at += 6;
    } else {
      return -1;
    }
  }
  return -1;
};

function areHexDigits(bytes: Uint8Array, at: number): boolean {
  for (let index = at; index < at + 4; index++) {
    const byte = bytes[index] ?? 0;
    const letter = byte | 0x20;
    if (!isDigit(byte) && (letter < 0x61 || letter > 0x66)) {
      return false;
    }
  }
  return true;
}

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= zero && byte <= 0x39;

function digitsEnd(bytes: Uint8Array, start: number): number {
  let at = start;
  while (isDigit(bytes[at])) {
    at++;
  }
  return at;
}

/** The end of a JSON number without the parts that are not allowed; what follows it is for others to look at. */
function numberEnd(bytes: Uint8Array, start: number, fraction: boolean, exponent: boolean): number {
  const first = bytes[start] === minus ? start + 1 : start;
  let at = bytes[first] === zero ? first + 1 : digitsEnd(bytes, first);
  if (at === first) {
    return -1;
  }
  if (fraction && bytes[at] === point) {
    const end = digitsEnd(bytes, at + 1);
    if (end === at + 1) {
      return -1;
    }
    at = end;
  }
  if (exponent && ((bytes[at] ?? 0) | 0x20) === letterE) {
    const sign = bytes[at + 1];
    const digits = sign === plus || sign === minus ? at + 2 : at + 1;
    const end = digitsEnd(bytes, digits);
    return end === digits ? -1 : end;
  }
  return at;
}

/** Longer ones may be out of the range of their type. */
const wholeEnd =
  (most: number): PlainValue =>
  (bytes, at) => {
    const end = numberEnd(bytes, at, false, false);
    return end - at > most ? -1 : end;
  };

const decimalEnd: PlainValue = (bytes, at) => numberEnd(bytes, at, true, false);

/** Longer ones, and `-0`, are written otherwise (see `realText`); one with a long exponent may be out of the range of its type. */
const realEnd: PlainValue = (bytes, at) => {
  const mantissa = numberEnd(bytes, at, true, false);
  const hasExponent = mantissa > 0 && ((bytes[mantissa] ?? 0) | 0x20) === letterE;
  const end = hasExponent ? numberEnd(bytes, at, true, true) : mantissa;
  const isSigned = bytes[mantissa + 1] === minus || bytes[mantissa + 1] === plus;
  if (end - at > exactDigits || end - mantissa > (isSigned ? 4 : 3)) {
    return -1;
  }
  return end === at + 2 && bytes[at] === minus && bytes[at + 1] === zero ? -1 : end;
};

/** `"2026-01-05T08:00:00.1234567Z"`, with or without a fraction, or with an offset: the form in which stored ones leave, too. */
const dateTimeEnd: PlainValue = (bytes, at) => {
  if (
    bytes[at] !== quote ||
    !hasForm(bytes, at + 1, dateTimeForm) ||
    !isDate(bytes, at + 1) ||
    !isTime(bytes, at + 12)
  ) {
    return -1;
  }
  let end = at + 1 + dateTimeForm.length;
  if (bytes[end] === point) {
    const digits = digitsEnd(bytes, end + 1);
    if (digits === end + 1 || digits > end + 13) {
      return -1;
    }
    end = digits;
  }
  if (bytes[end] === letterZ) {
    end += 1;
  } else if ((bytes[end] === plus || bytes[end] === minus) && hasForm(bytes, end + 1, offsetForm)) {
    if (twoDigits(bytes, end + 1) > 13 || twoDigits(bytes, end + 4) > 59 || year(bytes, at + 1) === 9999) {
      return -1;
    }
    end += 1 + offsetForm.length;
  } else {
    return -1;
  }
  return bytes[end] === quote ? end + 1 : -1;
};

const dateEnd: PlainValue = (bytes, at) =>
  bytes[at] === quote && hasForm(bytes, at + 1, dateForm) && isDate(bytes, at + 1) && bytes[at + 11] === quote
    ? at + 12
    : -1;

const guidEnd: PlainValue = (bytes, at) => {
  for (let index = 0; index < guidLength; index++) {
    const byte = bytes[at + 1 + index] ?? 0;
    const letter = byte | 0x20;
    const isDash = index === 8 || index === 13 || index === 18 || index === 23;
    if (isDash ? byte !== minus : !isDigit(byte) && (letter < 0x61 || letter > 0x66)) {
      return -1;
    }
  }
  return bytes[at] === quote && bytes[at + 1 + guidLength] === quote ? at + guidLength + 2 : -1;
};
const guidLength = 36;

/** What is written as text. All else is looked at more closely. */
const texts: ReadonlyMap<PrimitiveTypeName, PlainValue> = new Map([
  ['Edm.String', stringEnd],
  ['Edm.DateTimeOffset', dateTimeEnd],
  ['Edm.Date', dateEnd],
  ['Edm.Guid', guidEnd],
]);

const twoDigits = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] as number) - zero) * 10 + (bytes[at + 1] as number) - zero;
const year = (bytes: Uint8Array, at: number): number => twoDigits(bytes, at) * 100 + twoDigits(bytes, at + 2);

/** Whether the digits at `yyyy-mm-dd` are a date; in the first year, and on the last days of a month, one that surely is. */
function isDate(bytes: Uint8Array, at: number): boolean {
  const [month, day] = [twoDigits(bytes, at + 5), twoDigits(bytes, at + 8)];
  const isKnown = year(bytes, at) > 1 && month >= 1 && month <= 12 && day >= 1;
  return isKnown && (day <= 28 || (month !== 2 && day <= 30) || (day === 31 && longMonths.has(month)));
}
const longMonths: ReadonlySet<number> = new Set([1, 3, 5, 7, 8, 10, 12]);

const isTime = (bytes: Uint8Array, at: number): boolean =>
  twoDigits(bytes, at) <= 23 && twoDigits(bytes, at + 3) <= 59 && twoDigits(bytes, at + 6) <= 59;

/** 0 stands for a digit. */
const formOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text), (byte) => (byte === zero ? 0 : byte));
const dateTimeForm = formOf('0000-00-00T00:00:00');
const dateForm = formOf('0000-00-00');
const offsetForm = formOf('00:00');

function hasForm(bytes: Uint8Array, start: number, form: Uint8Array): boolean {
  for (let index = 0; index < form.length; index++) {
    const byte = bytes[start + index] ?? 0;
    const wanted = form[index];
    if (wanted === 0 ? byte < zero || byte >= colon : byte !== wanted) {
      return false;
    }
  }
  return true;
}

/** Whether the text stands there as a whole. */
export function standsAt(bytes: Uint8Array, start: number, text: Uint8Array): boolean {
  if (start + text.length > bytes.length) {
    return false;
  }
  for (let index = 0; index < text.length; index++) {
    if (bytes[start + index] !== text[index]) {
      return false;
    }
  }
  return true;
}

/** Where no space stands any more. */
export function spaceEnd(bytes: Uint8Array, start: number): number {
  let at = start;
  for (let byte = bytes[at]; byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09; ) {
    byte = bytes[++at];
  }
  return at;
}
