import {
  createRemoteJWKSet,
  customFetch,
  type JSONWebKeySet,
  type JWKSCacheInput,
  type JWTVerifyGetKey,
  jwksCache,
} from 'jose';
import type { SignInEvent } from '../../observation/events/sign-in.ts';
import type { Observe } from '../../observation/observe.ts';
import { KeysUnavailable } from '../token/refused.ts';
import type { TrustedIssuer } from '../token/trusted-issuer.ts';
import { fetchText, unavailable } from './fetch-json.ts';
import type { KeptKeys, KeyStore } from './key-store.ts';

/** Times of an issuer's keys, in milliseconds. */
export interface KeyTimes {
  /** For which keys are used after they were last read. */
  readonly lasts: number;
  /** Between two readings where all is well. */
  readonly reload: number;
  /** After a reading that failed, until another one is tried. */
  readonly afterFailure: number;
  /** After a reading, until an unknown key makes another one. */
  readonly cooldown: number;
  /** That a reply may take. */
  readonly timeout: number;
}

export const keyTimes: KeyTimes = {
  lasts: 24 * 3_600_000,
  reload: 3_600_000,
  afterFailure: 10_000,
  cooldown: 30_000,
  timeout: 3_000,
};

export interface IssuerKeysContext {
  readonly store: KeyStore;
  readonly observe: Observe<SignInEvent>;
  readonly times?: KeyTimes;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/**
 * The keys of one issuer. jose finds the key of a token and reads the set again for an unknown one; what is ours is everything about an issuer that
 * does not answer: keys at hand go on working for `lasts`, also after a restart, and a reading that failed is not tried again for each token.
 */
export class IssuerKeys {
  readonly #issuer: TrustedIssuer;
  readonly #store: KeyStore;
  readonly #observe: Observe<SignInEvent>;
  readonly #times: KeyTimes;
  readonly #now: () => number;
  /** In which jose keeps what it read. */
  readonly #cache: JWKSCacheInput & { jwks?: JSONWebKeySet; uat?: number } = {};
  #remote: ReturnType<typeof createRemoteJWKSet> | null = null;
  #opening: Promise<ReturnType<typeof createRemoteJWKSet>> | null = null;
  #jwksUri: string | null = null;
  #failure: { readonly at: number; readonly error: KeysUnavailable } | null = null;
  #told: 'read' | 'failed' | null = null;
  #text: string | null = null;
  #generation = 0;
  #writing: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | null = null;
  #started: Promise<void> | null = null;
  #closed = false;

  constructor(issuer: TrustedIssuer, { store, observe, times = keyTimes, now = Date.now }: IssuerKeysContext) {
    this.#issuer = issuer;
    this.#store = store;
    this.#observe = observe;
    this.#times = times;
    this.#now = now;
  }

  /** Another number as soon as the keys are others: what was found right by the old ones has to be looked at again. */
  get generation(): number {
    return this.#generation;
  }

  /** Whether keys at hand could check a token now. */
  get usable(): boolean {
    return this.#cache.uat !== undefined && this.#now() - this.#cache.uat < this.#times.lasts;
  }

  /** For `jwtVerify`. Throws KeysUnavailable. */
  readonly key: JWTVerifyGetKey = async (header, token) => {
    await this.start();
    const remote = await this.#opened();
    if (!this.usable) {
      await remote.reload();
    }
    return remote(header, token);
  };

  /** Takes what was kept, reads anew, and goes on doing so on its own. Never throws; resolves when what was kept is there. */
  start(): Promise<void> {
    this.#started ??= this.#begin();
    return this.#started;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer ?? undefined);
  }

  async #begin(): Promise<void> {
    const kept = await this.#store.read(this.#issuer.discovery);
    if (kept !== null && this.#cache.uat === undefined) {
      this.#take(kept);
    }
    this.#plan(0);
  }

  #take({ jwksUri, jwks, readAt }: KeptKeys): void {
    // A clock that was ahead once must not make keys last for ever.
    Object.assign(this.#cache, { jwks, uat: Math.min(readAt, this.#now()) });
    this.#text = JSON.stringify(jwks);
    this.#jwksUri = jwksUri;
    this.#remote = this.#open(jwksUri);
  }

