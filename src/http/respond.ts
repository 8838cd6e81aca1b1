import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { GatewayError } from '../errors.ts';
import type { RequestRecord } from '../observation/events/http.ts';
import type { Principal } from '../sign-in/principal.ts';
import { settleQuery } from '../uri/parse-uri.ts';
import { answer } from './answer.ts';
import { type SeenSets, seenSets } from './async/seen-sets.ts';
import { keptRequest } from './async/shared-requests.ts';
import { monitorToken, type StatusMonitors } from './async/status-monitors.ts';
import { type AuditRecord, clientOf, cutAgent } from './audit/audit-record.ts';
import { auditedQuery } from './audit/audited-query.ts';
import { answerBatch } from './batch/answer-batch.ts';
import type { ReaderTurn } from './edge/reader-limits.ts';
import { checkLinkedHost, type RequestOrigin } from './edge/request-origin.ts';
import { checkServedHost } from './edge/served-host.ts';
import { type Exchange, feedPath, openExchange } from './exchange.ts';
import type { Feed } from './feed.ts';
import { serviceLimits } from './limits.ts';
import { BrokenReply } from './reply/captured-reply.ts';
import { errorReply } from './reply/error-body.ts';
import type { ReplyTarget } from './reply/reply-target.ts';
import { sendError } from './reply/send-error.ts';
import { ClientGone } from './request/client-gone.ts';
import { loggedOption, loggedPath } from './request/logged-path.ts';
import { checkLength, readTarget, type Target, withBody } from './request/request-target.ts';

/** One request, from a connection or out of another request. */
export interface FeedRequest {
  readonly method: string;
  /** Absolute path and query as they came, with the key option. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** IP address of the client. */
  readonly address: string;
  /** Where it came from over a connection, itself or the one that it came in. */
  readonly origin: RequestOrigin;
  /** Bytes that its connection has been given since it came; absent: it has none of its own. */
  readonly sent?: () => number;
  readonly body: string | null;
  /** A body that comes over a connection, not read yet; absent: `body` is all. */
  readonly incoming?: IncomingBody;
  /** Found before the request came here: it is only told. */
  readonly fault: GatewayError | null;
  /** Set for a request that came inside another one, whose credentials hold for it; null: by itself. */
  readonly within: Within | null;
}

export interface IncomingBody {
  /** Whether all of it came with the head of the request, unread or not. */
  arrived(): Promise<boolean>;
  /** Throws GatewayError LimitExceeded, ClientGone. */
  read(): Promise<string>;
}

export interface Within {
  readonly kind: 'batch' | 'async';
  readonly principal: Principal | null;
  /** See `Reading.caller`. */
  readonly caller: string | null;
}

/** What outlives a request. */
export interface Serving {
  readonly feed: Feed;
  readonly monitors: StatusMonitors;
}

/**
 * One request from first to last byte, with its line in the log. Never throws: a fault becomes an error reply, or breaks
 * the transfer once bytes were sent. Batch and asynchronous requests come through here again for what they hold.
 */
