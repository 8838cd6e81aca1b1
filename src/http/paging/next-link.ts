import type { PageEnd } from '../../source/data-source.ts';
import { trimmedName } from '../../uri/options/disguised-name.ts';
import type { Exchange } from '../exchange.ts';
import { tokenWithInstant } from './page-instant.ts';

/** System options that the token replaces: they held for the first page. */
const replaced = /^\$?(skiptoken|deltatoken|skip|top)$/i;

type LinkedRequest = Pick<Exchange, 'root' | 'path' | 'query' | 'instant'>;

/** The links at the end of a page; null: the page has no such link. */
export interface PageLinks {
  readonly nextLink: string | null;
  readonly deltaLink: string | null;
}

/** The links that the tokens of a page's end stand in. */
export function pageLinks(
  request: LinkedRequest,
  { skipToken, deltaToken }: Pick<PageEnd, 'skipToken' | 'deltaToken'>,
): PageLinks {
  const changes = deltaToken === null ? null : `$deltatoken=${encodeURIComponent(deltaToken)}`;
  if (skipToken !== null) {
    const next = nextLink(request, skipToken);
    return { nextLink: changes === null ? next : `${next}&${changes}`, deltaLink: null };
  }
  return { nextLink: null, deltaLink: changes === null ? null : deltaLink(request, changes) };
}

/** The `Link` header (RFC 8288) of a page whose format has no place for a link; null: it is the last one. */
export function linkHeader(request: LinkedRequest, { skipToken }: Pick<PageEnd, 'skipToken'>): string | null {
  if (skipToken === null) {
    return null;
  }
  // What a header or the brackets around the link cannot hold: of a query as it came, in the bytes that it came in.
  const url = nextLink(request, skipToken).replace(
    /[^\x21-\x7e]|[<>"]/g,
    (character) => `%${character.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()}`,
  );
  return `<${url}>; rel="next"`;
}

/** The URL of the next page: the same request, `$skip`, `$top` and an older token replaced by the token (Protocol 11.2.6.7). */
function nextLink({ root, path, query, instant }: LinkedRequest, token: string): string {
  const whole = encodeURIComponent(tokenWithInstant(token, instant));
  return `${root}${path.replace(/\/\$query$/, '')}?${[...keptOptions(query), `$skiptoken=${whole}`].join('&')}`;
}

/** The URL under which the changes since this reply can be asked for (Protocol 11.3). */
function deltaLink({ root, path, query }: LinkedRequest, changes: string): string {
  return `${root}${path}?${[...keptOptions(query), changes].join('&')}`;
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
