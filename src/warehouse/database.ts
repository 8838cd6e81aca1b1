/**
 * What the rest of the program may ask of PostgreSQL. `warehouse/` is the only room that talks to it; `ingest/` and
 * `http/` get this interface, never a driver object.
 */

import type { WarehouseEvent } from '../observation/events/warehouse.ts';
import type { Observe } from '../observation/observe.ts';
import type { RowPolicy } from '../sql/row-policy.ts';

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
   * Work as the owner in one REPEATABLE READ READ ONLY transaction: all that it reads is of one moment, and nobody waits for it. The
   * moment is that of its first SELECT, so a LOCK before it holds what is seen.
   */
  snapshot<T>(work: (snapshot: Snapshot) => Promise<T>): Promise<T>;
  /**
   * Work as the read role (cannot write, cannot see the bookkeeping it is not granted) in one REPEATABLE READ READ ONLY
   * transaction, so that a count and a page see the same rows. Ends when `work` settles. Large ones wait for their turn; see
   * `admission/`. Throws GatewayError Busy when too many wait, or when no connection becomes free in time.
   */
  read<T>(work: (session: ReadSession) => Promise<T>, options: ReadOptions<T>): Promise<T>;
  /**
   * As `read`, of rows of others too, which stand in temporary tables until it ends. Whoever gives them is waited for on one of a few connections
   * that nobody else uses, and the turn among large reads is taken afterwards. What is read then is read READ ONLY as the read role.
   * Throws besides what the lines throw, and GatewayError LimitExceeded where they take more of the disk than is free for one read.
   */
  readWith<T>(
    brought: readonly BroughtRows[],
    work: (session: ReadSession) => Promise<T>,
    options: ReadOptions<T>,
  ): Promise<T>;
  /**
   * Work that only one program does at a time, among all that use this database: under a lock of this name that a connection of its own
   * holds. Resolves to null, without a wait, where somebody else does it. `held` aborts when that connection is lost: somebody else may
   * begin then. Throws GatewayError DatabaseUnavailable, and what the work throws.
   */
  exclusively<T>(name: string, work: (held: AbortSignal) => Promise<T>): Promise<T | null>;
  /** How busy it is now; asks nobody. */
  occupancy(): Occupancy;
  /** Ends all connections after what runs; a second call waits for the first. */
  close(): Promise<void>;
}

/** What is in use, and who waits. */
export interface Occupancy {
  readonly pools: Readonly<
    Record<
      'owner' | 'reader' | 'evaluator',
      { readonly connections: number; readonly idle: number; readonly waiting: number }
    >
  >;
  readonly largeReads: { readonly working: number; readonly waiting: number };
  /** In the order in which READ_DATABASE_URL names them. Absent: none are read. */
  readonly standbys?: readonly StandbyStatus[];
}

/** `current`: it is read; `behind`: by more than it may be; `lost`: it cannot be asked, or is no standby of this database. */
export type StandbyState = 'current' | 'behind' | 'lost';

export interface StandbyStatus {
  /** From 1 on. */
  readonly number: number;
  readonly state: StandbyState;
  /** How old its rows may be, and bytes of the write-ahead log that it has not replayed; null: it does not say. */
  readonly lag: { readonly seconds: number; readonly bytes: number } | null;
  /** Reads that it was asked for, and those of them that another server had to do. */
  readonly reads: number;
  readonly handedOn: number;
}

/**
 * How new the rows of a read have to be, where standbys are read. `any`: as a standby has them; `latest`: as they were committed last; `noOlder`:
 * nothing of these entity sets may be missing that an earlier read, on whichever server, has shown.
 */
export type Recency = 'any' | 'latest' | { readonly noOlder: readonly string[] };

/** Which server reads: a standby by its number, null: the primary. `lagSeconds`: as it was seen last. */
export interface ReadServer {
  readonly standby: number | null;
  readonly lagSeconds: number;
}

