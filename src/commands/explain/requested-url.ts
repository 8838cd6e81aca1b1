import { GatewayError } from '../../errors.ts';
import { feedPath } from '../../http/exchange.ts';
import { checkLength, readTarget } from '../../http/request/request-target.ts';
import type { Values } from '../../observation/observe.ts';

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

/**
 * A position in a URL, as a person finds it: the part that was read, and a mark below the character. Where values are hidden,
 * each character of a text and each digit is a mark too, so that the position holds.
 */
export function positionLines(
  { target, offset }: GatewayError,
  { path, query }: RequestedUrl,
  values: Values,
): readonly string[] {
  if (offset === undefined) {
    return [];
  }
  const part = target?.startsWith('$') === true ? optionText(query, target) : decoded(path);
  if (part === null) {
    return [];
  }
  const name = target?.startsWith('$') === true ? target : 'the path';
  const shown = (values === 'shown' ? part : withoutTexts(part)).replaceAll('\n', ' ');
  return [`Position ${offset} of ${name}:`, `  ${shown}`, `  ${' '.repeat(offset)}^`];
}

/** Of the same length. A text without an end is hidden to the end of the part; digits in a name are no value. */
function withoutTexts(part: string): string {
  return part.replace(
    /(?<name>[A-Za-z_$@]\w*)|(?<quote>['"])[\s\S]*?(?:\k<quote>|$)|\d[\w.]*/g,
    (found: string, name: string | undefined) => name ?? found.replace(/[^'".]/g, '?'),
  );
}

/**
 * The error with marks for the texts in quotes and the numbers that the URL has: it names the value at fault to the client who
 * sent it.
 */
export function withoutValuesOf(error: GatewayError, { path, query }: RequestedUrl): GatewayError {
  const given = `${decoded(path)} ${decoded(query)}`;
  const texts = [...given.matchAll(/'((?:[^']|'')+)'|"([^"]+)"|(?<![\w$])(\d[\w.:-]*)/g)].map(
    ([, text, phrase, number]) => text ?? phrase ?? number ?? '',
  );
  const longestFirst = [...new Set(texts)].sort((one, other) => other.length - one.length);
  // A fault of syntax repeats what stands at its position, which begins and ends anywhere.
  const unquoted = error.message.replace(/found '[\s\S]*' at position/, "found '?' at position");
  const message = longestFirst.reduce((hidden, text) => hidden.replaceAll(`'${text}'`, `'?'`), unquoted);
  if (message === error.message) {
    return error;
  }
  const { code, feature } = error;
  if (code === 'NotImplemented') {
    return feature === undefined ? error : new GatewayError(code, message, { feature });
  }
  return new GatewayError(code, message);
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
