import type pg from 'pg';
import { GatewayError } from '../../errors.ts';
import type { WarehouseEvent } from '../../observation/events/warehouse.ts';
import type { Observe } from '../../observation/observe.ts';
import type { DatabaseRow, QueryResult, ReadOptions, ReadSession, Rest, RowBatch, TextRow } from '../database.ts';
import { readOnlyError } from '../postgres-errors.ts';
import { asReader, beginning, types } from './connection-pool.ts';
import { CopyOut } from './copy-out.ts';
import { tellStatement } from './tell-statement.ts';

/** Milliseconds granted to a server that sends the rest of rows nobody wants, before the statement is cancelled. */
const drainTime = 20;

/** Ends what runs on a connection, from another one. */
export type CancelStatement = (client: pg.PoolClient) => Promise<void>;

/** Where a session leaves its connection: in a transaction, with none, or not to be used again. */
export type SessionEnd = 'open' | 'idle' | 'broken';

/** What a session needs to know of its read. */
export interface SessionOptions extends Pick<ReadOptions, 'timeout' | 'seenTimeout' | 'unseen' | 'signal' | 'opening'> {
  readonly rest: Rest;
  readonly observe: Observe<WarehouseEvent>;
  /** `SET LOCAL` statements that go with its beginning. */
  readonly local: readonly string[];
  /** Its transaction was begun before it, with all that is set for it. Absent: no. */
  readonly begun?: boolean;
}

/**
 * One read transaction on one connection. It begins with the first statement: a `copyOut` takes the beginning, and the
 * opening query, along in its own round trip. Watches the caller's signal and the time spent waiting for PostgreSQL: both
 * cancel the running statement, and the connection is not used again.
 */
export class PostgresReadSession implements ReadSession {
  readonly rest: Rest;
  readonly #client: pg.PoolClient;
  readonly #options: SessionOptions;
  readonly #cancelStatement: CancelStatement;
  #interrupted: Error | null = null;
  #cancelling: Promise<void> | null = null;
  #running: ((error: Error) => void) | null = null;
  #state: 'new' | 'begun' | 'over';
  #opening: readonly TextRow[] | null = null;

  constructor(client: pg.PoolClient, options: SessionOptions, cancelStatement: CancelStatement) {
    this.rest = options.rest;
    this.#client = client;
    this.#options = options;
    this.#cancelStatement = cancelStatement;
    this.#state = options.begun === true ? 'begun' : 'new';
    options.signal.addEventListener('abort', this.#onAbort);
  }

  async query<Row extends DatabaseRow = DatabaseRow>(text: string): Promise<QueryResult<Row>> {
    this.#tell(text);
    // The extended protocol refuses a text with two statements.
    const config: pg.QueryConfig & { queryMode: 'extended' } = { text, types, queryMode: 'extended' };
    const { rows, rowCount } = await this.#interruptible(() => this.#client.query<Row>(config));
    return { rows, rowCount: rowCount ?? 0 };
  }

  async opening(): Promise<readonly TextRow[]> {
    if (this.#opening !== null) {
      return this.#opening;
    }
    const text = this.#options.opening;
    if (text === undefined) {
      return [];
    }
    this.#tell(text);
    // Behind the beginning in one text, it costs one round trip; it is ours, so no second statement can hide in it.
    const beginning = this.#state === 'begun' ? [] : this.#beginning(this.#limit);
    this.#state = 'begun';
    const config: pg.QueryArrayConfig = { text: [...beginning, text].join('; '), types, rowMode: 'array' };
    const answer = await this.#interruptible(() => this.#client.query<(string | null)[]>(config));
    // Several statements answer with a list, which the driver's types leave out.
    const { rows } = (Array.isArray(answer) ? answer.at(-1) : answer) as pg.QueryArrayResult<(string | null)[]>;
    this.#opening = rows;
    return rows;
  }

  /** Rows of statements that give few, one after the other, and the end of the transaction, all in one round trip. Nothing may follow. */
  async finalRows(statements: readonly string[]): Promise<readonly TextRow[]> {
    this.#mayRun();
    for (const statement of statements) {
      this.#tell(statement);
    }
    const beginning = this.#state === 'begun' ? [] : this.#beginning(this.#limit);
    this.#state = 'begun';
    const copy = this.#client.query(new CopyOut(null, { before: [...beginning, ...statements], after: ['COMMIT'] }));
    this.#running = (error) => copy.fail(error);
    try {
      await copy.next();
      return copy.answers;
    } catch (error) {
      throw readOnlyError(error);
    } finally {
      this.#running = null;
      if (copy.finished) {
        copy.dispose();
      }
      if (copy.idle) {
        this.#state = 'over';
      }
    }
  }

  async *copyOut(
    select: string,
    options: { readonly final: boolean } = { final: false },
  ): AsyncGenerator<RowBatch, void, undefined> {
    this.#mayRun();
    const carries = this.#opening === null && this.#options.opening !== undefined;
    if (carries) {
      this.#tell(this.#options.opening);
    }
    this.#tell(select);
    const copy = this.#client.query(
      new CopyOut(select, { before: this.#beforeCopy(), after: options.final ? ['COMMIT'] : [] }),
    );
    this.#running = (error) => copy.fail(error);
    const { timeout, seenTimeout = timeout, unseen } = this.#options;
    let taken = 0;
    try {
      for (;;) {
        const asked = performance.now();
        let clock = setTimeout(() => {
          // Rows of it went out: to break them off would be worse than to let them come to their end.
          const until = unseen?.() === false ? seenTimeout : timeout;
          const left = until - taken - (performance.now() - asked);
          clock = setTimeout(() => this.#interrupt(timedOut()), left);
        }, timeout - taken);
        const batch = await copy.next().finally(() => clearTimeout(clock));
        taken += performance.now() - asked;
        if (carries) {
          this.#opening = copy.answers;
        }
        if (batch === null) {
          return;
        }
        yield batch;
      }
    } catch (error) {
      throw readOnlyError(error);
    } finally {
      this.#running = null;
      if (!copy.finished) {
        await this.#abandon(copy);
      }
      if (copy.finished) {
        copy.dispose();
      }
      if (copy.idle) {
        this.#state = 'over';
      }
    }
  }

  /** Waits for the statement or for what interrupts it; begins the transaction if that was not done yet. */
  async #interruptible<Result>(statement: () => Promise<Result>): Promise<Result> {
    this.#mayRun();
    const broken = new Promise<never>((_, reject) => {
      this.#running = reject;
    });
    const answer = this.#begin().then(() => {
      if (this.#interrupted !== null) {
        throw this.#interrupted;
      }
      return statement();
    });
    // When the interruption wins, the statement's own end is nobody's any more.
    answer.catch(() => {});
    try {
      return await Promise.race([answer, broken]);
    } catch (error) {
      throw readOnlyError(error);
    } finally {
      this.#running = null;
    }
  }

