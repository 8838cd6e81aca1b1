import type { ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { GatewayError } from '../../errors.ts';
import type { CodeFlow } from '../../sign-in/browser/code-flow.ts';
import type { Sessions } from '../../sign-in/browser/sessions.ts';
import type { Principal } from '../../sign-in/principal.ts';
import { KeysUnavailable, TokenRefused } from '../../sign-in/token/refused.ts';
import { checkOrigin } from '../edge/same-origin.ts';
import { isLoopback } from '../edge/served-host.ts';
import { feedPath, serviceRoot } from '../exchange.ts';
import { answerVisits, type BesideFeed, type Visit } from './beside-feed.ts';

/** How a browser signs in. */
export interface BrowserSignIn {
  readonly sessions: Sessions;
  /** At a provider; null: with a password alone. */
  readonly flow: CodeFlow | null;
  /** Passwords are on. */
  readonly passwords: boolean;
}

export type SignInFeed = BesideFeed;

/**
 * `GET /sign-in` sends a browser to the provider, or asks for a password where there is none (or `?with=password` says so); `GET /sign-in/callback` takes it back;
 * `POST /sign-out` ends the session. `?to=` is the path to go to afterwards. null: browsers cannot sign in.
 */
export function signInRoutes(app: FastifyInstance, feed: SignInFeed, browser: BrowserSignIn | null): void {
  app.register(async (routes) => {
    answerVisits(routes, feed, {
      guarded: false,
      answer: async (visit) => {
        if (browser === null) {
          throw new GatewayError('ResourceNotFound', 'Browsers cannot sign in here: no way for it is configured');
        }
        visit.principal = await visited({ visit, feed, browser });
      },
      loggedPath: (path) => path,
      faultOf: (thrown, visit) => faultOf(thrown, visit, feed),
    });
    for (const path of ['/sign-in', '/sign-in/callback', '/sign-out']) {
      routes.all(path, (_, reply) => reply);
    }
  });
}

interface SignInVisit {
  readonly visit: Visit;
  readonly feed: SignInFeed;
  readonly browser: BrowserSignIn;
}

async function visited(at: SignInVisit): Promise<Principal | null> {
  const { visit, feed, browser } = at;
  const { message, response, origin, presented } = visit;
  const { path, query } = visit.target;
  const options = new URLSearchParams(query);
  const { sessions, flow } = browser;
  if (path === '/sign-out') {
    requireMethod(visit, 'POST');
    checkOrigin(message.headers, origin.host, feed.settings.publicUrl);
    const ended = await sessions.end(message.headers.cookie);
    if (ended !== null) {
      tell(at, 'ended', ended.principal);
    }
    goTo(response, base(at), sessions.cleared);
    return ended?.principal ?? null;
  }
  requireMethod(visit, 'GET');
  const to = localPath(options.get('to')) ?? base(at);
  if (path === '/sign-in/callback') {
    const back = await flow?.finish(new URL(`${ownAddress(at)}sign-in/callback?${query}`), message.headers.cookie);
    if (back === undefined) {
      throw new GatewayError('ResourceNotFound', 'Nobody is sent to a provider here');
    }
    return begun(at, back.principal, back.to);
  }
  if (flow !== null && options.get('with') !== 'password') {
    const { location, cookies } = await flow.begin(`${ownAddress(at)}sign-in/callback`, to);
    goTo(response, location, cookies);
    return null;
  }
  if (!browser.passwords) {
    throw new GatewayError('ResourceNotFound', 'Nobody signs in with a password here');
  }
  const { authorization } = presented;
  if (!/^basic\s/i.test(authorization ?? '')) {
    throw new GatewayError('Unauthorized', 'Sign in with your name and password', { challenge: basicChallenge });
  }
  const principal = await feed.authentication.identify({ ...presented, key: undefined });
  return principal === null ? null : begun(at, principal, to);
}

async function begun(at: SignInVisit, principal: Principal, to: string): Promise<Principal> {
  const { sessions, flow } = at.browser;
  const cookies = await sessions.begin(principal);
  tell(at, 'begun', principal);
  goTo(at.visit.response, to, [...cookies, ...(flow?.cleared ?? [])]);
  return principal;
}

function tell({ feed, visit }: SignInVisit, state: 'begun' | 'ended', { name }: Principal): void {
  feed.observe({ event: 'session', state, name, address: visit.origin.address });
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
function ownAddress({ visit, feed }: SignInVisit): string {
  const { publicUrl } = feed.settings;
  const { host, secure, proxied } = visit.origin;
  const root = serviceRoot(publicUrl, host, secure);
  if (publicUrl === null && !proxied && !isLoopback(new URL(root).hostname)) {
    throw new GatewayError('BadRequest', 'PUBLIC_URL must be set for signing in with a browser', { target: 'Host' });
  }
  return root.slice(0, -feedPath.length + 1);
}

/** Path of the gateway's own page, which a proxy may have put below another one. */
const base = ({ feed }: Pick<SignInVisit, 'feed'>): string =>
  feed.settings.publicUrl === null ? '/' : `${new URL(feed.settings.publicUrl).pathname.replace(/\/$/, '')}/`;

/** Nothing that leads to another host, which `//host` and `/\host` do. */
const localPath = (to: string | null): string | null =>
  to !== null && /^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(to) ? to : null;

function faultOf(thrown: unknown, { origin: { address } }: Visit, { observe }: SignInFeed): unknown {
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
