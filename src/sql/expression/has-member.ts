import type { Enumeration } from '../../edm/model.ts';
import { escapeText, integerLiteral } from '../literal.ts';

/**
 * Whether all bits of `wanted` are set in a text that names members of the enumeration, with commas between them (4.01 URL Conventions
 * 5.1.1.1.11): NULL where the text is. Feeds write bits without a name as a number.
 */
export function hasMember(text: string, enumeration: Enumeration, wanted: string): string {
  const bits = integerLiteral(wanted.split(',').reduce((sum, part) => sum | bitsOf(enumeration, part.trim()), 0n));
  const named = [...enumeration.members].map(([name, value]) => `WHEN ${escapeText(name)} THEN ${bigint(value)}`);
  const number = `CASE WHEN btrim(part) ~ '^[+-]?[0-9]{1,18}$' THEN btrim(part)::bigint END`;
  const each = `CASE btrim(part) ${named.join(' ')} ELSE ${number} END`;
  return `((SELECT bit_or(${each}) FROM unnest(string_to_array(${text}, ',')) AS part) & ${bits}) = ${bits}`;
}

const bitsOf = ({ members }: Enumeration, part: string): bigint =>
  members.get(part) ?? (/^[+-]?\d{1,19}$/.test(part) ? BigInt(part) : 0n);

const bigint = (value: bigint): string => `${integerLiteral(value)}::bigint`;
