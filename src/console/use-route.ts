import { useEffect, useState } from 'preact/hooks';
import { type Route, readRoute } from './route.ts';

/** The route as it is now. */
export function useRoute(): Route {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const changed = (): void => setHash(location.hash);
    addEventListener('hashchange', changed);
    return () => removeEventListener('hashchange', changed);
  }, []);
  return readRoute(hash);
}

/** The address changes while somebody works on a view; going back leaves the view. */
export function replaceRoute(hash: string): void {
  history.replaceState(null, '', hash);
  dispatchEvent(new HashChangeEvent('hashchange'));
}