export async function respond(request: FeedRequest, response: ReplyTarget, serving: Serving): Promise<void> {
  const { feed } = serving;
  const id = randomUUID();
  const started = performance.now();
  response.setHeader('OData-Version', '4.0');
  response.setHeader('X-Request-Id', id);
  const target = readTarget(request.url, request.headers, feed.authentication.keyName);
  const { method, headers, address } = request;
  const presented = { authorization: headers.authorization, key: target.key, method, headers, address };
  let exchange: Exchange | null = null;
  let principal: Principal | null = null;
  let error: string | null = null;
  let turn: ReaderTurn | null = null;
  try {
    if (feed.authentication.open && request.within === null) {
      checkServedHost(request.headers, feed.settings.publicUrl);
    }
    checkLinkedHost(request.origin, feed.settings.publicUrl);
    if (request.fault !== null) {
      throw request.fault;
    }
    if (startPageAnswered(request, response)) {
      return;
    }
    if (!target.inFeed) {
      throw new GatewayError('ResourceNotFound', `There is nothing here; the feed is at ${feedPath}`);
    }
    if (request.within === null) {
      checkLength(request.url);
    }
    principal = request.within === null ? await feed.authentication.identify(presented) : request.within.principal;
    turn = await turnOf(request, principal, feed);
    if (optionsAnswered(request, target, response)) {
      return;
    }
    const { publicUrl, limits = serviceLimits } = feed.settings;
    // Nobody's body is read before it is known who sends it.
    const body = request.method === 'POST' ? await request.incoming?.read() : undefined;
    const taken = body === undefined ? request : { ...request, body };
    const { path, query } = withBody(taken, target);
    // Settled once, so that links repeat what was understood.
    const settled = { path, query: settleQuery(query, limits.uri) };
    const caller = request.within === null ? callerOf(request.headers.authorization, feed) : request.within.caller;
    exchange = openExchange({ id, request, response, principal, caller, publicUrl, limits, target: settled });
    await route(taken, exchange, { serving, principal });
  } catch (thrown) {
    // Whatever of the body is still to come is not waited for.
    const arrived = (await request.incoming?.arrived()) ?? true;
    if (!arrived && !response.headersSent) {
      response.setHeader('Connection', 'close');
    }
    error = settle(thrown, { id, feed, response, challenge: feed.authentication.challenge(presented) });
  } finally {
    turn?.leave(exchange?.rows ?? 0);
    const answered = {
      id,
      ...{ method: request.method, rows: exchange?.rows ?? null, error },
      // The token of a status monitor is a secret.
      path: monitorToken(target.path) === null ? loggedPath(target.path, feed.catalogue().model) : '~async',
      status: error === 'ClientGone' ? 499 : response.statusCode,
      milliseconds: Math.round(performance.now() - started),
      agent: request.headers['user-agent'] ?? '',
    };
    feed.audit?.(auditOf(answered, { request, principal, query: exchange?.query ?? target.query, feed }));
    feed.observe({
      event: 'request',
      ...answered,
      options: target.query === '' ? [] : target.query.split('&').map(loggedOption),
      fromCache: exchange?.fromCache ?? false,
      user: principal?.name ?? null,
    });
  }
}

type Answered = Pick<RequestRecord, 'id' | 'method' | 'path' | 'status' | 'rows' | 'milliseconds' | 'agent' | 'error'>;

interface Asked {
  readonly request: FeedRequest;
  readonly principal: Principal | null;
  readonly query: string;
  readonly feed: Feed;
}

function auditOf(answered: Answered, { request, principal, query, feed }: Asked): AuditRecord {
  const { id, method, path, status, rows, milliseconds, agent, error } = answered;
  return {
    requestId: id,
    at: new Date(Date.now() - milliseconds).toISOString(),
    ...{ principal: principal?.id ?? null, name: principal?.name ?? null, address: request.address },
    ...{ method: method.slice(0, 20), path: path.slice(0, 1000), query: auditedQuery(query, feed.catalogue().model) },
    ...{ status, errorCode: error, rows, milliseconds },
    bytes: request.within === null ? (request.sent?.() ?? null) : null,
    ...{ client: clientOf(agent), agent: cutAgent(agent) },
  };
}

/** What is asked for inside of a batch counts as if it came by itself. Throws GatewayError TooManyRequests. */
function turnOf(
  { address, url, within }: FeedRequest,
  principal: Principal | null,
  { readers }: Feed,
): Promise<ReaderTurn> | null {
  return readers?.enter({ principal: principal?.id ?? null, address, url, part: within?.kind ?? null }) ?? null;
}

/** A bearer token is the caller's own for a feed only where the gateway takes none itself: else it is for us, and goes nowhere. */
function callerOf(authorization: string | undefined, { authentication }: Feed): string | null {
  const [, token] = /^\s*Bearer\s+([\w.~+/-]+=*)\s*$/i.exec(authentication.signsIn ? '' : (authorization ?? '')) ?? [];
  return token === undefined ? null : `Bearer ${token}`;
}

/** Rows that somebody's own token was needed for do not lie on a disk until they are fetched. */
function mayBeKept({ caller }: Exchange, feed: Feed): boolean {
  const passes = (): boolean =>
    [...feed.catalogue().sources.values()].some(({ upstream }) => upstream?.signIn.kind === 'caller');
  return caller === null || !passes();
}

interface Place {
  readonly serving: Serving;
  readonly principal: Principal | null;
}

