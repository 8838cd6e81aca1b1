import type { Connection, Submittable } from 'pg';
import type { RowBatch, TextRow } from '../database.ts';
import { CopyFrames } from './copy-frames.ts';
import { dataRow } from './data-row.ts';
import { extendedQuery } from './extended-query.ts';
import { ReaderSocket } from './reader-socket.ts';

/** What is joined before a batch is handed over while more bytes are waiting: large enough to make its cost small,
 * small enough that the server fills its socket again meanwhile. */
const batchTarget = 96 * 1024;

/** Message types that the driver's own reader gets: notices, parameter changes, notifications, errors. */
const forDriver = new Set([0x4e, 0x53, 0x41, 0x45]);
const dataRowMessage = 0x44;
const readyForQuery = 0x5a;
/** Transaction status of ReadyForQuery: in none. */
const idleStatus = 0x49;

type DataListener = (chunk: Buffer) => void;

/**
 * `COPY (select) TO STDOUT` as the driver's active query: it takes over the driver's socket until ReadyForQuery. The
 * statements go by the extended protocol, each by itself, which refuses a second one behind a semicolon. Those `before` and
 * `after` go in the same message: after one that fails, none of the others is run.
 *
 * One consumer: `next` until null, or `fail`. The socket is only read while `next` waits.
 */
export class CopyOut implements Submittable {
  /** Rows of the statements before, in PostgreSQL's text format: whole once `next` gave its first batch or null. */
  readonly answers: TextRow[] = [];
  readonly #texts: readonly string[];
  readonly #frames: CopyFrames;
  #stream: Connection['stream'] | null = null;
  #driver: readonly DataListener[] = [];
  /** The server's refusal: thrown after the rows that came before it. */
  #refusal: Error | null = null;
  /** `fail` or a lost connection: thrown at once, no more rows. */
  #failure: Error | null = null;
  #readyMessage: Buffer | null = null;
  #tellingDriver = false;
  #taken = false;
  #flush: NodeJS.Immediate | null = null;
  #waiting: { resolve: (batch: RowBatch | null) => void; reject: (error: Error) => void } | null = null;

  /** `select`: null: there is none, and all rows are those of the statements before. */
  constructor(
    select: string | null,
    { before, after }: { readonly before: readonly string[]; readonly after: readonly string[] },
  ) {
    this.#texts = [...before, ...(select === null ? [] : [`COPY (${select}) TO STDOUT`]), ...after];
    this.#frames = new CopyFrames((type, message) => {
      if (type === readyForQuery) {
        this.#readyMessage = Buffer.from(message);
      } else if (type === dataRowMessage) {
        this.answers.push(dataRow(message));
      } else if (forDriver.has(type)) {
        this.#tellDriver(message);
      }
    });
  }

  /** True when the server is done with the statement and the connection can take another one. */
  get finished(): boolean {
    return this.#frames.finished;
  }

  /** True when the server is done with it and in no transaction any more. */
  get idle(): boolean {
    return this.#readyMessage?.[5] === idleStatus;
  }

  /** The next rows; null at the end. Throws the server's error, or what `fail` was given. */
  next(): Promise<RowBatch | null> {
    if (this.#taken) {
      this.#frames.release();
    }
    this.#taken = false;
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      if (this.#frames.finished || this.#failure !== null) {
        this.#settle();
      } else if (this.#frames.count > 0) {
        this.#settleSoon();
      }
      this.#stream?.resume();
    });
  }

  /** Ends the iteration with an error; what the server still sends is read and thrown away. */
  fail(error: Error): void {
    this.#failure ??= error;
    this.#settle();
    this.#stream?.resume();
  }

  /** Gives the memory of the rows back, once they are finished and nobody looks at them any more. */
  dispose(): void {
    this.#frames.dispose();
  }

  // Called by the driver from here on.

  submit(connection: Connection): void {
    const { stream } = connection;
    this.#stream = stream;
    this.#driver = stream.listeners('data') as DataListener[];
    for (const listener of this.#driver) {
      stream.off('data', listener);
    }
    stream.once('close', this.#onClose);
    if (stream instanceof ReaderSocket) {
      stream.reader = this.#onData;
    } else {
      stream.on('data', this.#onData);
    }
    stream.write(extendedQuery(this.#texts));
  }

  handleError(error: Error): void {
    if (this.#tellingDriver) {
      this.#refusal ??= error;
      return;
    }
    // Not from a message of the server: the connection is lost, and no ReadyForQuery will come.
    this.#failure ??= error;
    this.#settle();
  }

  handleReadyForQuery(): void {}

  handleCommandComplete(): void {}

  /** A server that ends the session says why and hangs up, and the driver has forgotten us by then. */
  readonly #onClose = (): void => {
    if (this.#frames.finished) {
      return;
    }
    this.#failure ??= this.#refusal ?? new Error('Connection terminated unexpectedly');
    this.#settle();
  };

  readonly #onData = (chunk: Buffer): void => {
    this.#frames.append(chunk);
    if (this.#failure !== null && !this.#taken) {
      this.#frames.release();
    }
    if (this.#frames.finished) {
      this.#giveBack();
    }
    if (this.#frames.finished || this.#frames.size >= batchTarget) {
      this.#settle();
    } else if (this.#frames.count > 0) {
      this.#settleSoon();
    }
  };

  /** After the reads of this turn of the event loop, which joins them into one batch. */
  #settleSoon(): void {
    this.#flush ??= setImmediate(() => this.#settle());
  }

  /** Answers the one who waits, if there is something to say; stops reading when there is nobody to read for. */
  #settle(): void {
    if (this.#flush !== null) {
      clearImmediate(this.#flush);
    }
    this.#flush = null;
    const waiting = this.#waiting;
    const error = this.#failure ?? (this.#frames.count === 0 && this.#frames.finished ? this.#refusal : null);
    if (waiting !== null && (error !== null || this.#frames.count > 0 || this.#frames.finished)) {
      this.#waiting = null;
      if (error !== null) {
        waiting.reject(error);
      } else {
        waiting.resolve(this.#frames.count > 0 ? this.#take() : null);
      }
    }
    if (this.#waiting === null && this.#failure === null && !this.#frames.finished) {
      this.#stream?.pause();
    }
  }

  #take(): RowBatch {
    this.#taken = true;
    return this.#frames.take();
  }

  /** The driver's listeners return, and see the end of the statement as if they had been there all the time. */
  #giveBack(): void {
    const stream = this.#stream;
    if (stream === null) {
      return;
    }
    if (stream instanceof ReaderSocket) {
      stream.reader = null;
    } else {
      stream.off('data', this.#onData);
    }
    stream.off('close', this.#onClose);
    for (const listener of this.#driver) {
      stream.on('data', listener);
    }
    stream.resume();
    if (this.#readyMessage !== null) {
      this.#tellDriver(this.#readyMessage);
    }
  }

  #tellDriver(message: Buffer): void {
    // A copy: the driver's parser may keep parts of what it was given.
    const copy = Buffer.from(message);
    this.#tellingDriver = true;
    for (const listener of this.#driver) {
      listener(copy);
    }
    this.#tellingDriver = false;
  }
}
