/**
 * What the rest of the program may ask of PostgreSQL. `warehouse/` is the only room that talks to it; `ingest/` and
 * `http/` get this interface, never a driver object.
 */

/** Column values as `pg` parses them, except `bigint`/`numeric`, which stay text. */
export type DatabaseRow = Record<string, unknown>;

export interface QueryResult<Row> {
  readonly rows: readonly Row[];
  readonly rowCount: number;
}

export interface Database {
  /** One statement as the owner, outside a transaction. Throws GatewayError DatabaseUnavailable when no connection can be had. */
  query<Row extends DatabaseRow = DatabaseRow>(text: string, values?: readonly unknown[]): Promise<QueryResult<Row>>;
  /** Work as the owner in one READ COMMITTED transaction: committed when it resolves, rolled back when it throws. */
  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>;
  /**
   * Work as the read role (cannot write, cannot see the bookkeeping it is not granted) in one REPEATABLE READ READ ONLY
   * transaction, so that a count and a page see the same rows. Ends when `work` settles.
   */
  read<T>(work: (session: ReadSession) => Promise<T>, options: ReadOptions): Promise<T>;
  /** Ends all connections after what runs; a second call waits for the first. */
  close(): Promise<void>;
}

export interface Transaction {
  query<Row extends DatabaseRow = DatabaseRow>(text: string, values?: readonly unknown[]): Promise<QueryResult<Row>>;
  /** Runs a `COPY ... FROM STDIN` text with the bytes given; resolves to the number of rows. */
  copyIn(text: string, bytes: AsyncIterable<Uint8Array>): Promise<number>;
}

export interface ReadOptions {
  /** Milliseconds of `statement_timeout`; passing it throws GatewayError QueryTimeout. */
  readonly timeout: number;
  /** When it aborts (the client hung up), the running statement is cancelled in PostgreSQL and the iteration throws. */
  readonly signal: AbortSignal;
  /** A small SELECT of text columns whose rows `ReadSession.opening` gives. It shares the round trip of a `copyOut`. */
  readonly opening?: string;
}

/** Cells of one row in PostgreSQL's text format. */
export type TextRow = readonly (string | null)[];

export interface ReadSession {
  /** Small results: counts, one row. No bind parameters, as for `copyOut`. */
  query<Row extends DatabaseRow = DatabaseRow>(text: string): Promise<QueryResult<Row>>;
  /**
   * The rows of `ReadOptions.opening`, none without it. Known once a `copyOut` gave its first batch or its end; asked for
   * before, it costs a round trip of its own.
   */
  opening(): Promise<readonly TextRow[]>;
  /**
   * `select` without `COPY (...)`; rows in COPY text format. With back-pressure: the socket is read as batches are taken.
   * `final`: the transaction ends with it, in the same round trip, and nothing may follow.
   */
  copyOut(select: string, options?: { readonly final: boolean }): AsyncIterable<RowBatch>;
}

/**
 * Rows of one read from the socket. Row i is `buffer[starts[i]]` up to but not including `ends[i]`: COPY text without
 * its final line feed. Only valid until the next batch is asked for.
 */
export interface RowBatch {
  readonly buffer: Buffer;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly count: number;
}
