import { createHash } from 'node:crypto';
import type { SignInSettings } from '../../catalogue/sign-in-settings.ts';
import { GatewayError } from '../../errors.ts';
import { SignInEnded, SignInMissing } from './refusals.ts';
import { Seal } from './seal.ts';
import { readSecret } from './secrets.ts';
import type { KeptSignIn, SignInStore } from './sign-in-store.ts';
import { type AccessToken, isFresh } from './token-cache.ts';
import type { TokenClient, TokenClientContext, TokenReply } from './token-client.ts';

export type LastingSettings = Extract<SignInSettings, { readonly kind: 'refresh-token' | 'device-code' }>;

/** Where lasting sign-ins are kept, and the secrets that seal them; `secrets` empty: there is none. */
export interface SignInKeeping {
  readonly store: SignInStore;
  readonly secrets: readonly string[];
}

/** Sign-ins cannot be kept, so there can be none that last. */
export const nowhere: SignInKeeping = {
  store: {
    read: async () => null,
    keep: async () => null,
    announce: async () => undefined,
    end: async () => undefined,
    forget: async () => false,
    exclusively: (_source, work) => work(),
  },
  secrets: [],
};

/** What is secret of a sign-in. */
interface Secrets {
  readonly refreshToken: string;
  readonly access: AccessToken | null;
}

/** Milliseconds between two looks while another gateway renews the sign-in. */
const look = 250;
/** Milliseconds after which somebody who waits for that is sent away. */
const patience = 90_000;
/** Pauses in milliseconds between attempts to keep a new refresh token. */
const keepingPauses = [200, 500, 1000, 2000, 4000, 8000];
/** Milliseconds before the expected end of a sign-in from which on it is told. */
export const endNotice = 14 * 86_400_000;
const between = 12 * 3_600_000;

/**
 * The sign-in of a person, kept up by refresh tokens. A server may take each of them once, and end the whole sign-in when one comes again: so one gateway of all
 * that share a database renews at a time, the new refresh token is committed before anything else is done with the reply, and whoever waited takes what was
 * kept. The access token is kept beside it: several gateways share one.
 */
export class LastingSignIn {
  readonly #settings: LastingSettings;
  readonly #client: TokenClient;
  readonly #context: TokenClientContext;
  readonly #keeping: SignInKeeping;
  /** What the server gave and the database did not take yet: the only copy. */
  #unkept: { readonly kept: Omit<KeptSignIn, 'generation'>; readonly before: string | null } | null = null;
  #warnedAt = Number.NEGATIVE_INFINITY;

  constructor(
    settings: LastingSettings,
    client: TokenClient,
    context: TokenClientContext & { readonly keeping: SignInKeeping },
  ) {
    this.#settings = settings;
    this.#client = client;
    this.#context = context;
    this.#keeping = context.keeping;
  }

  /** Of the secrets of now: they can be changed meanwhile. */
  get #seal(): Seal {
    return new Seal(this.#keeping.secrets);
  }