/** Rows of others that a read brings along, as statements of `warehouse/tables/brought-rows.ts`. */
export interface BroughtRows {
  /** Makes their table, which is gone when the transaction ends. */
  readonly create: string;
  /** `COPY ... FROM STDIN` of the lines. */
  readonly copy: string;
  /** Run when all rows are there. */
  readonly settle: readonly string[];
  /** COPY text. Begun once, when the table is there, and given up where the read ends before. */
  lines(): AsyncIterable<Uint8Array>;
}

export interface Transaction {
  /** Tables may lie on workers of Citus: a statement that joins them with others keeps to what Citus can run. */
  readonly isDistributed: boolean;
  query<Row extends DatabaseRow = DatabaseRow>(text: string, values?: readonly unknown[]): Promise<QueryResult<Row>>;
  /** Runs a `COPY ... FROM STDIN` text with the bytes given; resolves to the number of rows. */
  copyIn(text: string, bytes: AsyncIterable<Uint8Array>): Promise<number>;
}

export interface Snapshot extends Pick<Transaction, 'query'> {
  /** `select` without `COPY (...)`; its rows as COPY text, each with its line feed, read as they are taken. */
  copyOut(select: string): AsyncIterable<Buffer>;
}

export interface ReadOptions<T = unknown> {
  /** Milliseconds of `statement_timeout`; passing it throws GatewayError QueryTimeout. */
  readonly timeout: number;
  /** The same once somebody has seen something of it, so that it cannot be begun anew. Absent: no other. */
  readonly seenTimeout?: number;
  /** When it aborts (the client hung up), the running statement is cancelled in PostgreSQL and the iteration throws. */
  readonly signal: AbortSignal;
  /** A small SELECT of text columns whose rows `ReadSession.opening` gives. It shares the round trip of a `copyOut`. */
  readonly opening?: string;
  /** What decides how much work it is; absent or null: its shape says that it is little, e.g. one row by its key. */
  readonly weighed?: Weighed | null;
  /** Light work that may make the read needless, done before it would wait for others; null: it did not. Absent: there is none. */
  readonly early?: (session: ReadSession) => Promise<T | null>;
  /** Told of statements and waits of this read; absent: whoever listens to all of the database. */
  readonly observe?: Observe<WarehouseEvent>;
  /** Told the milliseconds that the read waited for its turn. Absent: nobody wants to know. */
  readonly onTurn?: (waited: number) => void;
  /** Absent: `any`. */
  readonly recency?: Recency;
  /** Told which server reads, where there are several; again where the read began anew. Absent: nobody wants to know. */
  readonly onServer?: (server: ReadServer) => void;
  /** Sets that it reads, for messages. Absent: nobody says. */
  readonly sets?: readonly string[];
  /** Whether the work may be begun anew: nobody has seen anything of it yet. Absent: it may. */
  readonly unseen?: () => boolean;
  /** Which rows PostgreSQL's policies let it see. Absent: none, where there are policies. */
  readonly rights?: RowRights;
}

/** What a read says that it may see, where tables have policies for their rows. */
export interface RowRights {
  /** Tokens of policies, joined by commas. */
  readonly text: string;
  /** JSON of what these policies ask of who reads, by token; empty: nothing. */
  readonly claims: string;
  /** The policies, which have to be there. */
  readonly policies: readonly RowPolicy[];
}

/** A read whose work only PostgreSQL can estimate. */
export interface Weighed {
  /** The same for reads that take about as much, e.g. for the pages of one request. */
  readonly key: string;
  /** The SELECTs that matter; null: it is large whatever they are. */
  readonly statements: (() => readonly string[]) | null;
  /** It may join or group more rows than there are: what it takes has no bound. */
  readonly multiplies: boolean;
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
  /** Waits for a slow client while others work. */
  readonly rest: Rest;
}

/** How long a slow client may hold a connection to PostgreSQL. */
export interface Rest {
  /**
   * Resolves to true with `wait`. To false when the client has slept for longer than a read may wait for it, all its waits
   * together: then the connection is wanted back, and the reply ends as soon as it can do so well.
   */
  nap(wait: Promise<void>): Promise<boolean>;
  /** For a reply that cannot end well before its last row. Throws GatewayError SlowReader after a longer time. */
  endure(wait: Promise<void>): Promise<void>;
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
