import type { IncomingMessage } from 'node:http';

/** IP address of the client: an IPv4 address as such, also where it came over an IPv6 socket. Empty: the connection is gone. */
export function clientAddress({ socket }: IncomingMessage): string {
  return (socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/i, '');
}
