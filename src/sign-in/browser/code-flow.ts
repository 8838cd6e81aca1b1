import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
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

/** Signing in with a browser at a provider: authorization code with PKCE, state and nonce (RFC 6749, RFC 7636, OpenID Connect Core 1.0). */
export class CodeFlow {
  readonly #issuer: TrustedIssuer;
  readonly #tokens: Pick<Tokens, 'signedIn'>;
  readonly #sealed: Sealed;
  #configuration: Promise<Configuration> | null = null;

  constructor(
    issuer: TrustedIssuer,
    { tokens, sealed }: { readonly tokens: Pick<Tokens, 'signedIn'>; readonly sealed: Sealed },
  ) {
    this.#issuer = issuer;
    this.#tokens = tokens;
    this.#sealed = sealed;
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
    try {
      ({ id_token: idToken } = await authorizationCodeGrant(configuration, url, {
        pkceCodeVerifier: verifier ?? '',
        expectedState: state ?? '',
        expectedNonce: nonce ?? '',
        idTokenExpected: true,
      }));
    } catch (error) {
      throw refusalOf(error);
    }
    return { principal: await this.#tokens.signedIn(idToken ?? ''), to: to ?? '/' };
  }

  readonly cleared: readonly string[] = clearedCookies(cookieName);

  /** Read once; again after a failure. */
  #opened(): Promise<Configuration> {
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
    const { discovery: address, clientId, clientSecret } = this.#issuer;
    const how = clientSecret === null ? None() : ClientSecretPost(clientSecret);
    const insecure = address.startsWith('http://') ? { execute: [allowInsecureRequests] } : {};
    return discovery(new URL(address), clientId ?? '', undefined, how, { timeout: 5, ...insecure });
  }
}

/** The provider's code alone: its texts repeat what was sent. */
function refusalOf(error: unknown): GatewayError {
  const code = error instanceof Error && 'error' in error ? String(error.error) : null;
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
