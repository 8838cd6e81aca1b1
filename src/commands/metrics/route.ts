/** What kinds of requests there are: few, whatever clients ask for. */
export type Route = 'service' | 'metadata' | 'batch' | 'async' | 'data' | 'elsewhere';

/** The kind of a logged path (`RequestRecord.path`). */
export function routeOf(path: string): Route {
  if (path.startsWith('/')) {
    return 'elsewhere';
  }
  switch (path) {
    case '':
      return 'service';
    case '$metadata':
      return 'metadata';
    case '$batch':
      return 'batch';
    case '~async':
      return 'async';
    default:
      return 'data';
  }
}
