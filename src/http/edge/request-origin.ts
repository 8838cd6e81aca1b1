import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, isIPv4 } from 'node:net';
import { GatewayError } from '../../errors.ts';
import { addressedTarget, isLoopback } from './served-host.ts';

/** Proxies whose word is believed for where a request came from. */
export interface Proxies {
  has(address: string): boolean;
}

export const noProxies: Proxies = { has: () => false };

/** What an entry of TRUST_PROXY is: an address, or a network in CIDR form. */
export function isProxyEntry(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  const version = isIP(address);
  const longest = version === 4 ? 32 : 128;
  return (
    version !== 0 &&
    rest.length === 0 &&
    (prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= longest))
  );
}

const known = new WeakMap<readonly string[], Proxies>();

/** Of entries that are such. The same for the same list, so that it may be asked for with each request. */
export function proxiesOf(entries: readonly string[]): Proxies {
  if (entries.length === 0) {
    return noProxies;
  }
  const proxies = known.get(entries) ?? proxiesAmong(entries);
  known.set(entries, proxies);
  return proxies;
}

function proxiesAmong(entries: readonly string[]): Proxies {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', prefix] = entry.split('/');
    const family = isIPv4(address) ? 'ipv4' : 'ipv6';
    list.addSubnet(address, prefix === undefined ? (family === 'ipv4' ? 32 : 128) : Number(prefix), family);
  }
  return {
    has(address) {
      const version = isIP(address);
      return version !== 0 && list.check(address, version === 4 ? 'ipv4' : 'ipv6');
    },
  };
}

/** Where a request came from, and what it was addressed to. */
export interface RequestOrigin {
  /** IP address of the client, an IPv4 address as such; empty: the connection is gone. */
  readonly address: string;
  /** Absolute path and query. */
  readonly url: string;
  /** As the client named it; what only somebody else says is not believed. */
  readonly host: string | undefined;
  /** Whether the client has spoken TLS. */
  readonly secure: boolean;
  /** It came by a proxy that is believed. */
  readonly proxied: boolean;
}

/**
 * `X-Forwarded-For`, `-Host` and `-Proto` count where the peer is one of `proxies`, and of each that entry that the last believed proxy has written; of the
 * addresses the first, from the right, that is no such proxy.
 */
export function requestOrigin(message: IncomingMessage, proxies: Proxies): RequestOrigin {
  const { socket, headers } = message;
  const peer = bareAddress(socket.remoteAddress ?? '');
  const { url, host } = addressedTarget(message.url ?? '/', headers.host);
  const encrypted = 'encrypted' in socket && socket.encrypted === true;
  if (!proxies.has(peer)) {
    return { address: peer, url, host, secure: encrypted, proxied: false };
  }
  const [named] = entriesOf(headers['x-forwarded-host']).slice(-1);
  const [scheme] = entriesOf(headers['x-forwarded-proto']).slice(-1);
  return {
    address: clientBehind(peer, entriesOf(headers['x-forwarded-for']), proxies),
    url,
    host: named ?? host,
    secure: scheme === undefined ? encrypted : scheme.toLowerCase() === 'https',
    proxied: true,
  };
}

const entriesOf = (value: string | readonly string[] | undefined): readonly string[] =>
  [value ?? []].flat().flatMap((text) =>
    text
      .split(',')
      .map((entry) => entry.trim())
      .filter((entry) => entry !== ''),
  );

function clientBehind(peer: string, forwarded: readonly string[], proxies: Proxies): string {
  let address = peer;
  for (const entry of forwarded.toReversed()) {
    const next = bareAddress(entry.replace(/^\[(.*)\](?::\d+)?$|^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1$2'));
    // Whatever is no address was not written by a proxy.
    if (!proxies.has(address) || isIP(next) === 0) {
      break;
    }
    address = next;
  }
  return address;
}

/** An IPv4 address as such, also where it came over an IPv6 socket. */
const bareAddress = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');

/**
 * Links are made from the name that a request came by, where PUBLIC_URL does not say it. A name that a stranger made up must never stand in one: it is believed
 * of a proxy, or where it can only mean this machine. What is no name at all is refused where a link would be made of it. Throws GatewayError HostNotServed.
 */
export function checkLinkedHost({ host, proxied }: RequestOrigin, publicUrl: string | null): void {
  if (publicUrl !== null || proxied || host === undefined) {
    return;
  }
  const name = /^(.+?)(?::\d*)?$/.exec(host)?.[1] ?? '';
  if (/^[\w.-]+$|^\[[\da-f:.]+\]$/i.test(name) && !isLoopback(name)) {
    throw new GatewayError(
      'HostNotServed',
      `"${host.slice(0, 100)}" is not a name of this feed (Host): without PUBLIC_URL it knows only localhost and 127.0.0.1, and what a proxy of TRUST_PROXY says`,
      { target: 'Host' },
    );
  }
}
