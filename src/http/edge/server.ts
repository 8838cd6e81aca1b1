import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { SecureContextOptions } from 'node:tls';

export type Handler = (message: IncomingMessage, response: ServerResponse) => void;

/** Certificate and key of the listener, which may change while it listens. */
export interface TlsIdentity {
  now(): SecureContextOptions;
  /** Calls back with each later one, until `stop`. */
  follow(changed: (context: SecureContextOptions) => void): { stop(): void };
}

/** Versions before TLS 1.2 are not spoken (RFC 8996). */
const oldest = 'TLSv1.2';

/** A server of HTTP/1.1, over TLS where there is an identity. */
export function webServer(options: ServerOptions, tls: TlsIdentity | null, handler: Handler): Server {
  if (tls === null) {
    return createServer(options, handler);
  }
  const server = createTlsServer({ ...options, ...tls.now(), minVersion: oldest }, handler);
  // Connections that are open stay as they are.
  const following = tls.follow((context) => server.setSecureContext({ ...context, minVersion: oldest }));
  server.once('close', () => following.stop());
  return server;
}

/** The name of the event that gives the sockets that requests come over. */
export const connectionEvent = (tls: TlsIdentity | null): 'connection' | 'secureConnection' =>
  tls === null ? 'connection' : 'secureConnection';

/** Whether a connection failed before anything was said: there is nobody to answer in HTTP. */
export const failedHandshake = (error: { readonly code?: string }, socket: Socket): boolean =>
  'encrypted' in socket && /^ERR_(SSL|TLS)_|^EPROTO$/.test(error.code ?? '');
