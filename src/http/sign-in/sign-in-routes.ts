import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { GatewayError } from '../../errors.ts';
import type { CodeFlow } from '../../sign-in/browser/code-flow.ts';
import type { Sessions } from '../../sign-in/browser/sessions.ts';
import type { Principal } from '../../sign-in/principal.ts';
import { KeysUnavailable, TokenRefused } from '../../sign-in/token/refused.ts';
import { checkOrigin } from '../console/same-origin.ts';
import { checkLinkedHost, proxiesOf, type RequestOrigin, requestOrigin } from '../edge/request-origin.ts';
import { errorHeaders, errorReply } from '../error-body.ts';
import { feedPath, serviceRoot } from '../exchange.ts';
import type { Feed } from '../feed.ts';
import { loggedOption } from '../logged-path.ts';
import { readTarget } from '../request-target.ts';
import { isLoopback } from '../served-host.ts';

/** How a browser signs in. */
export interface BrowserSignIn {
  readonly sessions: Sessions;
  /** At a provider; null: with a password alone. */
  readonly flow: CodeFlow | null;
  /** Passwords are on. */
  readonly passwords: boolean;
}

export type SignInFeed = Pick<Feed, 'authentication' | 'settings' | 'observe'>;

/**
 * `GET /sign-in` sends a browser to the provider, or asks for a password where there is none (or `?with=password` says so); `GET /sign-in/callback` takes it back;
 * `POST /sign-out` ends the session. `?to=` is the path to go to afterwards. null: browsers cannot sign in.
 */
export function signInRoutes(app: FastifyInstance, feed: SignInFeed, browser: BrowserSignIn | null): void {
  app.register(async (routes) => {
    routes.addHook('onRequest', async (request, reply) => {
      reply.hijack();
      await answer(request.raw, reply.raw, { feed, browser });
    });
    for (const path of ['/sign-in', '/sign-in/callback', '/sign-out']) {
      routes.all(path, (_, reply) => reply);
    }
  });
}

const originOf = (message: IncomingMessage, { settings }: SignInFeed): RequestOrigin =>
  requestOrigin(message, proxiesOf(settings.trustProxy ?? []));

interface Place {
  readonly feed: SignInFeed;
  readonly browser: BrowserSignIn | null;
}

/** One request from first to last byte, with its line in the log. */
async function answer(message: IncomingMessage, response: ServerResponse, { feed, browser }: Place): Promise<void> {
  const id = randomUUID();
  const started = performance.now();
  const origin = originOf(message, feed);
  const { url, host } = origin;
  const target = readTarget(url, { ...message.headers, host }, feed.authentication.keyName);
  let error: string | null = null;
  let principal: Principal | null = null;
  try {
    checkLinkedHost(origin, feed.settings.publicUrl);
    if (browser === null) {
      throw new GatewayError('ResourceNotFound', 'Browsers cannot sign in here: no way for it is configured');
    }
    const visit = {
      message,
      response,
      feed,
      browser,
      path: target.path,
      options: new URLSearchParams(target.query),
      host,
    };
    principal = await visited(visit, target.query);
  } catch (thrown) {
    const fault = faultOf(thrown, message, feed);
    const reply = errorReply(fault, id);
    error = reply.code;
    if (reply.code === 'Internal' && thrown instanceof Error) {
      feed.observe({ event: 'defect', id, error: thrown });
    }
    if (fault instanceof GatewayError && fault.challenge !== undefined) {
      response.setHeader('WWW-Authenticate', fault.challenge);
    }
    if (reply.retryAfter !== null) {
      response.setHeader('Retry-After', String(reply.retryAfter));
    }
    response.writeHead(reply.status, { ...errorHeaders, 'Content-Length': String(Buffer.byteLength(reply.body)) });
    response.end(reply.body);
  } finally {
    feed.observe({
      event: 'request',
      id,
      method: message.method ?? '',
      path: target.path,
      options: target.query === '' ? [] : target.query.split('&').map(loggedOption),
      status: response.statusCode,
      rows: null,
      fromCache: false,
      milliseconds: Math.round(performance.now() - started),
      agent: message.headers['user-agent'] ?? '',
      user: principal?.name ?? null,
      error,
    });
  }
}

interface Visit {
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
  readonly feed: SignInFeed;
  readonly browser: BrowserSignIn;
  readonly path: string;
  readonly options: URLSearchParams;
  readonly host: string | undefined;
}

