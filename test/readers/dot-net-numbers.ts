/**
 * How the JSON readers of Microsoft.OData.Core 6.15 to 8.4 turn the digits of a JSON number into a Double: whole numbers of 32
 * bits first, then Decimal, which takes no exponent, then Double (`JsonReader.ParseNumberPrimitiveValue`). Throws for what their
 * Decimal does not hold exactly; no text of the gateway may be such.
 */
export function readByDotNet(digits: string): number {
  if (/^-?\d+$/.test(digits) && BigInt.asIntN(32, BigInt(digits)) === BigInt(digits)) {
    return Number(BigInt(digits));
  }
  return /[eE]/.test(digits) ? Number(digits) : doubleOfDecimal(digits);
}

/** .NET's conversion of a Decimal: 64 low and 32 high bits, divided by a power of ten as a Double, each step rounded. */
function doubleOfDecimal(digits: string): number {
  const negative = digits.startsWith('-');
  const [whole = '', fraction = ''] = digits.replace('-', '').split('.');
  const mantissa = BigInt(whole + fraction);
  if (mantissa >= 1n << 96n || fraction.length > 28) {
    throw new RangeError(`${digits} is no Decimal`);
  }
  const low = Number(mantissa & 0xffff_ffff_ffff_ffffn);
  const size = (low + Number(mantissa >> 64n) * 2 ** 64) / Number(`1e${fraction.length}`);
  return negative ? -size : size;
}

/** Of the same bits, so that -0 is not 0. */
export const sameNumber = (one: number, other: number): boolean => Object.is(one, other);
