/** What a Double or Single may be instead of a number (OData JSON 7.1, ABNF `nanInfinity`). */
const special: ReadonlySet<string> = new Set(['INF', '-INF', 'NaN']);

/**
 * Digits that readers of the .NET libraries turn into a number without loss: they read a number without an exponent as a
 * Decimal first, divide it by a power of ten and so arrive at another Double in one of ten cases of more than 15 digits.
 */
export const exactDigits = 15;

/** Powers of ten up to this one are Doubles themselves. */
const exactScale = 22;

/**
 * A Double or Single for JSON, from the digits of a JSON number: as it is, but with an exponent where it has more than 15 digits,
 * and never `-0`, which the .NET readers take for a whole number and make 0.
 */
export function realText(digits: string): string {
  if (digits.length <= exactDigits && digits !== '-0') {
    return digits;
  }
  if (digits === '-0') {
    return '-0.0';
  }
  if (/[eE]/.test(digits)) {
    return digits;
  }
  const significant = digits.replace(/^-?[0.]*/, '').replace('.', '').length;
  const scale = digits.includes('.') ? digits.length - digits.indexOf('.') - 1 : 0;
  return significant > exactDigits || scale > exactScale ? `${digits}E0` : digits;
}

/**
 * A Double in the spelling of .NET's `XmlConvert`, which its OData library has in keys: `1.0`, `1.5`, `1E+20`, `1E-07`.
 * A Single has no `.0`.
 */
export function keyReal(text: string, type: 'Edm.Double' | 'Edm.Single'): string {
  if (special.has(text)) {
    return text;
  }
  const value = Number(text);
  const [mantissa = '', power = '0'] = value.toExponential().split('e');
  const exponent = Number(power);
  const sign = Object.is(value, -0) ? '-' : '';
  if (exponent >= -5 && exponent < exactDigits) {
    const plain = exponent === -5 ? scientific(mantissa, exponent) : `${sign}${value}`;
    return type === 'Edm.Double' && /^-?\d+$/.test(plain) ? `${plain}.0` : plain;
  }
  return scientific(mantissa, exponent);
}

function scientific(mantissa: string, exponent: number): string {
  const power = String(Math.abs(exponent)).padStart(2, '0');
  return `${mantissa}E${exponent < 0 ? '-' : '+'}${power}`;
}
