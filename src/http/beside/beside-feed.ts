import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import type { Principal } from '../../sign-in/principal.ts';
import type { ReaderTurn } from '../edge/reader-limits.ts';
import { checkLinkedHost, proxiesOf, type RequestOrigin, requestOrigin } from '../edge/request-origin.ts';
import { checkServedHost } from '../edge/served-host.ts';
import type { Feed } from '../feed.ts';
import { errorReply } from '../reply/error-body.ts';
import { sendError } from '../reply/send-error.ts';
import { ClientGone } from '../request/client-gone.ts';
import { loggedOption } from '../request/logged-path.ts';
import { readTarget, type Target } from '../request/request-target.ts';
import type { Presented } from '../sign-in/presented.ts';

/** What routes beside the feed need of it. */
export type BesideFeed = Pick<Feed, 'authentication' | 'settings' | 'observe' | 'readers'>;

/** A request that is none of the feed: for a page, a file to connect with, or a sign-in. */
export interface Visit {
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
  readonly origin: RequestOrigin;
  /** With the host that counts. */
  readonly headers: IncomingHttpHeaders;
  readonly target: Target;
  readonly presented: Presented;
  /** Who it is, for the log; null: nobody is known. */
  principal: Principal | null;
  /** Among what the reader may ask for at once; null: it takes no part in that. */
  turn: ReaderTurn | null;
}

/**
 * Who it is, let in within the limits of a reader, as for the feed. Throws what `Authentication.identify` throws, and GatewayError TooManyRequests.
 */
export async function admit(visit: Visit, { authentication, readers }: BesideFeed): Promise<Principal | null> {
  const { presented, origin } = visit;
  visit.principal = await authentication.identify(presented);
  const asker = { principal: visit.principal?.id ?? null, address: origin.address, url: origin.url, part: null };
  visit.turn = (await readers?.enter(asker)) ?? null;
  return visit.principal;
}

/** What some of these routes do. */
export interface Visited {
  /** Sends the reply. What it throws becomes an error reply. */
  answer(visit: Visit): Promise<void>;
  /** A path as it may stand in the log. */
  loggedPath(path: string): string;
  /** Where whoever shows nothing may read: it gives what is read, so only names that are certainly this machine's are answered. */
  readonly guarded: boolean;
  /** Headers of error replies, besides the usual ones. */
  readonly errorHeaders?: Readonly<Record<string, string>>;
  /** What is told of a fault. Absent: the fault itself. */
  faultOf?(thrown: unknown, visit: Visit): unknown;
}

/** Has requests of the routes that are added to `routes` answered, as those for the feed are, before the framework looks at a body. */
export function answerVisits(routes: FastifyInstance, feed: BesideFeed, visited: Visited): void {
  routes.addHook('onRequest', async (request, reply) => {
    reply.hijack();
    await answerVisit(request.raw, reply.raw, { feed, visited });
  });
}

/** One request from first to last byte, with its line in the log. Never throws. */
async function answerVisit(
  message: IncomingMessage,
  response: ServerResponse,
  { feed, visited }: { readonly feed: BesideFeed; readonly visited: Visited },
): Promise<void> {
  const { authentication, settings } = feed;
  const id = randomUUID();
  const started = performance.now();
  const origin = requestOrigin(message, proxiesOf(settings.trustProxy ?? []));
  const headers = { ...message.headers, host: origin.host };
  const target = readTarget(origin.url, headers, authentication.keyName);
  const method = message.method ?? '';
  const presented = {
    authorization: headers.authorization,
    key: target.key,
    method,
    headers,
    address: origin.address,
  };
  const visit: Visit = { message, response, origin, headers, target, presented, principal: null, turn: null };
  let error: string | null = null;
  try {
    if (visited.guarded && authentication.open) {
      checkServedHost(headers, settings.publicUrl);
    }
    checkLinkedHost(origin, settings.publicUrl);
    await visited.answer(visit);
  } catch (thrown) {
    error = refuse(thrown, visit, { id, feed, visited });
  } finally {
    visit.turn?.leave(0);
    feed.observe({
      event: 'request',
      id,
      method,
      path: visited.loggedPath(target.path),
      options: target.query === '' ? [] : target.query.split('&').map(loggedOption),
      status: error === 'ClientGone' ? 499 : response.statusCode,
      rows: null,
      fromCache: false,
      milliseconds: Math.round(performance.now() - started),
      agent: message.headers['user-agent'] ?? '',
      user: visit.principal?.name ?? null,
      error,
    });
  }
}

/** Gives the code of the error. */
function refuse(
  thrown: unknown,
  visit: Visit,
  { id, feed, visited }: { readonly id: string; readonly feed: BesideFeed; readonly visited: Visited },
): string {
  const { message, response, presented } = visit;
  if (thrown instanceof ClientGone) {
    response.destroy();
    return 'ClientGone';
  }
  const reply = errorReply(visited.faultOf?.(thrown, visit) ?? thrown, id);
  if (reply.code === 'Internal' && thrown instanceof Error) {
    feed.observe({ event: 'defect', id, error: thrown });
  }
  const { 'content-length': length, 'transfer-encoding': coding } = message.headers;
  if (!message.complete && (coding !== undefined || (length !== undefined && length !== '0'))) {
    // Whatever of the body is still to come is not waited for.
    response.setHeader('Connection', 'close');
  }
  sendError(reply, response, {
    challenge: feed.authentication.challenge(presented),
    ...(visited.errorHeaders && { headers: visited.errorHeaders }),
  });
  return reply.code;
}
