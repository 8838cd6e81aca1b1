import type pg from 'pg';
import { GatewayError } from '../errors.ts';
import { types } from './connection-pool.ts';
import { CopyOut } from './copy-out.ts';
import type { DatabaseRow, QueryResult, ReadOptions, ReadSession, RowBatch } from './database.ts';
import { postgresError } from './postgres-errors.ts';

/** Milliseconds granted to a server that sends the rest of rows nobody wants, before the statement is cancelled. */
const drainTime = 20;

/** Ends what runs on a connection, from another one. */
export type CancelStatement = (client: pg.PoolClient) => Promise<void>;

/**
 * One read transaction on one connection. Watches the caller's signal and the time spent waiting for PostgreSQL: both
 * cancel the running statement, and the connection is not used again.
 */
export class PostgresReadSession implements ReadSession {
  readonly #client: pg.PoolClient;
  readonly #options: ReadOptions;
  readonly #cancelStatement: CancelStatement;
  #interrupted: Error | null = null;
  #cancelling: Promise<void> | null = null;
  #running: ((error: Error) => void) | null = null;

  constructor(client: pg.PoolClient, options: ReadOptions, cancelStatement: CancelStatement) {
    this.#client = client;
    this.#options = options;
    this.#cancelStatement = cancelStatement;
    options.signal.addEventListener('abort', this.#onAbort);
  }

  async query<Row extends DatabaseRow = DatabaseRow>(text: string): Promise<QueryResult<Row>> {
    this.#mayRun();
    const broken = new Promise<never>((_, reject) => {
      this.#running = reject;
    });
    // The extended protocol refuses a text with two statements.
    const config: pg.QueryConfig & { queryMode: 'extended' } = { text, types, queryMode: 'extended' };
    const answer = this.#client.query<Row>(config);
    // When the interruption wins, the statement's own end is nobody's any more.
    answer.catch(() => {});
    try {
      const result = await Promise.race([answer, broken]);
      return { rows: result.rows, rowCount: result.rowCount ?? 0 };
    } catch (error) {
      throw postgresError(error);
    } finally {
      this.#running = null;
    }
  }

  async *copyOut(select: string): AsyncGenerator<RowBatch, void, undefined> {
    this.#mayRun();
    const copy = this.#client.query(new CopyOut(select));
    this.#running = (error) => copy.fail(error);
    let left = this.#options.timeout;
    try {
      for (;;) {
        const asked = performance.now();
        const clock = setTimeout(() => this.#interrupt(timedOut()), left);
        const batch = await copy.next().finally(() => clearTimeout(clock));
        left -= performance.now() - asked;
        if (batch === null) return;
        yield batch;
      }
    } catch (error) {
      throw postgresError(error);
    } finally {
      this.#running = null;
      if (!copy.finished) await this.#abandon(copy);
      if (copy.finished) copy.dispose();
    }
  }

  /** Call once when the work is over: true when the connection can be used again. */
  async end(): Promise<boolean> {
    this.#options.signal.removeEventListener('abort', this.#onAbort);
    await this.#cancelling;
    return this.#interrupted === null;
  }

  readonly #onAbort = (): void => {
    const reason: unknown = this.#options.signal.reason;
    this.#interrupt(reason instanceof Error ? reason : new Error(String(reason)));
  };

  #mayRun(): void {
    if (this.#options.signal.aborted) this.#onAbort();
    if (this.#interrupted !== null) throw this.#interrupted;
    if (this.#running !== null) throw new Error('A read session runs one statement at a time.');
  }

  #interrupt(error: Error): void {
    if (this.#interrupted !== null) return;
    this.#interrupted = error;
    if (this.#running === null) return;
    this.#running(error);
    this.#cancelling = this.#cancelStatement(this.#client);
  }

  /** The consumer went away early: the little that may be left is read, else the statement is cancelled. */
  async #abandon(copy: CopyOut): Promise<void> {
    if (this.#interrupted !== null) return;
    copy.fail(new Error('The rows are not wanted any more.'));
    const until = performance.now() + drainTime;
    while (!copy.finished && performance.now() < until) await new Promise((resolve) => setImmediate(resolve));
    if (copy.finished) return;
    this.#interrupted = new Error('The reading of rows was given up before their end.');
    this.#cancelling = this.#cancelStatement(this.#client);
  }
}

function timedOut(): GatewayError {
  return new GatewayError('QueryTimeout', 'The query took longer than the time limit.');
}
