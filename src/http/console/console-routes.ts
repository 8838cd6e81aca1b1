import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { GatewayError } from '../../errors.ts';
import type { Principal } from '../../sign-in/principal.ts';
import { acceptsHtml } from '../accept.ts';
import { checkLinkedHost, proxiesOf, requestOrigin } from '../edge/request-origin.ts';
import { matches } from '../entity-tag.ts';
import { errorHeaders, errorReply } from '../error-body.ts';
import { headerText } from '../exchange.ts';
import type { Feed } from '../feed.ts';
import { loggedOption, loggedPath } from '../logged-path.ts';
import { contentEncoding } from '../reply-head.ts';
import { ClientGone } from '../reply-sink.ts';
import { readTarget } from '../request-target.ts';
import { checkServedHost } from '../served-host.ts';
import { type ConsoleRequest, dataOf } from './console-data.ts';
import { consoleFiles, type SentFile } from './console-files.ts';
import { securityHeaders } from './console-headers.ts';
import type { ConsoleService } from './console-service.ts';

const consolePath = '/console/';
const dataPath = 'data/';
/** Shown in the log: nothing there is anybody's value. */
const ownPath = /^\/console\/(?:data\/(?:rejects\/)?[a-z]+|console-\w+\.\w+|icon\.svg)$/;

/** What the routes need of the feed. */
export type ConsoleFeed = Pick<Feed, 'catalogue' | 'grantsOf' | 'authentication' | 'settings' | 'observe'>;

/**
 * The console: `/` for whoever asks for HTML (everybody else is sent to the feed, as before), its script and stylesheet below `/console/`, and below
 * `/console/data/` what the feed does not have. The page and its files are the same for all and hold nothing of the feed, so everybody gets them, and whoever is not
 * signed in is told so by the page; all data is asked for as the feed's is.
 */
export function consoleRoutes(app: FastifyInstance, feed: ConsoleFeed, service: ConsoleService): void {
  let files: Promise<ReadonlyMap<string, SentFile>> | null = null;
  const place: Place = {
    feed,
    service,
    files: () => {
      files ??= service.files().then(consoleFiles);
      return files;
    },
  };
  app.addConstraintStrategy({
    name: 'form',
    storage: () => {
      const kept = new Map<unknown, RouteHandler>();
      return {
        get: (form) => kept.get(form) ?? null,
        set: (form, handler) => void kept.set(form, handler),
      };
    },
    deriveConstraint: ({ headers }) => (acceptsHtml(headers.accept) ? 'html' : undefined),
    validate: () => {},
    mustMatchWhenDerived: false,
  });
  app.register(async (routes) => {
    // As for the feed: before the framework looks at the body.
    routes.addHook('onRequest', async (request, reply) => {
      reply.hijack();
      await answer(request.raw, reply.raw, place);
    });
    routes.get('/', { constraints: { form: 'html' } }, (_, reply) => reply);
    routes.all(`${consolePath}*`, (_, reply) => reply);
  });
}

type Strategy = Parameters<FastifyInstance['addConstraintStrategy']>[0];
type RouteHandler = Parameters<ReturnType<Strategy['storage']>['set']>[1];

interface Place {
  readonly feed: ConsoleFeed;
  readonly service: ConsoleService;
  files(): Promise<ReadonlyMap<string, SentFile>>;
}

