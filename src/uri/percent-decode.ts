import { GatewayError } from '../errors.ts';

const malformed = /%(?![0-9A-Fa-f]{2})/;

/**
 * Percent-decodes one path segment, option name or option value, exactly once (RFC 3986, OData URL Conventions 2).
 * A raw `+` stays a plus sign: form encoding is no part of OData.
 *
 * @throws GatewayError `UriSyntax` for a `%` without two hexadecimal digits, bytes that are not UTF-8, or a NUL.
 */
export function percentDecode(text: string, target: string): string {
  if (!text.includes('%')) {
    return refuseNul(text, target);
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
    return refuseNul(decodeURIComponent(text), target);
  } catch (error) {
    if (error instanceof GatewayError) {
      throw error;
    }
    throw new GatewayError('UriSyntax', `${target}: the percent-encoded bytes are not valid UTF-8.`, { target });
  }
}

/** PostgreSQL text cannot hold U+0000, and no name or value of a feed contains it. */
function refuseNul(text: string, target: string): string {
  const offset = text.indexOf('\u0000');
  if (offset >= 0) {
    throw new GatewayError('UriSyntax', `${target}: the character U+0000 is not allowed.`, { target, offset });
  }
  return text;
}
