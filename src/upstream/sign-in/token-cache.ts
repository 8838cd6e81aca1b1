import { GatewayError } from '../../errors.ts';
import type { UpstreamEvent } from '../../observation/events/upstream.ts';
import type { Observe } from '../../observation/observe.ts';
import type { UpstreamSignIn } from './sign-in.ts';
import type { TimeSource } from './time-source.ts';

/** An access token, and until when it holds. */
export interface AccessToken {
  readonly text: string;
  /** When it was given, in milliseconds since 1970. */
  readonly from: number;
  readonly expiresAt: number;
}

export interface TokenCacheSettings {
  readonly source: string;
  readonly time: TimeSource;
  readonly observe: Observe<UpstreamEvent>;
  /** Asks for a token; `refused`: the text of one that does not do any more. Throws GatewayError. */
  readonly obtain: (refused: string | null, signal: AbortSignal) => Promise<AccessToken>;
  /** Whether a failure was found without the server, so that it may be over as soon as a person has acted. Absent: none is. */
  readonly isOurs?: (error: unknown) => boolean;
  /** Whether a request that is under way must come to its end, since its reply is the only copy of something. Absent: no. */
  readonly endsFirst?: boolean;
}

/** Milliseconds before its end at which a token is renewed; of a short-lived one a quarter of its life. */
const margin = 5 * 60_000;
/** Milliseconds before its end at which a token is not sent any more: it would end on its way. */
const tail = 30_000;
/** Milliseconds after a failure within which nobody asks again, where the server does not say. */
const hold = 10_000;
/** The same for failures that no server was asked for. */
const shortHold = 1000;
/** Milliseconds for which another token is not tried after one that was just made was refused. */
const refusalHold = 60_000;

/**
 * Access tokens kept for as long as they hold, and asked for by one at a time: whoever comes meanwhile waits for the same. In the last minutes of a token
 * the next one is asked for while it is still sent, so that nobody waits and a server that is down for a while is not noticed.
 */
export class TokenCache implements UpstreamSignIn {
  readonly passesCaller = false;
  readonly #settings: TokenCacheSettings;
  readonly #closing = new AbortController();
  #token: AccessToken | null = null;
  #asking: Promise<AccessToken> | null = null;
  #failure: { readonly error: unknown; readonly until: number } | null = null;
  /** When a token was refused that had been made in place of a refused one. */
  #refusedAt = Number.NEGATIVE_INFINITY;
  /** The token that was made in place of a refused one. */
  #replacement: string | null = null;

  constructor(settings: TokenCacheSettings) {
    this.#settings = settings;
  }

  async authorization(signal: AbortSignal | null): Promise<string> {
    const now = this.#settings.time.now();
    const token = this.#token;
    if (token !== null && isFresh(token, now)) {
      return headerOf(token);
    }
    const asked = this.#ask(null);
    if (token !== null && token.expiresAt - now > Math.min(tail, marginOf(token) / 2)) {
      asked.catch(() => undefined);
      return headerOf(token);
    }
    return headerOf(await unless(signal, asked));
  }

  async renew(refused: string, signal: AbortSignal | null): Promise<string | null> {
    const { time } = this.#settings;
    if (this.#token !== null && headerOf(this.#token) !== refused) {
      return headerOf(this.#token);
    }
    if (refused === this.#replacement) {
      this.#refusedAt = time.now();
      this.#replacement = null;
    }
    if (time.now() - this.#refusedAt < refusalHold) {
      return null;
    }
    const text = this.#token?.text ?? null;
    this.#token = null;
    const token = await unless(signal, this.#ask(text));
    this.#replacement = headerOf(token);
    return headerOf(token) === refused ? null : headerOf(token);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    if (this.#settings.endsFirst === true) {
      await this.#asking?.catch(() => undefined);
    }
  }

  /** The one request that is under way. It is nobody's own, so that whoever leaves takes it from nobody. */
  #ask(refused: string | null): Promise<AccessToken> {
    const { time } = this.#settings;
    if (this.#failure !== null && time.now() < this.#failure.until) {
      return Promise.reject(this.#failure.error);
    }
    this.#asking ??= this.#obtain(refused).finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  async #obtain(refused: string | null): Promise<AccessToken> {
    const { source, time, observe, obtain, isOurs = () => false } = this.#settings;
    try {
      const token = await obtain(refused, this.#closing.signal);
      this.#token = token;
      this.#failure = null;
      const minutes = Math.round((token.expiresAt - time.now()) / 60_000);
      observe({ event: 'sign-in', source, state: 'ok', message: `Signed in, for ${minutes} minutes` });
      return token;
    } catch (error) {
      const said = error instanceof GatewayError ? error.retryAfter : undefined;
      const usual = isOurs(error) ? shortHold : hold;
      this.#failure = { error, until: time.now() + (said === undefined ? usual : said * 1000) };
      if (!this.#closing.signal.aborted) {
        observe({ event: 'sign-in', source, state: 'failed', message: messageOf(error) });
      }
      throw error;
    }
  }
}

const headerOf = ({ text }: AccessToken): string => `Bearer ${text}`;

/** Whether it need not be renewed yet. */
export const isFresh = (token: AccessToken, now: number): boolean => token.expiresAt - now > marginOf(token);

const marginOf = ({ from, expiresAt }: { readonly from: number; readonly expiresAt: number }): number =>
  Math.min(margin, (expiresAt - from) / 4);

/** The outcome of work, or the end of waiting for it. */
export async function unless<T>(signal: AbortSignal | null, work: Promise<T>): Promise<T> {
  if (signal === null) {
    return work;
  }
  work.catch(() => undefined);
  signal.throwIfAborted();
  let stop = (): void => undefined;
  const stopped = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, stopped]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