  async #begin(): Promise<void> {
    if (this.#state === 'begun') {
      return;
    }
    this.#state = 'begun';
    await this.#client.query(this.#beginning(this.#limit).join('; '));
  }

  /**
   * What goes ahead of a COPY in its message. The server's time limit is lifted for it, since that clock also runs while
   * a slow client holds the rows up. One failure skips all that follows, so no row is read in another role.
   */
  #beforeCopy(): readonly string[] {
    const beginning = this.#state === 'begun' ? ['SET LOCAL statement_timeout = 0'] : this.#beginning(0);
    this.#state = 'begun';
    const { opening } = this.#options;
    return opening === undefined || this.#opening !== null ? beginning : [...beginning, opening];
  }

  get #limit(): number {
    return Math.max(1, Math.ceil(this.#options.timeout));
  }

  #beginning(timeout: number): readonly string[] {
    const begun = beginning(this.#client, 'REPEATABLE READ READ ONLY');
    return [...begun, ...this.#options.local, ...asReader(this.#client, timeout)];
  }

  #tell(statement: string): void {
    tellStatement(this.#options.observe, 'reader', statement);
  }

  /** Call once when the work is over. */
  async end(): Promise<SessionEnd> {
    this.#options.signal.removeEventListener('abort', this.#onAbort);
    await this.#cancelling;
    if (this.#interrupted !== null) {
      return 'broken';
    }
    return this.#state === 'begun' ? 'open' : 'idle';
  }

  readonly #onAbort = (): void => {
    const reason: unknown = this.#options.signal.reason;
    this.#interrupt(reason instanceof Error ? reason : new Error(String(reason)));
  };

  #mayRun(): void {
    if (this.#options.signal.aborted) {
      this.#onAbort();
    }
    if (this.#interrupted !== null) {
      throw this.#interrupted;
    }
    if (this.#running !== null) {
      throw new Error('A read session runs one statement at a time.');
    }
    if (this.#state === 'over') {
      throw new Error('The final statement of this read session was run.');
    }
  }

  #interrupt(error: Error): void {
    if (this.#interrupted !== null) {
      return;
    }
    this.#interrupted = error;
    if (this.#running === null) {
      return;
    }
    this.#running(error);
    this.#cancelling = this.#cancelStatement(this.#client);
  }

  /** The consumer went away early: the little that may be left is read, else the statement is cancelled. */
  async #abandon(copy: CopyOut): Promise<void> {
    if (this.#interrupted !== null) {
      return;
    }
    copy.fail(new Error('The rows are not wanted any more.'));
    const until = performance.now() + drainTime;
    while (!copy.finished && performance.now() < until) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (copy.finished) {
      return;
    }
    this.#interrupted = new Error('The reading of rows was given up before their end.');
    this.#cancelling = this.#cancelStatement(this.#client);
  }
}

function timedOut(): GatewayError {
  return new GatewayError('QueryTimeout', 'The query took longer than the time limit.');
}
