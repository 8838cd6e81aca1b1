import { GatewayError } from '../../errors.ts';
import { feedPath } from '../../http/exchange.ts';
import { checkLength, readTarget } from '../../http/request-target.ts';

/** What a URL asks for: below the feed root, percent-encoded, without a key. */
export interface RequestedUrl {
  readonly path: string;
  readonly query: string;
}

/**
 * Reads a URL as somebody has it at hand: absolute, from `/odata/`, or from the name of a set; blanks and letters need not be
 * encoded. A key in it (`keyName`) is left out. Throws GatewayError ResourceNotFound where an absolute URL is not below a feed
 * root, and UrlTooLong.
 */
export function requestedUrl(text: string, keyName: string): RequestedUrl {
  const encoded = text.trim().replace(/[^\x21-\x7e]/gu, encodeURIComponent);
  checkLength(encoded);
  const { inFeed, path, query } = readTarget(belowHost(encoded), {}, keyName);
  if (!inFeed) {
    throw new GatewayError('ResourceNotFound', `This URL is not below ${feedPath}, where the feed is`);
  }
  return { path, query };
}

/** The path from the feed root on: behind a proxy, a path of its own may stand before it. */
function belowHost(url: string): string {
  const absolute = /^https?:\/\/[^/?#]*/i.exec(url);
  const path = absolute === null ? url : url.slice(absolute[0].length);
  if (absolute === null && !path.startsWith('/')) {
    return `${feedPath}${path}`;
  }
  const [before = ''] = path.split('?', 1);
  const root = before.indexOf(feedPath);
  return root < 0 ? path : path.slice(root);
}

/** A position in a URL, as a person finds it: the part that was read, and a mark below the character. */
export function positionLines({ target, offset }: GatewayError, { path, query }: RequestedUrl): readonly string[] {
  if (offset === undefined) {
    return [];
  }
  const part = target?.startsWith('$') === true ? optionText(query, target) : decoded(path);
  if (part === null) {
    return [];
  }
  const name = target?.startsWith('$') === true ? target : 'the path';
  return [`Position ${offset} of ${name}:`, `  ${part.replaceAll('\n', ' ')}`, `  ${' '.repeat(offset)}^`];
}

function optionText(query: string, name: string): string | null {
  for (const pair of query.split('&')) {
    const [option = '', ...value] = pair.split('=');
    const given = decoded(option).toLowerCase();
    if (given === name.toLowerCase() || `$${given}` === name.toLowerCase()) {
      return decoded(value.join('='));
    }
  }
  return null;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
