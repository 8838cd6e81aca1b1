import type { IncomingHttpHeaders } from 'node:http';

/** What one request carries to sign in with, and from where. */
export interface Presented {
  /** The Authorization header. */
  readonly authorization: string | undefined;
  /** The key header or the key query option. */
  readonly key: string | undefined;
  /** IP address of the client. */
  readonly address: string;
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
}

/** The Authorization header, taken apart (RFC 9110, 11.6.2). */
export interface Authorization {
  /** Small letters; empty: there is none. */
  readonly scheme: string;
  /** What follows it, without blanks around. */
  readonly text: string;
}

export function readAuthorization(header: string | undefined): Authorization {
  const [, scheme = '', text = ''] = /^\s*(\S+)(?:\s+(.*?))?\s*$/s.exec(header ?? '') ?? [];
  return { scheme: scheme.toLowerCase(), text };
}

/** User and password of Basic authentication (RFC 7617, 2), as UTF-8; null: the text is no such pair. */
export function readPair(text: string): { readonly name: string; readonly password: string } | null {
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(text)) {
    return null;
  }
  const pair = Buffer.from(text, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  return colon < 0 ? null : { name: pair.slice(0, colon), password: pair.slice(colon + 1) };
}