  #plan(delay: number): void {
    if (this.#closed) {
      return;
    }
    this.#timer = setTimeout(async () => {
      const fine = await this.#reload();
      this.#plan(fine ? this.#times.reload : this.#times.afterFailure);
    }, delay);
    this.#timer.unref();
  }

  async #reload(): Promise<boolean> {
    try {
      // The address of the keys may be another one by now.
      await this.#discover();
      await (await this.#opened()).reload();
      return true;
    } catch {
      return false;
    }
  }

  #opened(): Promise<ReturnType<typeof createRemoteJWKSet>> {
    if (this.#remote !== null) {
      return Promise.resolve(this.#remote);
    }
    this.#opening ??= this.#discover().finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  #open(jwksUri: string): ReturnType<typeof createRemoteJWKSet> {
    return createRemoteJWKSet(new URL(jwksUri), {
      cacheMaxAge: Number.POSITIVE_INFINITY,
      cooldownDuration: this.#times.cooldown,
      timeoutDuration: this.#times.timeout,
      [customFetch]: (url, init) => this.#reading(url, () => this.#fetchKeys(url, init)),
      [jwksCache]: this.#cache,
    });
  }

  /** Reads where the keys are. The description has to be that of the issuer that was asked (OpenID Connect Discovery 1.0, 4.3). */
  #discover(): Promise<ReturnType<typeof createRemoteJWKSet>> {
    const { discovery, issuers } = this.#issuer;
    return this.#reading(discovery, async () => {
      const text = await fetchText(discovery, { signal: AbortSignal.timeout(this.#times.timeout) });
      const { issuer, jwks_uri: uri } = objectOf(text, discovery);
      if (typeof issuer !== 'string' || !issuers.includes(issuer)) {
        throw unavailable(discovery, `it describes another issuer (${String(issuer).slice(0, 200)})`);
      }
      if (typeof uri !== 'string' || !URL.canParse(uri) || !sameSafety(uri, discovery)) {
        throw unavailable(discovery, 'it names no address of keys (jwks_uri) that is as safe as its own');
      }
      const remote = uri === this.#jwksUri && this.#remote !== null ? this.#remote : this.#open(uri);
      this.#jwksUri = uri;
      this.#remote = remote;
      return remote;
    });
  }

  async #fetchKeys(url: string, init: RequestInit): Promise<Response> {
    const text = await fetchText(url, init);
    const { keys } = objectOf(text, url);
    if (!Array.isArray(keys) || keys.length === 0 || !keys.every((key) => typeof key === 'object' && key !== null)) {
      // An empty set would take the keys away that are known.
      throw unavailable(url, 'what it sends is no set of keys');
    }
    const jwks = { keys } as JSONWebKeySet;
    const settled = JSON.stringify(jwks);
    if (settled !== this.#text) {
      this.#text = settled;
      this.#generation += 1;
    }
    const kept = { jwksUri: url, jwks, readAt: this.#now() };
    // One after the other: a set of before must not take the place of a later one.
    this.#writing = this.#writing
      .then(() => this.#store.write(this.#issuer.discovery, kept))
      .catch((error: unknown) => {
        const reason = `They cannot be kept for the next start: ${error instanceof Error ? error.message : String(error)}`;
        this.#tell('failed', reason);
      });
    this.#tell('read', null);
    return new Response(settled);
  }

  /** One request; while the last one that failed is young, none is made. Throws KeysUnavailable. */
  async #reading<T>(url: string, read: () => Promise<T>): Promise<T> {
    const failed = this.#failure;
    if (failed !== null && this.#now() - failed.at < this.#times.afterFailure) {
      throw failed.error;
    }
    try {
      const value = await read();
      this.#failure = null;
      return value;
    } catch (thrown) {
      const error = thrown instanceof KeysUnavailable ? thrown : unavailable(url, String(thrown), thrown);
      this.#failure = { at: this.#now(), error };
      this.#tell('failed', error.message);
      throw error;
    }
  }

  /** Only what is news. */
  #tell(state: 'read' | 'failed', reason: string | null): void {
    if (this.#told === state) {
      return;
    }
    this.#told = state;
    const { uat } = this.#cache;
    const lasts = uat === undefined ? null : Math.max(0, uat + this.#times.lasts - this.#now());
    const [issuer = ''] = this.#issuer.issuers;
    this.#observe({ event: 'signing-keys', issuer, state, reason, lasts });
  }
}

function objectOf(text: string, url: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw unavailable(url, 'what it sends is no JSON');
  }
  if (typeof value !== 'object' || value === null) {
    throw unavailable(url, 'what it sends is no JSON object');
  }
  return value as Readonly<Record<string, unknown>>;
}

/** Keys that come over plain http could be anybody's. */
const sameSafety = (uri: string, discovery: string): boolean =>
  uri.startsWith('https://') || (discovery.startsWith('http://') && uri.startsWith('http://'));
