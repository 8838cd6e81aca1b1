import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type FastifyInstance, fastify } from 'fastify';
import { GatewayError } from '../errors.ts';
import { answer } from './answer.ts';
import { errorReply } from './error-body.ts';
import { type Exchange, feedPath, headerText, openExchange } from './exchange.ts';
import type { Feed } from './feed.ts';
import { optionName } from './next-link.ts';
import { ClientGone } from './reply-sink.ts';

/** Longest request target taken, in characters. */
const longestTarget = 16 * 1024;
const jsonError = 'application/json;odata.metadata=minimal;charset=utf-8';

/**
 * The HTTP listener: everything under `/odata/` is the feed, nothing else exists. Every reply, errors included, has
 * exactly one `OData-Version: 4.0`. Call `listen` on the result; `close` lets running replies end.
 */
export function httpListener(feed: Feed): FastifyInstance {
  const app = fastify({
    logger: false,
    // One wildcard route; its parameter is not used, the URL is read as it came.
    routerOptions: { maxParamLength: longestTarget },
    bodyLimit: 1024 * 1024,
    keepAliveTimeout: 75_000,
    requestTimeout: 0,
    forceCloseConnections: 'idle',
    http: { maxHeaderSize: 64 * 1024 },
    clientErrorHandler: refuseUnreadable,
    frameworkErrors: (error, request, reply) => {
      reply.hijack();
      // A malformed percent sign only hinders routing: the parser says where it is.
      const fault = error.code === 'FST_ERR_BAD_URL' ? null : frameworkFault(error);
      serve(request.raw, reply.raw, { feed, body: null, fault });
    },
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_, body, done) => done(null, body));
  app.setNotFoundHandler((request, reply) => {
    reply.hijack();
    serve(request.raw, reply.raw, { feed, body: bodyText(request.body), fault: null });
  });
  app.setErrorHandler((error, request, reply) => {
    reply.hijack();
    serve(request.raw, reply.raw, { feed, body: null, fault: frameworkFault(error) });
  });
  app.all(`${feedPath}*`, (request, reply) => {
    reply.hijack();
    serve(request.raw, reply.raw, { feed, body: bodyText(request.body), fault: null });
  });
  return app;
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
  socket.end(
    `HTTP/1.1 ${status} ${reason}\r\nOData-Version: 4.0\r\nContent-Type: ${jsonError}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

interface Incoming {
  readonly feed: Feed;
  readonly body: string | null;
  readonly fault: GatewayError | null;
}

interface Target {
  readonly inFeed: boolean;
  readonly path: string;
  /** Without the key option. */
  readonly query: string;
  readonly key: string | undefined;
}

/** One request from first to last byte, with its line in the log. */
async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  { feed, body, fault }: Incoming,
): Promise<void> {
  const id = randomUUID();
  const started = performance.now();
  response.setHeader('OData-Version', '4.0');
  response.setHeader('X-Request-Id', id);
  const target = readTarget(request, feed.authentication.keyName);
  const presented = { authorization: request.headers.authorization, key: target.key };
  let exchange: Exchange | null = null;
  let user: string | null = null;
  let error: string | null = null;
  try {
    if (fault !== null) throw fault;
    if (!target.inFeed) throw new GatewayError('ResourceNotFound', `There is nothing here; the feed is at ${feedPath}`);
    checkLength(request);
    user = await feed.authentication.identify(presented);
    if (allowsOnly(request, response)) return;
    const whole = withBody(request, target, body);
    exchange = openExchange({ id, request, response, publicUrl: feed.settings.publicUrl, target: whole });
    await answer(exchange, feed);
  } catch (thrown) {
    error = settle(thrown, { id, feed, response, challenge: feed.authentication.challenge(presented) });
  } finally {
    feed.events.request({
      id,
      method: request.method ?? '',
      path: target.path,
      options: target.query === '' ? [] : target.query.split('&').map(optionName),
      status: error === 'ClientGone' ? 499 : response.statusCode,
      rows: exchange?.rows ?? null,
      milliseconds: Math.round(performance.now() - started),
      agent: request.headers['user-agent'] ?? '',
      user,
      error,
    });
  }
}

/** Splits the raw request target. The key option is taken out here, so that no link and no log can hold it. */
function readTarget(request: IncomingMessage, keyName: string): Target {
  const url = request.url ?? '/';
  const question = url.indexOf('?');
  const path = question < 0 ? url : url.slice(0, question);
  const parts = question < 0 ? [] : url.slice(question + 1).split('&');
  const isKey = (part: string): boolean => optionName(part).toLowerCase() === keyName.toLowerCase();
  const keyPart = parts.find(isKey);
  const key = keyPart === undefined ? headerText(request.headers[keyName.toLowerCase()]) : decoded(keyPart);
  const inFeed = path.startsWith(feedPath) || path === feedPath.slice(0, -1);
  return {
    inFeed,
    path: inFeed ? path.slice(feedPath.length) : path,
    query: parts.filter((part) => !isKey(part)).join('&'),
    key,
  };
}

function decoded(part: string): string {
  const value = part.slice(part.indexOf('=') + 1);
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

function checkLength(request: IncomingMessage): void {
  const length = request.url?.length ?? 0;
  if (length > longestTarget)
    throw new GatewayError('UrlTooLong', `The URL has ${length} characters; at most ${longestTarget} are taken`);
}

const readMethods = 'GET, HEAD, OPTIONS';

/** Handles OPTIONS and refuses writes; true when the reply is done. POST is for `$query` only. */
function allowsOnly(request: IncomingMessage, response: ServerResponse): boolean {
  const path = (request.url ?? '').split('?')[0] ?? '';
  const queried = path.endsWith('/$query');
  if (request.method === 'OPTIONS') {
    response.writeHead(204, { Allow: queried ? `${readMethods}, POST` : readMethods });
    response.end();
    return true;
  }
  if (request.method === 'GET' || request.method === 'HEAD') return false;
  if (request.method === 'POST' && queried) return false;
  if (request.method === 'POST' && path === `${feedPath}$batch`)
    throw new GatewayError('NotImplemented', '$batch is not supported yet');
  response.setHeader('Allow', readMethods);
  throw new GatewayError('MethodNotAllowed', `${request.method} is not allowed: this feed is read-only`);
}

/** `POST /Set/$query`: the body holds the query options as they would stand in the URL (Protocol 11.2.7 of 4.01). */
function withBody(request: IncomingMessage, target: Target, body: string | null): { path: string; query: string } {
  if (request.method !== 'POST') return target;
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'text/plain' && type !== 'application/x-www-form-urlencoded')
    throw new GatewayError('BadRequest', 'The body of POST /$query must be text/plain', { target: 'Content-Type' });
  const query = [target.query, (body ?? '').replace(/[\r\n]+$/, '')].filter((part) => part !== '').join('&');
  return { path: target.path.slice(0, -'/$query'.length), query };
}

interface Settling {
  readonly id: string;
  readonly feed: Feed;
  readonly response: ServerResponse;
  readonly challenge: string | null;
}

/**
 * After a fault: an error reply while nothing was sent; else the transfer is broken, since a well-formed body with rows
 * missing would be taken for the whole. Gives back the code for the log.
 */
function settle(thrown: unknown, { id, feed, response, challenge }: Settling): string {
  if (thrown instanceof ClientGone || (response.destroyed && !response.writableFinished)) {
    response.destroy();
    return 'ClientGone';
  }
  const reply = errorReply(thrown, id);
  if (reply.code === 'Internal' && thrown instanceof Error) feed.events.defect(id, thrown);
  if (response.headersSent) {
    feed.events.broken(id, reply.code);
    response.destroy();
    return reply.code;
  }
  if (reply.status === 401 && challenge !== null) response.setHeader('WWW-Authenticate', challenge);
  if (reply.retryAfter !== null) response.setHeader('Retry-After', String(reply.retryAfter));
  response.writeHead(reply.status, {
    'Content-Type': jsonError,
    'Content-Length': String(Buffer.byteLength(reply.body)),
    'Cache-Control': 'no-store',
  });
  response.end(reply.body);
  return reply.code;
}
