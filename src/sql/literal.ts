import { paddedBase64 } from '../edm/base64-text.ts';
import type { PrimitiveTypeName } from '../edm/model.ts';
import { GatewayError } from '../errors.ts';
import type { Constant, ValueType } from '../plan/model/read-plan.ts';
import { sqlType } from './sql-type.ts';

/**
 * The only place where a value becomes SQL text. `escapeText` follows the rule of `pg`'s `escapeLiteral`: quotes and
 * backslashes doubled, `E''` when there is a backslash, so that it holds under either `standard_conforming_strings`.
 */

/** A text literal without a type. Throws GatewayError InvalidOption for the character U+0000, which PostgreSQL cannot hold. */
export function escapeText(text: string): string {
  if (text.includes('\0')) {
    throw new GatewayError('InvalidOption', 'The character U+0000 cannot be part of a value.');
  }
  const quoted = `'${text.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`;
  return text.includes('\\') ? ` E${quoted}` : quoted;
}

const forms: Partial<Record<ValueType, RegExp>> = {
  'Edm.Binary': /^[A-Za-z0-9_+/-]*={0,2}$/,
  'Edm.Boolean': /^(true|false)$/,
  'Edm.Byte': /^\d{1,3}$/,
  'Edm.Date': /^\d{4}-\d\d-\d\d$/,
  'Edm.DateTimeOffset': /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?Z$/,
  'Edm.Decimal': /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/,
  'Edm.Double': /^([+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|-?INF|NaN)$/,
  'Edm.Duration': /^[+-]?P(\d+D)?(T(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$/,
  'Edm.Guid': /^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/,
  'Edm.Int16': /^[+-]?\d{1,6}$/,
  'Edm.Int32': /^[+-]?\d{1,11}$/,
  'Edm.Int64': /^[+-]?\d{1,20}$/,
  'Edm.SByte': /^[+-]?\d{1,4}$/,
  'Edm.Single': /^([+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|-?INF|NaN)$/,
  'Edm.TimeOfDay': /^\d\d:\d\d(:\d\d(\.\d+)?)?$/,
};

const floats: Record<string, string> = { INF: 'Infinity', '-INF': '-Infinity' };

/** A typed SQL constant. Throws GatewayError InvalidOption when the text is not of the form that its type has. */
export function literal({ type, value }: Pick<Constant, 'type' | 'value'>): string {
  if (value === null) {
    return type === 'null' ? 'NULL' : `NULL::${sqlType(type)}`;
  }
  const form = forms[type];
  if (form !== undefined && !form.test(value)) {
    throw new GatewayError('InvalidOption', `A value of type ${type} is outside the range that this feed compares.`);
  }
  switch (type) {
    case 'null':
      return 'NULL';
    case 'Edm.Boolean':
      return value === 'true' ? 'TRUE' : 'FALSE';
    case 'Edm.Binary':
      return `decode(${escapeText(paddedBase64(value))}, 'base64')`;
    case 'Edm.Duration': {
      const text = inMicroseconds(value);
      return text.startsWith('-') ? `(-'${text.slice(1)}'::interval)` : `'${text.replace('+', '')}'::interval`;
    }
    case 'Edm.DateTimeOffset':
    case 'Edm.TimeOfDay':
      return `${escapeText(inMicroseconds(value))}::${sqlType(type)}`;
    case 'Edm.Double':
    case 'Edm.Single':
      return `${escapeText(floats[value] ?? value)}::${sqlType(type)}`;
    case 'Edm.String':
      return `${escapeText(value)}::text`;
    default:
      return `${escapeText(value)}::${sqlType(type)}`;
  }
}

/** PostgreSQL would round further digits, the end of a day into the next: they are cut, as they are of what is loaded. */
const inMicroseconds = (text: string): string => text.replace(/(\.\d{6})\d+/, '$1');

/** A value as COPY printed it (before escaping), typed again. PostgreSQL refuses text that is not of the type. */
export function copiedLiteral(text: string | null, type: PrimitiveTypeName): string {
  if (text === null) {
    return `NULL::${sqlType(type)}`;
  }
  return type === 'Edm.String' ? escapeText(text) : `${escapeText(text)}::${sqlType(type)}`;
}

/** A bare non-negative or negative integer of at most 64 bits. Throws GatewayError InvalidOption for anything else. */
export function integerLiteral(value: number | bigint | string): string {
  const text = String(value);
  if (!/^-?\d{1,19}$/.test(text)) {
    throw new GatewayError('InvalidOption', 'A whole number was expected.');
  }
  return text;
}
