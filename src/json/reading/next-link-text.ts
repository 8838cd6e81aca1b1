import { broken, stringValue } from './json-scan.ts';

/**
 * The link in the raw value of a `nextLink`; null where there is none: it is absent, null, or empty, as some feeds say that
 * there is no more. Anything else than text is no end: rows would be lost.
 * @throws GatewayError UpstreamRefused
 */
export function nextLinkText(raw: string | undefined): string | null {
  const link = raw === undefined || raw === 'null' ? '' : stringValue(raw);
  if (link === null) {
    throw broken('a next link is no text');
  }
  return link === '' ? null : link;
}
