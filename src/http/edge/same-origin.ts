import type { IncomingHttpHeaders } from 'node:http';
import { GatewayError } from '../../errors.ts';

/**
 * Whether a request that changes something comes from the console itself: a browser sends credentials along for any page that asks. Each browser of today says
 * where a POST comes from (Fetch, "Origin" and "Sec-Fetch-Site"), and no page can send JSON elsewhere without asking first, which is never granted here.
 * `host`: the one that the request came by. Throws GatewayError OriginRefused, UnsupportedMediaType.
 */
export function checkSameOrigin(
  headers: IncomingHttpHeaders,
  host: string | undefined,
  publicUrl: string | null,
): void {
  checkOrigin(headers, host, publicUrl);
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json') {
    throw new GatewayError('UnsupportedMediaType', 'The body must be application/json', { target: 'Content-Type' });
  }
}

/** The same of a request whose body says nothing. Throws GatewayError OriginRefused. */
export function checkOrigin(headers: IncomingHttpHeaders, host: string | undefined, publicUrl: string | null): void {
  const { origin } = headers;
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin') {
    throw new GatewayError('OriginRefused', `The request comes from another page (Sec-Fetch-Site: ${text(site)})`);
  }
  if (origin === undefined) {
    throw new GatewayError('OriginRefused', 'The request does not say which page it comes from (Origin)');
  }
  if (!isOwn(origin, host, publicUrl)) {
    throw new GatewayError('OriginRefused', `The request comes from another page (Origin: ${text(origin)})`);
  }
}

const text = (value: string | readonly string[]): string => String(value).slice(0, 100);

/** Of PUBLIC_URL, or of the host that was asked, by whatever scheme a proxy in between is reached. */
function isOwn(origin: string, host: string | undefined, publicUrl: string | null): boolean {
  if (publicUrl !== null && origin === new URL(publicUrl).origin) {
    return true;
  }
  return host !== undefined && /^https?:\/\//.test(origin) && origin.replace(/^https?:\/\//, '') === host.toLowerCase();
}
