import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { GatewayError } from '../errors.ts';
import { statusMonitors } from './async/status-monitors.ts';
import { ConnectionTurns } from './edge/connection-turns.ts';
import { longBodies } from './edge/long-bodies.ts';
import { guardLines, guardReply } from './edge/reply-guards.ts';
import { proxiesOf, requestOrigin } from './edge/request-origin.ts';
import { connectionEvent, failedHandshake, type TlsIdentity, webServer } from './edge/server.ts';
import { StalledReaders } from './edge/stalled-readers.ts';
import { feedPath } from './exchange.ts';
import type { Feed } from './feed.ts';
import { serviceLimits } from './limits.ts';
import { errorHeaders, errorReply } from './reply/error-body.ts';
import { readBody } from './request/request-body.ts';
import { longestTarget } from './request/request-target.ts';
import { type FeedRequest, type IncomingBody, respond } from './respond.ts';

/**
 * The HTTP listener: everything under `/odata/` is the feed, and nothing else exists but for plugins that the caller
 * registers. Every reply of the feed, errors included, has exactly one `OData-Version: 4.0`. Call `listen` on the result;
 * `close` lets running replies end. Once `isLeaving` says so, each reply asks its client to come back over another connection, which whoever is
 * in front may lead elsewhere.
 */
export function httpListener(
  feed: Feed,
  tls: TlsIdentity | null = null,
  isLeaving: () => boolean = () => false,
): FastifyInstance {
  const { trustProxy = [], corsOrigins = [] } = feed.settings;
  const proxies = proxiesOf(trustProxy);
  const guarding = { proxies, corsOrigins, keyName: feed.authentication.keyName };
  const limits = feed.settings.limits ?? serviceLimits;
  const monitors = statusMonitors(limits, feed.asyncRequests ?? null);
  feed.onForgetting?.(async () => {
    feed.replies?.forgetAll();
    await monitors.forgetAll();
  });
  const turns = new ConnectionTurns();
  const serve = (message: IncomingMessage, response: ServerResponse, fault: GatewayError | null): void => {
    const origin = requestOrigin(message, proxies);
    const before = message.socket.bytesWritten;
    const { url, host, address } = origin;
    const headers = host === message.headers.host ? message.headers : { ...message.headers, host };
    const request: FeedRequest = {
      method: message.method ?? '',
      url,
      headers,
      origin,
      address,
      sent: () => message.socket.bytesWritten - before,
      body: null,
      incoming: incomingBody(message, response, limits.bodyBytes),
      fault: hostFault(message) ?? fault,
      within: null,
    };
    turns.run(message.socket, response, () => respond(request, response, { feed, monitors }));
  };
  const app = fastify({
    logger: false,
    // One wildcard route; its parameter is not used, the URL is read as it came.
    routerOptions: { maxParamLength: longestTarget },
    forceCloseConnections: 'idle',
    // What comes over a connection that was open before is answered as well as what was being answered.
    return503OnClosing: false,
    serverFactory: (handler) =>
      webServer(
        {
          keepAliveTimeout: 75_000,
          requestTimeout: limits.transfer.request,
          maxHeaderSize: 64 * 1024,
          // A request without Host is refused below, as OData.
          requireHostHeader: false,
          // Node does not look at the time of the whole where that of the headers is longer.
          headersTimeout: limits.transfer.request,
          connectionsCheckingInterval: limits.transfer.look,
        },
        tls,
        (message, response) => {
          response.shouldKeepAlive &&= !isLeaving();
          if (!guardReply(message, response, guarding)) {
            handler(message, response);
          }
        },
      ),
    clientErrorHandler: (error, socket) => {
      if (failedHandshake(error, socket)) {
        return void socket.destroy();
      }
      if (error.code !== 'ERR_HTTP_REQUEST_TIMEOUT' || !longBodies.has(socket)) {
        refuseUnreadable(error, socket, turns.begun(socket));
      }
    },
    frameworkErrors: (error, request, reply) => {
      reply.hijack();
      serve(request.raw, reply.raw, unroutable(error, request.raw.url ?? ''));
    },
  });
  const take = (request: FastifyRequest, reply: FastifyReply): void => {
    reply.hijack();
    serve(request.raw, reply.raw, null);
  };
  // Before anything of the body is read. What nobody registered is refused by the feed, as OData.
  app.addHook('onRequest', async (request, reply) => {
    if (request.is404) {
      take(request, reply);
    }
  });
  // A plugin, so that what is registered beside it keeps Fastify's own replies, parsers and hooks.
  app.register(async (routes) => {
    routes.addHook('onRequest', async (request, reply) => take(request, reply));
    routes.all(`${feedPath}*`, (_, reply) => reply);
  });
  // Methods that the framework does not route come here.
  app.setErrorHandler((error, request, reply) => {
    reply.hijack();
    serve(request.raw, reply.raw, frameworkFault(error));
  });
  // The body is asked for when it is read: by whoever took the request up, or before the framework reads it for a plugin.
  app.server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    if (!guardReply(request, response, guarding)) {
      app.routing(request, response);
    }
  });
  app.addHook('preParsing', async (request, reply, body) => {
    if (request.headers.expect !== undefined) {
      reply.raw.writeContinue();
    }
    return body;
  });
  app.server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    guardReply(request, response, guarding);
    serve(request, response, new GatewayError('BadRequest', 'Of the Expect header only 100-continue is understood'));
  });
  const stalled = new StalledReaders(limits.transfer.stalled);
  app.server.on(connectionEvent(tls), (socket: Socket) => stalled.add(socket));
  const looking = setInterval(() => stalled.look(), limits.transfer.look);
  looking.unref();
  app.server.once('close', () => clearInterval(looking));
  // Operations that run without a connection end with the listener, which waits for their replies that are being sent.
  let ended: Promise<void> = Promise.resolve();
  app.addHook('preClose', async () => {
    ended = monitors.close();
    ended.catch(() => {});
  });
  app.addHook('onClose', () => ended);
  app.addHook('preClose', async () => releaseConnections(app.server));
  return app;
}