  /** An access token that holds, other than `refused`. Throws GatewayError. */
  async obtain(refused: string | null, signal: AbortSignal): Promise<AccessToken> {
    const { source, time } = this.#context;
    const { store } = this.#keeping;
    this.#requireKey();
    const from = time.now();
    for (;;) {
      const known = await this.#usable(refused);
      if (known !== null) {
        return known;
      }
      const renewed = await store.exclusively(source, async () => (await this.#usable(refused)) ?? this.#renew());
      if (renewed !== null) {
        return renewed;
      }
      if (time.now() - from > patience) {
        throw new GatewayError(
          'UpstreamUnavailable',
          `Another gateway is signing in at the proxied feed ${source}, and has not ended yet.`,
          { retryAfter: 10 },
        );
      }
      await time.pause(look, signal);
    }
  }

  /** Keeps what a person just signed in for, in place of whatever there is. Resolves to when it is expected to end. */
  async begin(reply: TokenReply): Promise<number> {
    const { source, time } = this.#context;
    this.#requireKey();
    if (reply.refreshToken === null) {
      throw new GatewayError(
        'UpstreamRefused',
        `The server gave no refresh token for the proxied feed ${source}: the client must be allowed offline access there.`,
      );
    }
    const kept = this.#keptOf(reply, { refreshToken: reply.refreshToken, signedInAt: time.now(), seed: null });
    await this.#keeping.store.keep(source, kept, 'any');
    return kept.endsAt;
  }

  /** What is kept, as far as it can be used. */
  async #usable(refused: string | null): Promise<AccessToken | null> {
    const kept = await this.#current();
    const access = kept?.secrets.access ?? null;
    return access !== null && access.text !== refused && isFresh(access, this.#context.time.now()) ? access : null;
  }

  /** Under the lock. */
  async #renew(): Promise<AccessToken> {
    const { source } = this.#context;
    const { store } = this.#keeping;
    await this.#keepWhatIsNot();
    const current = await this.#current();
    const { refreshToken, signedInAt, seed, before } = await this.#startOf(current);
    await store.announce(source);
    const reply = await this.#client.refresh(refreshToken).catch(async (error: unknown) => {
      if (error instanceof SignInEnded && before !== null) {
        await store.end(source, before, error.reason);
      }
      throw error;
    });
    const next = reply.refreshToken ?? refreshToken;
    this.#unkept = { kept: this.#keptOf(reply, { refreshToken: next, signedInAt, seed }), before };
    await this.#keepWhatIsNot();
    return accessOf(reply);
  }

  /** Where a renewal starts from: what is kept, or else the refresh token of a file. */
  async #startOf(current: Current | null) {
    const { source, time } = this.#context;
    if (current !== null) {
      const { generation: before, signedInAt, seed } = current.kept;
      return { refreshToken: current.secrets.refreshToken, signedInAt, seed, before };
    }
    const given = await this.#given();
    if (given === null) {
      throw new SignInMissing(source);
    }
    const there = await this.#keeping.store.read(source);
    return { refreshToken: given, signedInAt: time.now(), seed: digest(given), before: there?.generation ?? null };
  }

  /**
   * The sign-in that is kept, opened; null: there is none for these settings. One from another file than that of now is none. Throws SignInEnded where the
   * server has ended it: asking again would do no good.
   */
  async #current(): Promise<Current | null> {
    const { source } = this.#context;
    const kept = await this.#keeping.store.read(source);
    if (kept === null || kept.client !== this.#identity()) {
      return null;
    }
    const given = await this.#given();
    if (given !== null && kept.seed !== digest(given)) {
      return null;
    }
    if (kept.ended !== null) {
      throw new SignInEnded(source, `the sign-in has ended: ${this.#again()}`, kept.ended);
    }
    const text = this.#seal.open(kept.sealed, this.#sealContext());
    if (text === null) {
      throw new GatewayError(
        'UpstreamRefused',
        `The kept sign-in at the proxied feed ${source} was sealed with another key: its operator must give SIGN_IN_KEY_FILE that key, or sign in again.`,
      );
    }
    this.#lookAtEnd(kept);
    return { kept, secrets: JSON.parse(text) as Secrets };
  }

  /** The refresh token that the settings name; null: they name none. */
  async #given(): Promise<string | null> {
    return this.#settings.kind === 'refresh-token'
      ? readSecret(this.#settings.refreshToken, 'refresh token', this.#context)
      : null;
  }

  #keptOf(
    reply: TokenReply,
    of: { readonly refreshToken: string; readonly signedInAt: number; readonly seed: string | null },
  ): Omit<KeptSignIn, 'generation'> {
    const { refreshTokenDays, signInDays } = this.#settings;
    const now = this.#context.time.now();
    const secrets: Secrets = { refreshToken: of.refreshToken, access: accessOf(reply) };
    const ends = reply.refreshExpiresAt ?? now + refreshTokenDays * 86_400_000;
    const last = signInDays === null ? Number.POSITIVE_INFINITY : of.signedInAt + signInDays * 86_400_000;
    return {
      client: this.#identity(),
      seed: of.seed,
      sealed: this.#seal.seal(JSON.stringify(secrets), this.#sealContext()),
      signedInAt: of.signedInAt,
      refreshedAt: now,
      endsAt: Math.min(ends, last),
      ended: null,
    };
  }

  /** Commits what the server gave: before that nothing is done with it. A database that is away is waited for, and tried again at the next renewal. */
  async #keepWhatIsNot(): Promise<void> {
    const { source, time } = this.#context;
    for (let attempt = 0; this.#unkept !== null; attempt++) {
      const { kept, before } = this.#unkept;
      try {
        // null: a person signed in anew meanwhile, and that one counts.
        await this.#keeping.store.keep(source, kept, before);
        this.#unkept = null;
      } catch (error) {
        const pause = keepingPauses[attempt];
        if (pause === undefined) {
          throw error;
        }
        await time.pause(pause, null);
      }
    }
  }

  #lookAtEnd({ endsAt }: KeptSignIn): void {
    const { source, time, observe } = this.#context;
    const now = time.now();
    if (endsAt - now < endNotice && now - this.#warnedAt >= between) {
      this.#warnedAt = now;
      const days = Math.max(0, Math.floor((endsAt - now) / 86_400_000));
      const message = `The sign-in is expected to end in ${days} days: ${this.#again()}`;
      observe({ event: 'sign-in', source, state: 'warning', message });
    }
  }

  #again(): string {
    return this.#settings.kind === 'device-code'
      ? `somebody must sign in again with "gateway connect ${this.#context.source}"`
      : 'somebody must sign in again, and put the new refresh token into its file';
  }

  #requireKey(): void {
    if (this.#keeping.secrets.length === 0) {
      throw new GatewayError('UpstreamRefused', keyMissing(this.#context.source));
    }
  }

  /** Whose sign-in it is: one for other settings is not used. */
  #identity(): string {
    const { server, clientId, scope, resource } = this.#settings;
    return digest(JSON.stringify([server, clientId, scope, resource]));
  }

  #sealContext(): string {
    return `${this.#context.source}\n${this.#identity()}`;
  }
}

interface Current {
  readonly kept: KeptSignIn;
  readonly secrets: Secrets;
}

export const keyMissing = (source: string): string =>
  `There is no key that the sign-in at the proxied feed ${source} could be kept with: its operator must set SIGN_IN_KEY_FILE.`;

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

export const accessOf = ({ accessToken: text, from, expiresAt }: TokenReply): AccessToken => ({
  text,
  from,
  expiresAt,
});
