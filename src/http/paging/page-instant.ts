import type { ODataUri } from '../../uri/syntax.ts';

/**
 * `now()` is one instant for all pages of a read: that of the first page. The instant travels behind a point at the end of
 * the page token, in milliseconds to the base 36; tokens themselves are base64url and have no point. Otherwise a condition or an
 * order by `now()` would mean something else on each page: rows lost, told twice, or pages without an end.
 */
export const tokenWithInstant = (token: string, instant: string | null): string =>
  instant === null ? token : `${token}.${new Date(instant).getTime().toString(36)}`;

const instantBehindToken = /^(.*)\.([0-9a-z]{1,9})$/s;

/** The request with the plain token, and the instant that stood behind it, ISO 8601 in UTC; null: none did. */
export function splitInstant(uri: ODataUri): { readonly uri: ODataUri; readonly instant: string | null } {
  const match = instantBehindToken.exec(uri.options.skiptoken ?? '');
  if (match === null) {
    return { uri, instant: null };
  }
  const [, skiptoken = '', milliseconds = ''] = match;
  const instant = Number.parseInt(milliseconds, 36);
  return { uri: { ...uri, options: { ...uri.options, skiptoken } }, instant: new Date(instant).toISOString() };
}
