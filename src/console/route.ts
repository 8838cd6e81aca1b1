/** What the address says behind its `#`: relative to nothing, so that it holds wherever the page lies. */
export interface Route {
  /** Segments, decoded. */
  readonly path: readonly string[];
  /** Behind the question mark, as it stands there. */
  readonly query: string;
}

export function readRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#?\/?/, '').split(/\?(.*)/s, 2);
  return {
    path: path
      .split('/')
      .filter((part) => part !== '')
      .map(decoded),
    query,
  };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** `query`: as it is to stand there; empty: none. */
export const hashOf = (path: readonly string[], query = ''): string =>
  `#/${path.map(encodeURIComponent).join('/')}${query === '' ? '' : `?${query}`}`;
