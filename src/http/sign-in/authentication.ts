import type { SignIn } from '../../connect/snippets.ts';
import { GatewayError } from '../../errors.ts';
import type { HttpEvent, SignInWay } from '../../observation/events/http.ts';
import { type Observe, unobserved } from '../../observation/observe.ts';
import type { Sessions } from '../../sign-in/browser/sessions.ts';
import type { ApiKeys } from '../../sign-in/password/api-keys.ts';
import type { Passwords } from '../../sign-in/password/passwords.ts';
import { namedPrincipal, type Principal } from '../../sign-in/principal.ts';
import { KeysUnavailable, TokenRefused } from '../../sign-in/token/refused.ts';
import type { Tokens } from '../../sign-in/token/tokens.ts';
import { checkOrigin } from '../edge/same-origin.ts';
import { challengeOf, refusedTokenChallenge } from './challenge.ts';
import { type Presented, readAuthorization, readPair } from './presented.ts';

export type { Presented } from './presented.ts';

/** A way for a person at a browser: at a provider, by name and password, or with a key that the page is given. */
export type BrowserWay = 'provider' | 'password' | 'key';

/** Who may read. */
export interface Authentication {
  /** Whoever shows nothing may read, where he asks for this machine by a name that is certainly its own (see `checkServedHost`). */
  readonly open: boolean;
  /** Credentials are looked at: a bearer token is for the gateway, and goes nowhere else. */
  readonly signsIn: boolean;
  /** How a program shows who it is, of the ways that are on that which needs the least. */
  readonly ofPrograms: SignIn;
  /** How a person at a browser can, the usual way first. */
  readonly ofBrowsers: readonly BrowserWay[];
  /** Name of the header and the query option that may carry a key. */
  readonly keyName: string;
  /** One challenge for WWW-Authenticate, chosen by the scheme that the request carries; null: everybody may read. */
  challenge(presented: Pick<Presented, 'authorization'>): string | null;
  /** Who asks; null: everybody may read. Throws GatewayError Unauthorized, AccessDenied, TokenTooLong, TooManyGuesses, SignInUnavailable, OriginRefused. */
  identify(presented: Presented): Promise<Principal | null>;
}

/** Everybody may read: only for a loopback address. */
export const openToAll: Authentication = {
  open: true,
  signsIn: false,
  ofPrograms: 'none',
  ofBrowsers: [],
  keyName: 'api-key',
  challenge: () => null,
  identify: async () => null,
};

/** Sessions of browsers, and whence they may change something: a browser sends its cookie along for any page that asks. */
export interface BrowserSessions {
  readonly sessions: Pick<Sessions, 'read'>;
  readonly publicUrl: string | null;
  /** Browsers are sent to a provider. */
  readonly provider: boolean;
}

/** How clients sign in; null: that way is off. */
export interface SignInWays {
  readonly basic: Pick<Passwords, 'check'> | null;
  readonly keys: Pick<ApiKeys, 'find'> | null;
  readonly tokens?: Pick<Tokens, 'principal'> | null;
  readonly authorizationUri?: string | null;
  readonly browser?: BrowserSessions | null;
  /** Who shows nothing may read. */
  readonly anonymous?: boolean;
}

/**
 * Basic authentication against `basic`, keys (Bearer, header, query option) against `keys`, bearer tokens by `tokens`; null: that way is off. Whoever is not let in
 * is told in the log with his address.
 */
