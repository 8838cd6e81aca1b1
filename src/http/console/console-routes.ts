import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { GatewayError } from '../../errors.ts';
import { admit, answerVisits, type Visit } from '../beside/beside-feed.ts';
import { headerText } from '../exchange.ts';
import type { Feed } from '../feed.ts';
import { matches } from '../reply/entity-tag.ts';
import { contentEncoding } from '../reply/reply-head.ts';
import { acceptsHtml } from '../request/accept.ts';
import { loggedPath } from '../request/logged-path.ts';
import { type ConsoleRequest, dataOf } from './console-data.ts';
import { consoleFiles, type SentFile } from './console-files.ts';
import { securityHeaders } from './console-headers.ts';
import type { ConsoleService } from './console-service.ts';

const consolePath = '/console/';
const dataPath = 'data/';
/** Shown in the log: nothing there is anybody's value. */
const ownPath = /^\/console\/(?:data\/(?:rejects\/)?[a-z]+|console-\w+\.\w+|icon\.svg)$/;

/** What the routes need of the feed. */
export type ConsoleFeed = Pick<Feed, 'catalogue' | 'grantsOf' | 'authentication' | 'settings' | 'observe' | 'readers'>;

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
      files ??= service.files().then((built) => consoleFiles(built, feed.authentication.ofBrowsers));
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
    answerVisits(routes, feed, {
      guarded: true,
      answer: (visit) => answer(visit, place),
      loggedPath: (path) => (ownPath.test(path) ? path : loggedPath(path, feed.catalogue().model)),
      errorHeaders: securityHeaders,
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

async function answer(visit: Visit, place: Place): Promise<void> {
  const { feed, service } = place;
  const { message, response, headers, origin, target } = visit;
  const name = target.path.startsWith(consolePath) ? target.path.slice(consolePath.length) : '';
  if (!name.startsWith(dataPath)) {
    sendFile(message, response, await fileNamed(name, message.method, { response, place }));
    return;
  }
  const principal = await admit(visit, feed);
  const { secure } = origin;
  const request: ConsoleRequest = { message, response, headers, secure, principal, name: name.slice(dataPath.length) };
  sendJson(message, response, await dataOf(request, feed, service));
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
    Vary: 'Accept, Accept-Encoding, Origin',
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
