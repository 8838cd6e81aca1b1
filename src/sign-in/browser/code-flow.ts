import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  type Configuration,
  calculatePKCECodeChallenge,
  discovery,
  None,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from 'openid-client';
import { GatewayError } from '../../errors.ts';
import type { Principal } from '../principal.ts';
import type { Tokens } from '../token/tokens.ts';
import type { TrustedIssuer } from '../token/trusted-issuer.ts';
import { clearedCookies, readCookie, setCookies } from './cookies.ts';
import type { Sealed } from './sealed.ts';

const cookieName = 'gateway-sign-in';
const purpose = 'sign-in';
/** Milliseconds that somebody may take at the provider. */
const lasts = 10 * 60_000;

export interface CodeFlowPlace {
  readonly tokens: Pick<Tokens, 'signedIn'>;
  readonly sealed: Sealed;
  readonly secret?: () => string | null;
}

/** Signing in with a browser at a provider: authorization code with PKCE, state and nonce (RFC 6749, RFC 7636, OpenID Connect Core 1.0). */
export class CodeFlow {
  readonly #issuer: TrustedIssuer;
  readonly #tokens: Pick<Tokens, 'signedIn'>;
  readonly #sealed: Sealed;
  readonly #secretNow: () => string | null;
  /** Of the configuration. */
  #secret: string | null = null;
  #configuration: Promise<Configuration> | null = null;
  /** How the secret was sent when the provider took it last. */
  #method: SecretMethod | null = null;

  /** `secret`: of the application, as it is now; absent: as the issuer was given. */
  constructor(issuer: TrustedIssuer, { tokens, sealed, secret }: CodeFlowPlace) {
    this.#issuer = issuer;
    this.#tokens = tokens;
    this.#sealed = sealed;
    this.#secretNow = secret ?? (() => issuer.clientSecret);
  }

  /** Where the browser goes, and what it keeps meanwhile. `to`: where it wants to be afterwards. Throws GatewayError SignInUnavailable. */
  async begin(
    redirectUri: string,
    to: string,
  ): Promise<{ readonly location: string; readonly cookies: readonly string[] }> {
    const configuration = await this.#opened();
    const [verifier, state, nonce] = [randomPKCECodeVerifier(), randomState(), randomNonce()];
    const location = buildAuthorizationUrl(configuration, {
      redirect_uri: redirectUri,
      scope: 'openid profile email',
      state,
      nonce,
      code_challenge: await calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    });
    const kept = await this.#sealed.seal({ verifier, state, nonce, to }, purpose, lasts);
    return { location: location.href, cookies: setCookies(cookieName, kept, lasts / 1000) ?? [] };
  }

  /** Who came back, and where he wants to be. Throws GatewayError BadRequest, AccessDenied, SignInUnavailable; TokenRefused, KeysUnavailable. */
  async finish(url: URL, cookies: string | undefined): Promise<{ readonly principal: Principal; readonly to: string }> {
    const value = readCookie(cookies, cookieName);
    const kept = value === null ? null : await this.#sealed.open(value, purpose);
    if (kept === null) {
      throw new GatewayError(
        'BadRequest',
        'This sign-in was begun elsewhere, or more than ten minutes ago: begin it again at /sign-in',
      );
    }
    const { verifier, state, nonce, to } = kept as Record<string, string>;
    const configuration = await this.#opened();
    let idToken: string | undefined;
    const checks = {
      pkceCodeVerifier: verifier ?? '',
      expectedState: state ?? '',
      expectedNonce: nonce ?? '',
      idTokenExpected: true,
    };
    try {
      ({ id_token: idToken } = await this.#redeemed(configuration, (opened) =>
        authorizationCodeGrant(opened, url, checks),
      ));
    } catch (error) {
      throw refusalOf(error);
    }
    return { principal: await this.#tokens.signedIn(idToken ?? ''), to: to ?? '/' };
  }

  readonly cleared: readonly string[] = clearedCookies(cookieName);

  /** What a provider takes a secret by is settled for each of its clients, and its description says of all of them together. */
  async #redeemed<T>(configuration: Configuration, redeem: (configuration: Configuration) => Promise<T>): Promise<T> {
    const [first, second] = methodsOf(configuration.serverMetadata());
    try {
      return await redeem(configuration);
    } catch (error) {
      const other = (this.#method ?? first) === first ? second : first;
      if (this.#secret === null || other === undefined || !isClientRefused(error)) {
        throw error;
      }
      // A client that is not known has used no code up.
      this.#method = other;
      return redeem(configuration);
    }
  }

  #bySecret(secret: string): ClientAuth {
    const ways = { post: ClientSecretPost(secret), basic: ClientSecretBasic(secret) };
    return (server, client, body, headers) => ways[this.#method ?? methodsOf(server)[0]](server, client, body, headers);
  }

  /** Read once; again after a failure, and with another secret. */
  #opened(): Promise<Configuration> {
    const secret = this.#secretNow();
    if (secret !== this.#secret) {
      this.#secret = secret;
      this.#configuration = null;
    }
    this.#configuration ??= this.#discover().catch((error: unknown) => {
      this.#configuration = null;
      throw new GatewayError('SignInUnavailable', 'The provider to sign in at cannot be reached now', {
        retryAfter: 10,
        cause: error,
      });
    });
    return this.#configuration;
  }

  #discover(): Promise<Configuration> {
    const { discovery: address, clientId } = this.#issuer;
    const how = this.#secret === null ? None() : this.#bySecret(this.#secret);
    const insecure = address.startsWith('http://') ? { execute: [allowInsecureRequests] } : {};
    return discovery(new URL(address), clientId ?? '', undefined, how, { timeout: 5, ...insecure });
  }
}

type SecretMethod = 'post' | 'basic';

/** Ways to send a secret that a provider knows, in the order in which they are tried (OpenID Connect Discovery 1.0, 3); where it says nothing, both. */
function methodsOf({
  token_endpoint_auth_methods_supported: known = ['client_secret_post', 'client_secret_basic'],
}: {
  readonly token_endpoint_auth_methods_supported?: readonly string[];
}): readonly [SecretMethod, ...SecretMethod[]] {
  const found = (['post', 'basic'] as const).filter((method) => known.includes(`client_secret_${method}`));
  const [first = 'post', ...others] = found;
  return [first, ...others];
}

/** With a challenge where the secret came in the header (RFC 6749, 5.2). */
const isClientRefused = (error: unknown): boolean =>
  error instanceof Error &&
  (('error' in error && error.error === 'invalid_client') ||
    ('code' in error && error.code === 'OAUTH_WWW_AUTHENTICATE_CHALLENGE'));

/** The provider's code alone: its texts repeat what was sent. */
function refusalOf(error: unknown): GatewayError {
  const code = isClientRefused(error)
    ? 'invalid_client'
    : error instanceof Error && 'error' in error
      ? String(error.error)
      : null;
  if (code !== null) {
    const shown = code.replace(/[^\w.-]/g, '?').slice(0, 60);
    return new GatewayError('AccessDenied', `The provider did not let you in (${shown})`, { cause: error });
  }
  const inner = error instanceof Error && 'code' in error ? String(error.code) : '';
  return inner === 'OAUTH_TIMEOUT' || (error instanceof TypeError && error.message === 'fetch failed')
    ? new GatewayError('SignInUnavailable', 'The provider to sign in at does not answer now', { cause: error })
    : new GatewayError(
        'BadRequest',
        'The reply of the provider is not the one to this sign-in: begin it again at /sign-in',
        {
          cause: error,
        },
      );
}
