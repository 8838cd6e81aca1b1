import type { Values } from '../../observation/observe.ts';

/**
 * The address of a request to a proxied feed, for people. Without values it has the names of its options alone, and marks for keys.
 * Credentials are never there: neither those before the host, nor options of no OData name (a feed may take its key in one), nor
 * the feed's own position of a page.
 */
export function urlText(url: URL, values: Values): string {
  const path = values === 'shown' ? url.pathname : url.pathname.replace(keys, '(?)');
  const query = url.search
    .slice(1)
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => (values === 'shown' && isShowable(pair) ? pair : `${nameOf(pair)}=?`));
  return `${url.origin}${path}${query.length === 0 ? '' : `?${query.join('&')}`}`;
}

/** Brackets with keys in them, whose texts may hold brackets too; what has no end is hidden to the end of the path. */
const keys = /\((?:(?:'|%27)(?:(?!'|%27).|(?:'|%27){2})*(?:'|%27)|[^'()])*\)|\(.*$/gi;

const nameOf = (pair: string): string => pair.split('=', 1)[0] ?? '';

/** Values are read from OData's own options alone. */
function isShowable(pair: string): boolean {
  const name = nameOf(pair).replace(/^%24/, '$');
  return name.startsWith('$') && !/token$/i.test(name);
}