/** HTTP/1.1 asks for one Host header; of several nobody knows which one another reader takes (RFC 9112, 3.2). */
function hostFault({ headersDistinct, httpVersion }: IncomingMessage): GatewayError | null {
  const { length } = headersDistinct['host'] ?? [];
  if (length === 1 || (length === 0 && httpVersion === '1.0')) {
    return null;
  }
  const message = length === 0 ? 'The request has no Host header' : 'The request has more than one Host header';
  return new GatewayError('BadRequest', message, { target: 'Host' });
}

/** While the listener closes: a connection whose reply ends only now would be kept for its client's next request. */
function releaseConnections(server: Server): void {
  const idle = setInterval(() => server.closeIdleConnections(), 100);
  server.once('close', () => clearInterval(idle));
}

/** A message without these headers has no body (RFC 9112, 6.3). */
function incomingBody(message: IncomingMessage, response: ServerResponse, longest: number): IncomingBody {
  const { 'content-length': length, 'transfer-encoding': coding, expect } = message.headers;
  const none = coding === undefined && (length === undefined || length === '0');
  return {
    async arrived() {
      // The parser hands over the head before it looks at what came with it.
      if (!none && !message.complete) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      return none || message.complete;
    },
    read: () => {
      if (expect !== undefined) {
        response.writeContinue();
      }
      return readBody(message, longest);
    },
  };
}

/** A malformed percent sign only hinders routing: in the feed, the parser says where it is. */
function unroutable(error: { readonly code?: string }, url: string): GatewayError | null {
  if (error.code !== 'FST_ERR_BAD_URL') {
    return frameworkFault(error);
  }
  const message = "The address is not percent-encoded UTF-8: write '%25' for a percent sign, '%C3%A9' for 'é'";
  return url.startsWith(feedPath) ? null : new GatewayError('BadRequest', message);
}

function frameworkFault(error: unknown): GatewayError {
  const status = typeof error === 'object' && error !== null && 'statusCode' in error ? error.statusCode : 500;
  if (status === 500) {
    return new GatewayError('Internal', 'The request could not be taken up', { cause: error });
  }
  return new GatewayError('BadRequest', 'The request cannot be read');
}

/** Answers bytes that are no HTTP request, and requests that do not come to their end. `begun`: a reply is being sent. */
function refuseUnreadable(error: Error & { code?: string }, socket: Socket, begun: boolean): void {
  if (error.code === 'ECONNRESET' || !socket.writable || begun) {
    return void socket.destroy();
  }
  const [fault, statusLine] = unreadable(error.code);
  const { body } = errorReply(fault, '-');
  const headers = {
    'OData-Version': '4.0',
    ...guardLines,
    ...errorHeaders,
    'Content-Length': Buffer.byteLength(body),
    Connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  // A client that goes on sending is not listened to any more.
  socket.end(`HTTP/1.1 ${statusLine}\r\n${lines.join('')}\r\n${body}`, () => socket.destroySoon());
}

const unencodedAddress =
  "The address is not one that HTTP can carry: write a blank as '%20', and letters beyond ASCII percent-encoded in UTF-8 ('%C3%A9' for 'é')";

function unreadable(code: string | undefined): readonly [fault: GatewayError, statusLine: string] {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return [
        new GatewayError('UrlTooLong', 'The request line and headers are longer than 64 KiB'),
        '414 URI Too Long',
      ];
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return [new GatewayError('BadRequest', 'The request did not come to its end in time'), '408 Request Timeout'];
    // A blank ends the address, so that what follows it is read as the version.
    case 'HPE_INVALID_URL':
    case 'HPE_INVALID_CONSTANT':
      return [new GatewayError('BadRequest', unencodedAddress), '400 Bad Request'];
    default:
      return [new GatewayError('BadRequest', 'This is not an HTTP request'), '400 Bad Request'];
  }
}
