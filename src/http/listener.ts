import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type FastifyInstance, fastify } from 'fastify';
import { GatewayError } from '../errors.ts';
import { statusMonitors } from './async/status-monitors.ts';
import { errorHeaders, errorReply } from './error-body.ts';
import { feedPath } from './exchange.ts';
import type { Feed } from './feed.ts';
import { serviceLimits } from './limits.ts';
import { longestTarget } from './request-target.ts';
import { respond } from './respond.ts';
import { addressedTarget } from './served-host.ts';

/**
 * The HTTP listener: everything under `/odata/` is the feed, nothing else exists. Every reply, errors included, has
 * exactly one `OData-Version: 4.0`. Call `listen` on the result; `close` lets running replies end.
 */
export function httpListener(feed: Feed): FastifyInstance {
  const monitors = statusMonitors(feed.settings.limits ?? serviceLimits);
  const serve = (message: IncomingMessage, response: ServerResponse, incoming: Incoming): Promise<void> => {
    const { url, host } = addressedTarget(message.url ?? '/', message.headers.host);
    const headers = host === message.headers.host ? message.headers : { ...message.headers, host };
    const request = { method: message.method ?? '', url, headers };
    const fault = hostFault(message) ?? incoming.fault;
    return respond({ ...request, ...incoming, fault, within: null }, response, { feed, monitors });
  };
  const app = fastify({
    logger: false,
    // One wildcard route; its parameter is not used, the URL is read as it came.
    routerOptions: { maxParamLength: longestTarget },
    bodyLimit: serviceLimits.bodyBytes,
    keepAliveTimeout: 75_000,
    requestTimeout: 0,
    forceCloseConnections: 'idle',
    // A request without Host is refused below, as OData.
    http: { maxHeaderSize: 64 * 1024, requireHostHeader: false },
    clientErrorHandler: refuseUnreadable,
    frameworkErrors: (error, request, reply) => {
      reply.hijack();
      // A malformed percent sign only hinders routing: the parser says where it is.
      const fault = error.code === 'FST_ERR_BAD_URL' ? null : frameworkFault(error);
      serve(request.raw, reply.raw, { body: null, fault });
    },
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_, body, done) => done(null, body));
  app.setNotFoundHandler((request, reply) => {
    reply.hijack();
    serve(request.raw, reply.raw, { body: bodyText(request.body), fault: null });
  });
  app.setErrorHandler((error, request, reply) => {
    reply.hijack();
    serve(request.raw, reply.raw, { body: null, fault: frameworkFault(error) });
  });
  app.all(`${feedPath}*`, (request, reply) => {
    reply.hijack();
    serve(request.raw, reply.raw, { body: bodyText(request.body), fault: null });
  });
  app.server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    const fault = new GatewayError('BadRequest', 'Of the Expect header only 100-continue is understood');
    serve(request, response, { body: null, fault });
  });
  // Operations that run without a connection end with the listener.
  app.addHook('preClose', () => monitors.close());
  app.addHook('preClose', async () => releaseConnections(app.server));
  return app;
}

/** HTTP/1.1 asks for one Host header; of several nobody knows which one another reader takes (RFC 9112, 3.2). */
function hostFault({ headersDistinct, httpVersion }: IncomingMessage): GatewayError | null {
  const { length } = headersDistinct['host'] ?? [];
  if (length === 1 || (length === 0 && httpVersion === '1.0')) return null;
  const message = length === 0 ? 'The request has no Host header' : 'The request has more than one Host header';
  return new GatewayError('BadRequest', message, { target: 'Host' });
}

/** While the listener closes: a connection whose reply ends only now would be kept for its client's next request. */
function releaseConnections(server: Server): void {
  const idle = setInterval(() => server.closeIdleConnections(), 100);
  server.once('close', () => clearInterval(idle));
}

const bodyText = (body: unknown): string | null => (typeof body === 'string' ? body : null);

function frameworkFault(error: unknown): GatewayError {
  const status = typeof error === 'object' && error !== null && 'statusCode' in error ? error.statusCode : 500;
  if (status === 413) return new GatewayError('LimitExceeded', 'The body of the request is larger than 1 MiB');
  if (status === 500) return new GatewayError('Internal', 'The request could not be taken up', { cause: error });
  return new GatewayError('BadRequest', 'The request cannot be read');
}

/** Answers bytes that are no HTTP request. */
function refuseUnreadable(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const tooLong = error.code === 'HPE_HEADER_OVERFLOW';
  const fault = tooLong
    ? new GatewayError('UrlTooLong', 'The request line and headers are longer than 64 KiB')
    : new GatewayError('BadRequest', 'This is not an HTTP request');
  const { status, body } = errorReply(fault, '-');
  const reason = tooLong ? 'URI Too Long' : 'Bad Request';
  const headers = {
    'OData-Version': '4.0',
    ...errorHeaders,
    'Content-Length': Buffer.byteLength(body),
    Connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${reason}\r\n${lines.join('')}\r\n${body}`);
}

interface Incoming {
  readonly body: string | null;
  readonly fault: GatewayError | null;
}
