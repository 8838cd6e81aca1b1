import { Writable } from 'node:stream';
import type { ReplyTarget } from './reply-target.ts';

/** Status and headers of a captured reply; names as they were set. */
export interface CapturedHead {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** Takes a captured reply as it comes. A promise that is not settled holds up the reply, and so the database. */
export interface ReplyTaker {
  head(head: CapturedHead): void;
  /** The bytes are only valid until the promise settles. */
  body(bytes: Uint8Array): Promise<void>;
}

/**
 * A reply that is not sent over a connection of its own. Ends with `finish` when it is whole; destroyed, it was broken
 * off, and whoever put it into another reply must break that off too.
 */
export class CapturedReply extends Writable implements ReplyTarget {
  statusCode = 200;
  headersSent = false;
  readonly req: { readonly method: string };
  /** Resolves when the reply is whole; throws when it was broken off. */
  readonly whole: Promise<void>;
  readonly #headers = new Map<string, readonly [name: string, value: string]>();
  readonly #taker: ReplyTaker;
  #told = false;

  constructor(method: string, taker: ReplyTaker, signal: AbortSignal) {
    super();
    this.req = { method };
    this.#taker = taker;
    const hangUp = (): void => {
      this.destroy();
    };
    let fault: Error | null = null;
    this.once('error', (error) => {
      fault = error;
    });
    this.whole = new Promise((resolve, reject) => {
      this.once('close', () => {
        signal.removeEventListener('abort', hangUp);
        if (this.writableFinished) {
          resolve();
        } else {
          reject(fault ?? new BrokenReply());
        }
      });
    });
    // Whoever waits for `whole` later than it breaks is still told.
    this.whole.catch(() => {});
    if (signal.aborted) {
      this.destroy();
    } else {
      signal.addEventListener('abort', hangUp);
    }
  }

  setHeader(name: string, value: string): void {
    this.#headers.set(name.toLowerCase(), [name, value]);
  }

  writeHead(status: number, headers: Readonly<Record<string, string>> = {}): void {
    for (const [name, value] of Object.entries(headers)) {
      this.setHeader(name, value);
    }
    this.statusCode = status;
    this.headersSent = true;
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#tellHead();
    const taken = this.req.method === 'HEAD' ? Promise.resolve() : this.#taker.body(chunk);
    taken.then(() => done(), done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#tellHead();
    done();
  }

  #tellHead(): void {
    if (this.#told) {
      return;
    }
    this.#told = true;
    this.headersSent = true;
    this.#taker.head({ status: this.statusCode, headers: Object.fromEntries(this.#headers.values()) });
  }
}

/** A reply that is part of another one broke off, so that the other one cannot be whole either. Told already by the part. */
export class BrokenReply extends Error {
  constructor() {
    super('A reply that is part of this one broke off');
    this.name = 'BrokenReply';
  }
}
