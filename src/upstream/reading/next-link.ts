import { GatewayError } from '../../errors.ts';

/** Where a next link stands, and what it may count from. */
export interface LinkPlace {
  /** The service root that the gateway asks. */
  readonly root: URL;
  /** Address of the page that the link continues; null: it continues a collection inside of a row. */
  readonly page: URL | null;
  /** The context URL of the reply that holds it, as it came; null: there is none. */
  readonly context: string | null;
}

/**
 * The part of a next link below the upstream's service root. Relative links count from the context URL where there is one, else from
 * the address of the page that held them (OData JSON 4.0, 4.5.1); a query alone continues that page. Scheme and host of a
 * link are not looked at: feeds behind a proxy often write an inner host, and the gateway always asks the configured one. For the
 * same reason the path may begin with the service root as the context names it, in other case, or with more or less of a
 * path before it.
 * @throws GatewayError UpstreamRefused when the link leads out of the service root.
 */
export function linkBelowRoot(link: string, { root, page, context }: LinkPlace): string {
  const told = context !== null && URL.canParse(context, (page ?? root).href) ? new URL(context, page ?? root) : null;
  const ofPage = link.startsWith('?');
  const base = ofPage ? page : (told ?? page ?? root);
  if (base === null || !URL.canParse(link, base.href)) {
    throw outside(link);
  }
  const target = new URL(link, base);
  const roots = [root.pathname, ...(told === null ? [] : rootOfContext(told))];
  const path = ofPage ? root.pathname.length : lengthOfRoot(target.pathname, roots);
  const below = path === null ? samePath(target.pathname, root, page) : target.pathname.slice(path);
  // An encoded slash or dot segment could climb out again at the upstream.
  if (below === null || !/^https?:$/.test(target.protocol) || /(?:^|\/|%2f)(?:\.|%2e){1,2}(?:\/|%2f|$)/i.test(below)) {
    throw outside(link);
  }
  return `${below}${target.search}`;
}

/** Whether two addresses below the root are the same one, however they are spelled. */
export const addressKey = (pathAndQuery: string): string => {
  const [path = '', query = ''] = pathAndQuery.split(/\?(.*)/s);
  return `${decoded(path).toLowerCase()}?${query.split('&').map(decoded).sort().join('&')}`;
};

/** The service root that a context URL names: what stands before its `$metadata`. */
function rootOfContext({ pathname }: URL): readonly string[] {
  const [, root] = /^(.*\/)(?:\$|%24)metadata$/i.exec(pathname) ?? [];
  return root === undefined ? [] : [root];
}

/** Characters of the longest root that the path begins with, in whatever case; null: it begins with none. */
function lengthOfRoot(path: string, roots: readonly string[]): number | null {
  const lower = path.toLowerCase();
  const lengths = roots.filter((root) => lower.startsWith(root.toLowerCase())).map((root) => root.length);
  return lengths.length === 0 ? null : Math.max(...lengths);
}

/** The page's own path where the link names the same, and a proxy puts something before the root or takes it away. */
function samePath(path: string, root: URL, page: URL | null): string | null {
  const own = page?.pathname.slice(root.pathname.length) ?? '';
  const [theirs, ours] = [decoded(path).toLowerCase(), decoded(own).toLowerCase()];
  if (own === '' || !theirs.endsWith(`/${ours}`)) {
    return null;
  }
  const before = theirs.slice(0, -ours.length);
  const expected = decoded(root.pathname).toLowerCase();
  return before.endsWith(expected) || expected.endsWith(before) ? own : null;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A query, or what stands before a host, may hold what others sign in with. */
function outside(link: string): GatewayError {
  const shown = link.replace(/[?#].*$/s, '').replace(/\/\/.*@/s, '//');
  return new GatewayError(
    'UpstreamRefused',
    `The proxied feed names a next page outside of its service root: ${shown.slice(0, 200)}.`,
  );
}