async function route(request: FeedRequest, exchange: Exchange, { serving, principal }: Place): Promise<void> {
  const token = monitorToken(exchange.path);
  if (token !== null) {
    // As who asks for it: with the rights that he has now.
    return serving.monitors.reply(token, exchange, {
      seen: () => seenBy(principal, serving.feed),
      askAnew: ({ seen: _, ...kept }, reply) =>
        respond(
          {
            ...kept,
            address: request.address,
            origin: request.origin,
            fault: null,
            within: { kind: 'async', principal, caller: null },
          },
          reply,
          serving,
        ),
    });
  }
  if (
    exchange.prefer.respondAsync &&
    !serving.monitors.isClosing &&
    mayBeKept(exchange, serving.feed) &&
    request.within === null &&
    request.method !== 'HEAD'
  ) {
    // Kept as it is: how it is encoded is agreed with whoever fetches it.
    const headers = { ...request.headers, 'accept-encoding': undefined };
    const later: FeedRequest = {
      ...withoutIncoming(request),
      headers,
      within: { kind: 'async', principal, caller: exchange.caller },
    };
    const seen = seenBy(principal, serving.feed);
    return serving.monitors.start(exchange, {
      owner: principal?.id ?? null,
      seen,
      holder: principal?.id ?? request.address,
      request: keptRequest(later, {
        url: withoutKey(later, serving.feed),
        keyName: serving.feed.authentication.keyName,
        seen,
      }),
      run: (reply) => respond(later, reply, serving),
    });
  }
  if (exchange.path !== '$batch') {
    return answer(exchange, serving.feed);
  }
  if (request.within?.kind === 'batch') {
    throw new GatewayError('BadRequest', 'A batch cannot hold another batch');
  }
  return answerBatch(exchange, {
    body: request.body ?? '',
    run: (inner, reply) =>
      respond(
        {
          ...inner,
          address: request.address,
          origin: request.origin,
          fault: null,
          within: { kind: 'batch', principal, caller: exchange.caller },
        },
        reply,
        serving,
      ),
  });
}

/** Throws GatewayError AccessDenied. */
function seenBy(principal: Principal | null, feed: Feed): SeenSets {
  const catalogue = feed.catalogue();
  return seenSets(catalogue.model, feed.grantsOf(principal, catalogue));
}

/**
 * Who opens the server's address alone, and does not ask for HTML (`console/`), is sent to the feed; true when the reply is done. The reference is relative, so
 * that it holds behind a proxy with a path of its own.
 */
function startPageAnswered({ method, url, within }: FeedRequest, response: ReplyTarget): boolean {
  if (within !== null || url.split('?', 1)[0] !== '/' || (method !== 'GET' && method !== 'HEAD')) {
    return false;
  }
  const headers = {
    Location: feedPath.slice(1),
    'Content-Length': '0',
    'Cache-Control': 'no-cache',
    Vary: 'Accept, Origin',
  };
  response.writeHead(302, headers);
  response.end();
  return true;
}

/** Absolute path and query, without the key. */
function withoutKey({ url, headers }: FeedRequest, { authentication }: Feed): string {
  const { path, query } = readTarget(url, headers, authentication.keyName);
  return `${feedPath}${path}${query === '' ? '' : `?${query}`}`;
}

/** Its body was read. */
function withoutIncoming({ incoming: _, ...request }: FeedRequest): FeedRequest {
  return request;
}

const readMethods = ['GET', 'HEAD', 'OPTIONS'];

function allowed(path: string): readonly string[] {
  if (path === '$batch') {
    return ['POST', 'OPTIONS'];
  }
  if (monitorToken(path) !== null) {
    return [...readMethods, 'DELETE'];
  }
  return path.endsWith('/$query') ? [...readMethods, 'POST'] : readMethods;
}

/** Handles OPTIONS and refuses what would write; true when the reply is done. POST is for `$query` and `$batch` only. */
function optionsAnswered({ method }: FeedRequest, { path }: Target, response: ReplyTarget): boolean {
  const methods = allowed(path);
  if (method === 'OPTIONS') {
    response.writeHead(204, { Allow: methods.join(', ') });
    response.end();
    return true;
  }
  if (methods.includes(method)) {
    return false;
  }
  response.setHeader('Allow', methods.join(', '));
  const why = path === '$batch' ? 'a batch is sent with POST' : 'this feed is read-only';
  throw new GatewayError('MethodNotAllowed', `${method} is not allowed: ${why}`);
}

interface Settling {
  readonly id: string;
  readonly feed: Feed;
  readonly response: ReplyTarget;
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
  if (thrown instanceof BrokenReply) {
    feed.observe({ event: 'request-broken', id, reason: thrown.name });
    response.destroy();
    return thrown.name;
  }
  const reply = errorReply(thrown, id);
  if (reply.code === 'Internal' && thrown instanceof Error) {
    feed.observe({ event: 'defect', id, error: thrown });
  }
  if (response.headersSent) {
    feed.observe({ event: 'request-broken', id, reason: reply.code });
    response.destroy();
    return reply.code;
  }
  sendError(reply, response, { challenge });
  return reply.code;
}