async function visited(visit: Visit, query: string): Promise<Principal | null> {
  const { message, response, feed, browser, path, options, host } = visit;
  const { sessions, flow } = browser;
  if (path === '/sign-out') {
    requireMethod(visit, 'POST');
    checkOrigin(message.headers, host, feed.settings.publicUrl);
    const ended = await sessions.end(message.headers.cookie);
    if (ended !== null) {
      tell(visit, 'ended', ended.principal);
    }
    goTo(response, base(visit), sessions.cleared);
    return ended?.principal ?? null;
  }
  requireMethod(visit, 'GET');
  const to = localPath(options.get('to')) ?? base(visit);
  if (path === '/sign-in/callback') {
    const back = await flow?.finish(new URL(`${ownAddress(visit)}sign-in/callback?${query}`), message.headers.cookie);
    if (back === undefined) {
      throw new GatewayError('ResourceNotFound', 'Nobody is sent to a provider here');
    }
    return begun(visit, back.principal, back.to);
  }
  if (flow !== null && options.get('with') !== 'password') {
    const { location, cookies } = await flow.begin(`${ownAddress(visit)}sign-in/callback`, to);
    goTo(response, location, cookies);
    return null;
  }
  if (!browser.passwords) {
    throw new GatewayError('ResourceNotFound', 'Nobody signs in with a password here');
  }
  const { authorization } = message.headers;
  if (!/^basic\s/i.test(authorization ?? '')) {
    throw new GatewayError('Unauthorized', 'Sign in with your name and password', { challenge: basicChallenge });
  }
  const principal = await feed.authentication.identify({
    ...{ authorization, key: undefined, headers: message.headers },
    ...{ method: 'GET', address: originOf(message, feed).address },
  });
  return principal === null ? null : begun(visit, principal, to);
}

async function begun(visit: Visit, principal: Principal, to: string): Promise<Principal> {
  const { sessions, flow } = visit.browser;
  const cookies = await sessions.begin(principal);
  tell(visit, 'begun', principal);
  goTo(visit.response, to, [...cookies, ...(flow?.cleared ?? [])]);
  return principal;
}

function tell({ feed, message }: Visit, state: 'begun' | 'ended', { name }: Principal): void {
  feed.observe({ event: 'session', state, name, address: originOf(message, feed).address });
}

function goTo(response: ServerResponse, location: string, cookies: readonly string[]): void {
  response.writeHead(303, {
    Location: location,
    'Set-Cookie': [...cookies],
    'Content-Length': '0',
    'Cache-Control': 'no-store',
    'Referrer-Policy': 'no-referrer',
  });
  response.end();
}

function requireMethod({ message, response }: Visit, method: 'GET' | 'POST'): void {
  if (message.method !== method) {
    response.setHeader('Allow', method);
    throw new GatewayError('MethodNotAllowed', `${message.method} is not allowed here`);
  }
}

const basicChallenge = 'Basic realm="gateway", charset="UTF-8"';

/** Address that the provider sends browsers back to. A host that anybody may write is taken for it only where it is this machine. Throws GatewayError BadRequest. */
function ownAddress({ message, feed }: Visit): string {
  const { publicUrl } = feed.settings;
  const { host, secure, proxied } = originOf(message, feed);
  const root = serviceRoot(publicUrl, host, secure);
  if (publicUrl === null && !proxied && !isLoopback(new URL(root).hostname)) {
    throw new GatewayError('BadRequest', 'PUBLIC_URL must be set for signing in with a browser', { target: 'Host' });
  }
  return root.slice(0, -feedPath.length + 1);
}

/** Path of the gateway's own page, which a proxy may have put below another one. */
const base = ({ feed }: Visit): string =>
  feed.settings.publicUrl === null ? '/' : `${new URL(feed.settings.publicUrl).pathname.replace(/\/$/, '')}/`;

/** Nothing that leads to another host, which `//host` and `/\host` do. */
const localPath = (to: string | null): string | null =>
  to !== null && /^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(to) ? to : null;

function faultOf(thrown: unknown, message: IncomingMessage, feed: SignInFeed): unknown {
  const { observe } = feed;
  const { address } = originOf(message, feed);
  if (thrown instanceof TokenRefused) {
    observe({ event: 'sign-in-refused', way: 'browser', address, name: null, reason: thrown.operator });
    return new GatewayError('AccessDenied', thrown.message);
  }
  if (thrown instanceof KeysUnavailable) {
    observe({ event: 'sign-in-refused', way: 'browser', address, name: null, reason: thrown.message });
    return new GatewayError('SignInUnavailable', 'The keys that tokens are checked with cannot be had now', {
      retryAfter: 10,
    });
  }
  if (thrown instanceof GatewayError && thrown.cause !== undefined) {
    observe({ event: 'sign-in-refused', way: 'browser', address, name: null, reason: thrown.message });
  }
  if (thrown instanceof GatewayError && thrown.code === 'Unauthorized') {
    // Only here, where a person is at a browser, passwords are asked for whatever else is on.
    return new GatewayError('Unauthorized', thrown.message, { challenge: basicChallenge });
  }
  return thrown;
}