/** One request from first to last byte, with its line in the log. */
async function answer(message: IncomingMessage, response: ServerResponse, place: Place): Promise<void> {
  const { feed, service } = place;
  const id = randomUUID();
  const started = performance.now();
  const origin = requestOrigin(message, proxiesOf(feed.settings.trustProxy ?? []));
  const { url, host, secure } = origin;
  const headers = { ...message.headers, host };
  const target = readTarget(url, headers, feed.authentication.keyName);
  const presented = {
    ...{ authorization: headers.authorization, key: target.key, headers },
    ...{ method: message.method ?? '', address: origin.address },
  };
  let principal: Principal | null = null;
  let error: string | null = null;
  try {
    if (feed.authentication.open) {
      checkServedHost(headers, feed.settings.publicUrl);
    }
    checkLinkedHost(origin, feed.settings.publicUrl);
    const name = target.path.startsWith(consolePath) ? target.path.slice(consolePath.length) : '';
    if (!name.startsWith(dataPath)) {
      sendFile(message, response, await fileNamed(name, message.method, { response, place }));
      return;
    }
    principal = await feed.authentication.identify(presented);
    const request: ConsoleRequest = {
      message,
      response,
      headers,
      secure,
      principal,
      name: name.slice(dataPath.length),
    };
    sendJson(message, response, await dataOf(request, feed, service));
  } catch (thrown) {
    error = refuse(thrown, message, response, { id, challenge: feed.authentication.challenge(presented) });
    if (error === 'Internal' && thrown instanceof Error) {
      feed.observe({ event: 'defect', id, error: thrown });
    }
  } finally {
    feed.observe({
      event: 'request',
      id,
      method: message.method ?? '',
      path: ownPath.test(target.path) ? target.path : loggedPath(target.path, feed.catalogue().model),
      options: target.query === '' ? [] : target.query.split('&').map(loggedOption),
      status: error === 'ClientGone' ? 499 : response.statusCode,
      rows: null,
      fromCache: false,
      milliseconds: Math.round(performance.now() - started),
      agent: message.headers['user-agent'] ?? '',
      user: principal?.name ?? null,
      error,
    });
  }
}

async function fileNamed(
  name: string,
  method: string | undefined,
  { response, place }: { readonly response: ServerResponse; readonly place: Place },
): Promise<SentFile> {
  if (method !== 'GET' && method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    throw new GatewayError('MethodNotAllowed', `${method} is not allowed: files are read with GET`);
  }
  const file = (await place.files()).get(name);
  if (file === undefined) {
    throw new GatewayError('ResourceNotFound', 'The console has no such file: open its page again, at /');
  }
  return file;
}

function sendFile(message: IncomingMessage, response: ServerResponse, file: SentFile): void {
  const encoding = contentEncoding({ headers: message.headers }) === 'gzip' ? 'gzip' : 'identity';
  const tag = `"${file.tag}${encoding === 'gzip' ? '-gzip' : ''}"`;
  const headers = {
    ...securityHeaders,
    ETag: tag,
    // The page names the files of the program that runs; these never change.
    'Cache-Control': file.lasting ? 'public, max-age=31536000, immutable' : 'no-cache',
    Vary: 'Accept, Accept-Encoding',
  };
  if (matches(headerText(message.headers['if-none-match']), tag)) {
    response.writeHead(304, headers);
    return void response.end();
  }
  const body = encoding === 'gzip' ? file.gzip : file.plain;
  response.writeHead(200, {
    ...headers,
    'Content-Type': file.contentType,
    'Content-Length': String(body.length),
    ...(encoding === 'gzip' ? { 'Content-Encoding': 'gzip' } : {}),
  });
  response.end(message.method === 'HEAD' ? undefined : body);
}

function sendJson(message: IncomingMessage, response: ServerResponse, data: object): void {
  const body = JSON.stringify(data);
  response.writeHead(200, {
    ...securityHeaders,
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': String(Buffer.byteLength(body)),
    'Cache-Control': 'private, no-store',
  });
  response.end(message.method === 'HEAD' ? undefined : body);
}

/** Gives the code of the error. */
function refuse(
  thrown: unknown,
  message: IncomingMessage,
  response: ServerResponse,
  { id, challenge }: { readonly id: string; readonly challenge: string | null },
): string {
  if (thrown instanceof ClientGone) {
    response.destroy();
    return 'ClientGone';
  }
  const reply = errorReply(thrown, id);
  const asked = thrown instanceof GatewayError ? (thrown.challenge ?? challenge) : challenge;
  if (reply.status === 401 && asked !== null) {
    response.setHeader('WWW-Authenticate', asked);
  }
  const { 'content-length': length, 'transfer-encoding': coding } = message.headers;
  if (!message.complete && (coding !== undefined || (length !== undefined && length !== '0'))) {
    // Whatever of the body is still to come is not waited for.
    response.setHeader('Connection', 'close');
  }
  if (reply.retryAfter !== null) {
    response.setHeader('Retry-After', String(reply.retryAfter));
  }
  response.writeHead(reply.status, {
    ...securityHeaders,
    ...errorHeaders,
    'Content-Length': String(Buffer.byteLength(reply.body)),
  });
  response.end(message.method === 'HEAD' ? undefined : reply.body);
  return reply.code;
}
