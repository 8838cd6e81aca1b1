import type { IncomingHttpHeaders } from 'node:http';
import { GatewayError } from '../../errors.ts';
import { feedPath, headerText } from '../exchange.ts';
import { optionName } from '../paging/next-link.ts';

/** Longest request target taken, in characters. */
export const longestTarget = 16 * 1024;

/** A request target, split. */
export interface Target {
  readonly inFeed: boolean;
  /** Below the feed root where it is in the feed, still percent-encoded. */
  readonly path: string;
  /** Without the key option. */
  readonly query: string;
  readonly key: string | undefined;
}

/** Splits the raw request target. The key option is taken out here, so that no link and no log can hold it. */
export function readTarget(url: string, headers: IncomingHttpHeaders, keyName: string): Target {
  const question = url.indexOf('?');
  const path = question < 0 ? url : url.slice(0, question);
  const parts = question < 0 ? [] : url.slice(question + 1).split('&');
  const isKey = (part: string): boolean => optionName(part).toLowerCase() === keyName.toLowerCase();
  const keyPart = parts.find(isKey);
  const key = keyPart === undefined ? headerText(headers[keyName.toLowerCase()]) : decoded(keyPart);
  const inFeed = path.startsWith(feedPath) || path === feedPath.slice(0, -1);
  return {
    inFeed,
    path: inFeed ? path.slice(feedPath.length) : path,
    query: parts.filter((part) => !isKey(part)).join('&'),
    key,
  };
}

function decoded(part: string): string {
  const value = part.slice(part.indexOf('=') + 1);
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

/** Throws GatewayError UrlTooLong. */
export function checkLength(url: string): void {
  if (url.length > longestTarget) {
    throw new GatewayError('UrlTooLong', `The URL has ${url.length} characters; at most ${longestTarget} are taken`);
  }
}

/** `POST /Set/$query`: the body holds the query options as they would stand in the URL (Protocol 11.2.7 of 4.01). */
export function withBody(
  request: { readonly method: string; readonly headers: IncomingHttpHeaders; readonly body: string | null },
  target: Target,
): { path: string; query: string } {
  if (request.method !== 'POST' || !target.path.endsWith('$query')) {
    return target;
  }
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'text/plain' && type !== 'application/x-www-form-urlencoded') {
    throw new GatewayError('UnsupportedMediaType', 'The body of POST /$query must be text/plain', {
      target: 'Content-Type',
    });
  }
  const body = (request.body ?? '').replace(/[\r\n]+$/, '');
  // Many send this type without meaning it: whoever writes blanks as they are has not encoded a form.
  const form = type !== 'text/plain' && !/%20|\s/.test(body);
  const query = [target.query, form ? body.replaceAll('+', '%20') : body].filter((part) => part !== '').join('&');
  return { path: target.path.replace(/\/?\$query$/, ''), query };
}
