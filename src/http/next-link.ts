import { trimmedName } from '../uri/options/disguised-name.ts';
import type { Exchange } from './exchange.ts';
import { tokenWithInstant } from './page-instant.ts';

/** System options that the token replaces: they held for the first page. */
const replaced = /^\$?(skiptoken|deltatoken|skip|top)$/i;

/** The URL of the next page: the same request, `$skip`, `$top` and an older token replaced by the token (Protocol 11.2.6.7). */
export function nextLink(exchange: Pick<Exchange, 'root' | 'path' | 'query' | 'instant'>, token: string): string {
  const path = exchange.path.replace(/\/\$query$/, '');
  const whole = encodeURIComponent(tokenWithInstant(token, exchange.instant));
  return `${exchange.root}${path}?${[...keptOptions(exchange.query), `$skiptoken=${whole}`].join('&')}`;
}

/** The URL under which the changes since this reply can be asked for (Protocol 11.3). */
export function deltaLink(exchange: Pick<Exchange, 'root' | 'path' | 'query'>, token: string): string {
  return `${exchange.root}${exchange.path}?${[...keptOptions(exchange.query), `$deltatoken=${encodeURIComponent(token)}`].join('&')}`;
}

function keptOptions(query: string): readonly string[] {
  return query.split('&').filter((part) => part !== '' && !replaced.test(optionName(part)));
}

/** The decoded name, without blanks around it, of one `name=value` part of a query. */
export function optionName(part: string): string {
  const equals = part.indexOf('=');
  const name = equals < 0 ? part : part.slice(0, equals);
  try {
    return trimmedName(decodeURIComponent(name));
  } catch {
    return name;
  }
}
