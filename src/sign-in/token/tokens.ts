import { createHash } from 'node:crypto';
import type { JWTPayload } from 'jose';
import { LRUCache } from 'lru-cache';
import type { SignInEvent } from '../../observation/events/sign-in.ts';
import { type Observe, unobserved } from '../../observation/observe.ts';
import type { IssuerKeys } from '../keys/issuer-keys.ts';
import type { Principal } from '../principal.ts';
import { principalOf } from './principal-of.ts';
import { TokenRefused } from './refused.ts';
import { quoted, readShape } from './token-shape.ts';
import type { TrustedIssuer } from './trusted-issuer.ts';
import { type TokenUse, verifiedClaims } from './verify-token.ts';

/** An issuer with its keys. */
export interface TrustedKeys {
  readonly issuer: TrustedIssuer;
  readonly keys: IssuerKeys;
}

export interface TokensOptions {
  readonly observe?: Observe<SignInEvent>;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

interface Verified {
  readonly principal: Principal;
  readonly claims: JWTPayload;
  readonly keys: IssuerKeys;
  readonly generation: number;
}

interface Known {
  readonly principal: Principal;
  /** Milliseconds since 1970. */
  readonly until: number;
  readonly keys: IssuerKeys;
  readonly generation: number;
}

/** Characters of tokens that are remembered: a refresh sends one token thousands of times. */
const remembered = 16 * 1024 * 1024;
/** See `verifiedClaims`. */
const skew = 300_000;

/**
 * Whose tokens these are. One that was found right is known by its SHA-256 until it ends, or the keys of its issuer are others.
 */
export class Tokens {
  readonly #trusted: readonly TrustedKeys[];
  readonly #observe: Observe<SignInEvent>;
  readonly #now: () => number;
  readonly #known = new LRUCache<string, Known>({ maxSize: remembered });

  constructor(trusted: readonly TrustedKeys[], { observe = unobserved, now = Date.now }: TokensOptions = {}) {
    this.#trusted = trusted;
    this.#observe = observe;
    this.#now = now;
  }

  /** Throws TokenRefused; KeysUnavailable where nothing can be said of the token. */
  async principal(token: string): Promise<Principal> {
    const digest = createHash('sha256').update(token).digest('base64');
    const before = this.#known.get(digest);
    if (before !== undefined && this.#now() < before.until && before.generation === before.keys.generation) {
      return before.principal;
    }
    const { principal, claims, keys, generation } = await this.#verified(token, 'access');
    const until = (claims.exp ?? 0) * 1000 + skew;
    this.#known.set(digest, { principal, until, keys, generation }, { size: token.length });
    return principal;
  }

  /** That of an ID token, which is for the application itself. Throws as `principal` does. */
  async signedIn(idToken: string): Promise<Principal> {
    return (await this.#verified(idToken, 'browser')).principal;
  }

  close(): void {
    for (const { keys } of this.#trusted) {
      keys.close();
    }
  }

  async #verified(token: string, use: TokenUse): Promise<Verified> {
    const { issuer: iss } = readShape(token);
    const trusted = this.#trusted.find(({ issuer }) => issuer.issuers.includes(iss));
    if (trusted === undefined) {
      throw new TokenRefused('invalid', `The token is issued by ${quoted(iss)}, which is not trusted here`);
    }
    const { issuer, keys } = trusted;
    // As it was before: keys may change while the signature is looked at.
    const { generation } = keys;
    const claims = await verifiedClaims(token, { issuer, key: keys.key, use });
    const principal = principalOf(claims, issuer, use);
    if (principal.claims.groupsWithheld) {
      this.#tellOfGroups(principal);
    }
    return { principal, claims, keys, generation };
  }

  #tellOfGroups({ name }: Principal): void {
    const notice =
      'The token leaves out the groups of its holder, who is in more than fit into it: where a rule needs them the answer is 403';
    this.#observe({ event: 'sign-in-notice', name, notice });
  }
}
