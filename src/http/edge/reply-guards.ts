import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Proxies, requestOrigin } from './request-origin.ts';

/**
 * What every reply has, whoever makes it: nobody guesses another type, frames it, runs something in it or sends its address on. A page that wants more says so
 * itself. What comes by TLS is to come by TLS from then on.
 */
const guards: readonly (readonly [name: string, value: string])[] = [
  ['X-Content-Type-Options', 'nosniff'],
  ['Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'"],
  ['Referrer-Policy', 'no-referrer'],
  ['Cross-Origin-Resource-Policy', 'same-origin'],
];
const staysSecure = ['Strict-Transport-Security', 'max-age=31536000'] as const;

/** The same as lines of a head that is written by hand. */
export const guardLines = Object.fromEntries(guards.slice(0, 1));

export interface GuardSettings {
  readonly proxies: Proxies;
  /** Origins, `https://reports.example.com`, whose pages may read the feed. */
  readonly corsOrigins: readonly string[];
  /** Name of the header that may carry a key. */
  readonly keyName: string;
}

const readable = [
  ...['OData-Version', 'ETag', 'Location', 'Retry-After', 'Preference-Applied', 'X-Request-Id', 'Content-Disposition'],
  ...['Link', 'Age', 'Server-Timing', 'WWW-Authenticate'],
].join(', ');
const sendable = [
  ...['Authorization', 'Accept', 'Content-Type', 'If-None-Match', 'Prefer', 'OData-Version', 'OData-MaxVersion'],
  ...['Cache-Control'],
];

/** Sets them; true where the request was a question of a browser (CORS preflight) and is answered. */
export function guardReply(message: IncomingMessage, response: ServerResponse, settings: GuardSettings): boolean {
  for (const [name, value] of guards) {
    response.setHeader(name, value);
  }
  if (requestOrigin(message, settings.proxies).secure) {
    response.setHeader(...staysSecure);
  }
  if (settings.corsOrigins.length > 0) {
    // Also where none is given: a cache must not hand this reply to a page. What says more of what it depends on has it, too.
    response.setHeader('Vary', 'Origin');
  }
  const { origin } = message.headers;
  if (origin === undefined || !settings.corsOrigins.includes(origin)) {
    return false;
  }
  response.setHeader('Access-Control-Allow-Origin', origin);
  response.setHeader('Access-Control-Expose-Headers', readable);
  response.setHeader('Cross-Origin-Resource-Policy', 'cross-origin');
  if (message.method !== 'OPTIONS' || message.headers['access-control-request-method'] === undefined) {
    return false;
  }
  response.writeHead(204, {
    'Access-Control-Allow-Methods': 'GET, HEAD, POST, DELETE',
    'Access-Control-Allow-Headers': [...sendable, settings.keyName].join(', '),
    'Access-Control-Max-Age': '600',
  });
  response.end();
  return true;
}