export function authentication(
  { basic, keys, tokens = null, authorizationUri = null, browser = null, anonymous = false }: SignInWays,
  keyName: string,
  observe: Observe<HttpEvent> = unobserved,
): Authentication {
  const ways = { basic: basic !== null, keys: keys !== null, tokens: tokens !== null, authorizationUri };
  async function identify(presented: Presented): Promise<Principal | null> {
    const { scheme, text } = readAuthorization(presented.authorization);
    if (scheme === 'basic' && basic !== null) {
      return ofPassword(basic, readPair(text), presented);
    }
    const bearer = scheme === 'bearer' ? text : '';
    if (bearer !== '' && tokens !== null && (keys === null || bearer.split('.').length > 2)) {
      return ofToken(tokens, bearer, presented);
    }
    const key = bearer === '' ? presented.key : bearer;
    if (key !== undefined && key !== '' && keys !== null) {
      return ofKey(keys, key, presented);
    }
    const session = scheme === '' ? await browser?.sessions.read(presented.headers.cookie) : null;
    if (session !== null && session !== undefined) {
      if (!readMethods.includes(presented.method)) {
        checkOrigin(presented.headers, presented.headers.host, browser?.publicUrl ?? null);
      }
      return session.principal;
    }
    const carried = (scheme !== '' && !(scheme === 'bearer' && text === '')) || presented.key !== undefined;
    if (anonymous && !carried && scheme === '') {
      return null;
    }
    throw new GatewayError('Unauthorized', carried ? unknownCredentials : 'The request carries no credentials');
  }

  async function ofPassword(
    all: Pick<Passwords, 'check'>,
    pair: ReturnType<typeof readPair>,
    presented: Presented,
  ): Promise<Principal> {
    const { name = null, password = '' } = pair ?? {};
    let found: string | null = null;
    try {
      found = name === null ? null : await all.check(name, password, presented.address);
    } catch (error) {
      if (error instanceof GatewayError) {
        tell('password', presented, name, error.message);
      }
      throw error;
    }
    return found === null ? refuse('password', presented, name) : namedPrincipal('basic', found);
  }

  async function ofKey(all: Pick<ApiKeys, 'find'>, key: string, presented: Presented): Promise<Principal> {
    const found = await all.find(key, presented.address);
    if (found !== null && found.ended === null) {
      return namedPrincipal('key', found.name);
    }
    const ended = found === null ? unknownCredentials : `The key ended on ${found.ended}: have another one made`;
    return refuse('key', presented, found?.name ?? null, ended);
  }

  async function ofToken(all: Pick<Tokens, 'principal'>, token: string, presented: Presented): Promise<Principal> {
    try {
      return await all.principal(token);
    } catch (error) {
      if (error instanceof KeysUnavailable) {
        tell('token', presented, null, error.message);
        throw new GatewayError('SignInUnavailable', 'The keys that tokens are checked with cannot be had now', {
          retryAfter: 10,
          cause: error,
        });
      }
      if (!(error instanceof TokenRefused)) {
        throw error;
      }
      tell('token', presented, null, error.operator);
      switch (error.why) {
        case 'invalid':
          throw new GatewayError('Unauthorized', error.message, {
            challenge: refusedTokenChallenge(ways, error.message),
          });
        case 'rights':
          throw new GatewayError('AccessDenied', error.message);
        case 'long':
          throw new GatewayError('TokenTooLong', error.message);
      }
    }
  }

  function refuse(way: SignInWay, presented: Presented, name: string | null, reason = unknownCredentials): never {
    tell(way, presented, name, reason);
    throw new GatewayError('Unauthorized', reason);
  }

  function tell(way: SignInWay, { address }: Presented, name: string | null, reason: string): void {
    observe({ event: 'sign-in-refused', way, address, name: name?.slice(0, 200) ?? null, reason });
  }

  return {
    open: anonymous,
    signsIn: true,
    ofPrograms: basic !== null ? 'basic' : keys !== null ? 'key' : 'token',
    ofBrowsers: [
      ...(browser?.provider === true ? (['provider'] as const) : []),
      ...(basic === null ? [] : (['password'] as const)),
      ...(keys === null ? [] : (['key'] as const)),
    ],
    keyName,
    challenge: (presented) => challengeOf(ways, presented),
    identify,
  };
}

const readMethods: readonly string[] = ['GET', 'HEAD', 'OPTIONS'];

const unknownCredentials = 'The credentials are not known or not valid any more';
