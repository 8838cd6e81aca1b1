import { GatewayError } from '../../errors.ts';
import { type Exchange, feedPath } from '../exchange.ts';

/**
 * The URL of a request of a batch as an absolute path (Protocol 11.7.7.1): absolute with this feed's host, an absolute
 * path, or relative to the service root. Throws GatewayError BadRequest for another host's.
 */
export function innerUrl(url: string, { root, headers }: Pick<Exchange, 'root' | 'headers'>): string {
  if (url.startsWith('/')) {
    return behindPrefix(url, root);
  }
  if (!/^https?:\/\//i.test(url)) {
    return `${feedPath}${url}`;
  }
  if (url.startsWith(root)) {
    return `${feedPath}${url.slice(root.length)}`;
  }
  const [, host = '', rest = ''] = /^https?:\/\/([^/?#]*)(.*)$/i.exec(url) ?? [];
  const hosts = [new URL(root).host, headers.host ?? ''].map((name) => name.toLowerCase());
  if (!hosts.includes(host.toLowerCase())) {
    throw new GatewayError('BadRequest', 'The URL of the request is another service’s', { target: 'url' });
  }
  return behindPrefix(rest, root);
}

/** A proxy may serve the feed below a path of its own, which only the public address tells. */
function behindPrefix(path: string, root: string): string {
  const prefix = new URL(root).pathname;
  return path.startsWith(prefix) ? `${feedPath}${path.slice(prefix.length)}` : path;
}
