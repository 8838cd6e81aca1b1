import type { IncomingHttpHeaders } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { GatewayError } from '../../errors.ts';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/**
 * Whether a name or an address, without a port, means this machine whatever a name server says: `localhost` and names
 * below it (RFC 6761, 6.3), 127.0.0.0/8 and ::1, in any spelling. An IPv6 address may stand in brackets.
 */
export function isLoopback(host: string): boolean {
  const name = bareName(host);
  const version = isIP(name);
  if (version === 0) {
    return name === 'localhost' || name.endsWith('.localhost');
  }
  // An IPv4 address has one spelling, which is looked at with each request.
  return version === 4 ? name.startsWith('127.') : loopback.check(name, 'ipv6');
}

/** Lower case, without the brackets of an IPv6 address and the dot of the root domain. */
function bareName(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/(?<=[^.])\.$/, '');
}

/** `host` and an optional port (RFC 3986, 3.2.2), nothing that could break out of a URL. */
const authority = /^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{0,5})?$/;

/**
 * Who is answered without credentials: whoever asks for this machine, or for the host of PUBLIC_URL. Any other name leads
 * here because a name server says so, and a web page of that name could read all rows (DNS rebinding). What a proxy
 * says that it was asked for counts as the Host header does. Throws GatewayError HostNotServed.
 */
export function checkServedHost(headers: IncomingHttpHeaders, publicUrl: string | null): void {
  const own = publicUrl === null ? null : bareName(new URL(publicUrl).hostname);
  for (const { header, host } of hostsAskedFor(headers)) {
    const name = authority.exec(host)?.[1];
    if (name !== undefined && (isLoopback(name) || bareName(name) === own)) {
      continue;
    }
    const asked = host === '' ? `The request names no host` : `"${host.slice(0, 100)}" is not a name of this feed`;
    throw new GatewayError(
      'HostNotServed',
      `${asked} (${header}); without authentication only ${names(own)} answered`,
      {
        target: header,
      },
    );
  }
}

const names = (own: string | null): string =>
  own === null || isLoopback(own) ? 'localhost and 127.0.0.1 are' : `localhost, 127.0.0.1 and ${own} are`;

function hostsAskedFor(headers: IncomingHttpHeaders): readonly { readonly header: string; readonly host: string }[] {
  const values = (name: string): readonly string[] => [headers[name] ?? []].flat().flatMap((text) => text.split(','));
  const forwarded = values('forwarded').flatMap((text) =>
    [...text.matchAll(/(?:^|;)\s*host\s*=\s*(?:"([^"]*)"|([^;\s]*))/gi)].map((found) => found[1] ?? found[2] ?? ''),
  );
  const named = (header: string, hosts: readonly string[]) => hosts.map((host) => ({ header, host: host.trim() }));
  return [
    ...named('Host', [headers.host ?? '']),
    ...['X-Forwarded-Host', 'X-Original-Host'].flatMap((header) => named(header, values(header.toLowerCase()))),
    ...named('Forwarded', forwarded),
  ];
}

/** A request target with the host that it is for. */
export interface AddressedTarget {
  /** Absolute path and query. */
  readonly url: string;
  readonly host: string | undefined;
}

/**
 * The absolute form of a target, `GET http://host/path`, names the host itself, and the Host header does not count
 * (RFC 9112, 3.2.2: every server must take it). Any other target is left as it is.
 */
export function addressedTarget(url: string, host: string | undefined): AddressedTarget {
  const [, named, rest = ''] = /^https?:\/\/([^/?#]*)(.*)$/i.exec(url) ?? [];
  if (named === undefined) {
    return { url, host };
  }
  return { url: rest.startsWith('/') ? rest : `/${rest}`, host: named };
}
