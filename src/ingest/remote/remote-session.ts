import { setTimeout as pause } from 'node:timers/promises';
import type { GatewayError } from '../../errors.ts';
import { mayPass } from './faults.ts';
import type { RemoteConnection, RemoteServer } from './remote-server.ts';

/** Milliseconds before each further try. A server that restarts is back within the last of them, and a round does not last for ever. */
export const retryDelays: readonly number[] = [1000, 5000, 20_000];

export interface SessionOptions {
  /** Default: `retryDelays`. */
  readonly delays?: readonly number[];
  /** Ends the pauses, and with them the session. */
  readonly signal?: AbortSignal;
  /** Told of each try that failed and is followed by another one. */
  readonly onRetry?: (failed: {
    readonly error: GatewayError;
    readonly attempt: number;
    readonly wait: number;
  }) => void;
}

/** One connection for a round: logins are slow, counted, and limited. It is made anew where it was lost, a few times. */
export class RemoteSession {
  readonly #server: RemoteServer;
  readonly #options: SessionOptions;
  #connection: RemoteConnection | null = null;

  constructor(server: RemoteServer, options: SessionOptions = {}) {
    this.#server = server;
    this.#options = options;
  }

  /**
   * Work on a connection. Where it fails with what may pass, it is done again on a new one; `advanced` says that it came on since, so that the
   * tries begin anew. Throws what the last try threw.
   */
  async use<T>(
    work: (connection: RemoteConnection) => Promise<T>,
    { advanced = () => false, onRetry }: Repeats = {},
  ): Promise<T> {
    const { delays = retryDelays, signal } = this.#options;
    for (let attempt = 1; ; attempt++) {
      try {
        this.#connection ??= await this.#server.connect();
        return await work(this.#connection);
      } catch (error) {
        if (!mayPass(error)) {
          throw error;
        }
        await this.close();
        attempt = advanced() ? 1 : attempt;
        const delay = delays[attempt - 1];
        if (delay === undefined || signal?.aborted === true) {
          throw error;
        }
        // Gateways that lost the same server do not come back at once.
        const wait = Math.round(delay * (0.8 + Math.random() * 0.4));
        (onRetry ?? this.#options.onRetry)?.({ error, attempt, wait });
        await pause(wait, undefined, signal === undefined ? {} : { signal }).catch(() => {
          throw error;
        });
      }
    }
  }

  async close(): Promise<void> {
    const connection = this.#connection;
    this.#connection = null;
    await connection?.close();
  }
}

export interface Repeats {
  readonly advanced?: () => boolean;
  readonly onRetry?: SessionOptions['onRetry'];
}
