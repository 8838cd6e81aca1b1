import { GatewayError } from '../../errors.ts';

const malformed = /%(?![0-9A-Fa-f]{2})/;
const unstorable = /[\u0000\p{Surrogate}]/u;

/**
 * Percent-decodes one path segment, option name or option value, exactly once (RFC 3986, OData URL Conventions 2).
 * A raw `+` stays a plus sign: form encoding is no part of OData.
 *
 * @throws GatewayError `UriSyntax` for a `%` without two hexadecimal digits, bytes that are not UTF-8, U+0000, or half of a surrogate pair.
 */
export function percentDecode(text: string, target: string): string {
  if (!text.includes('%')) {
    return refuseUnstorable(text, target);
  }
  const wrong = malformed.exec(text);
  if (wrong !== null) {
    const found = text.slice(wrong.index, wrong.index + 3);
    throw new GatewayError(
      'UriSyntax',
      `${target}: '${found}' is not a percent-encoded byte; a percent sign is '%25'.`,
      {
        target,
        offset: wrong.index,
      },
    );
  }
  try {
    return refuseUnstorable(decodeURIComponent(text), target);
  } catch (error) {
    if (error instanceof GatewayError) {
      throw error;
    }
    throw new GatewayError('UriSyntax', `${target}: the percent-encoded bytes are not valid UTF-8.`, { target });
  }
}

/** What PostgreSQL text cannot hold: U+0000, and surrogates without their other half. Returns the text itself. */
export function refuseUnstorable(text: string, target: string): string {
  const found = unstorable.exec(text);
  if (found !== null) {
    const what = found[0] === '\u0000' ? 'the character U+0000' : 'half of a surrogate pair';
    throw new GatewayError('UriSyntax', `${target}: ${what} is not allowed.`, { target, offset: found.index });
  }
  return text;
}
