import os from 'node:os';
import type pg from 'pg';
import { GatewayError } from '../errors.ts';
import type { WarehouseEvent } from '../observation/events/warehouse.ts';
import { type Observe, unobserved } from '../observation/observe.ts';
import { fencedApart } from '../sql/apart.ts';
import { escapeText } from '../sql/literal.ts';
import { allRights, claimsSetting, rightsSetting } from '../sql/row-policy.ts';
import { type Admission, type AdmissionLimits, type Admitted, ReadAdmission } from './admission/admission.ts';
import { admissionLimits } from './admission/admission-limits.ts';
import { type Estimate, readEstimate, together } from './admission/estimate.ts';
import { BroughtReads } from './brought-reads.ts';
import { refusedByCitus } from './citus-refusals.ts';
import { cancelRunning } from './connection/cancel-running.ts';
import { connect, worthTelling } from './connection/connect.ts';
import { beginning, connectionPool, isReading, isSettled } from './connection/connection-pool.ts';
import { endRead } from './connection/end-read.ts';
import { PostgresReadSession } from './connection/read-session.ts';
import { ReaderRest, type RestLimits, restLimits } from './connection/reader-rest.ts';
import type { Connection } from './connection/server-login.ts';
import { underSessionLock } from './connection/session-lock.ts';
import { snapshotOn } from './connection/snapshot.ts';
import { tellStatement } from './connection/tell-statement.ts';
import { askOnce, commit, transactionOn } from './connection/transaction.ts';
import type {
  BroughtRows,
  Database,
  DatabaseRow,
  Occupancy,
  QueryResult,
  ReadOptions,
  ReadSession,
  RowRights,
  Snapshot,
  Transaction,
} from './database.ts';
import { postgresError } from './postgres-errors.ts';
import { type TemporaryFiles, temporaryFileLimit } from './temporary-files.ts';

export interface DatabaseSettings {
  readonly connection: Connection;
  /** Largest number of read transactions at a time; more wait. */
  readonly readers?: number;
  /** Largest number of connections for loads and bookkeeping. */
  readonly writers?: number;
  /** Reads at a time that bring rows of others along. */
  readonly evaluators?: number;
  /** Milliseconds to wait for a free connection before Busy, or for a server that does not answer before DatabaseUnavailable. */
  readonly patience?: number;
  /** Large reads that run at once. Absent: as many as this machine has processors. */
  readonly heavy?: number;
  /** What differs from the usual limits of admission. */
  readonly admission?: Partial<AdmissionLimits>;
  readonly rest?: RestLimits;
  /** What the server is for: `standby` is only read. Absent: `primary`. */
  readonly role?: 'primary' | 'standby';
  /** Absent: nobody listens. */
  readonly observe?: Observe<WarehouseEvent>;
  /** What one read may take of the server's disk. Absent: what the server allows. */
  readonly temporaryFiles?: TemporaryFiles;
  /** Each read says which rows it may see (`ReadOptions.rights`), and sees none where it does not. Absent: all of them see all rows, whatever policies there are. */
  readonly statesRights?: boolean;
}

/** Milliseconds for an estimate: planning a hundred joins takes half a second. */
const estimateTime = 10_000;

const oldest = 160_000;

/**
 * Of sessions that read for requests: one waits for a lock, and leaves a transaction idle, for so long. The one is held by changes of tables alone, the
 * other is waiting for a feed or a client; a COPY that nobody takes is neither, and has its own clock.
 */
const readerSettings = ["lock_timeout = '30s'", "idle_in_transaction_session_timeout = '600s'"];

/**
 * Connects, checks the server and returns the only way to PostgreSQL that other rooms get. Throws GatewayError
 * DatabaseUnavailable (no server there, or it refuses us), DatabaseUnsupported (older than 16, or not UTF-8) and DatabaseIsStandby.
 */
export async function openDatabase(settings: DatabaseSettings): Promise<Database> {
  const database = new PostgresDatabase(settings);
  try {
    const { rows } = await database.query<{ version: string; number: number; encoding: string; standby: boolean }>(
      `SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int AS number, current_setting('server_encoding') AS encoding, pg_is_in_recovery() AS standby`,
    );
    for (const row of rows) {
      checkServer(row);
      checkRole(row, settings.role ?? 'primary');
    }
    await database.learnServer();
  } catch (error) {
    await database.close();
    throw error;
  }
  return database;
}

/** Settings of one transaction. */
const rightsSettings = ({ text, claims }: RowRights): readonly string[] => [
  `${rightsSetting} = ${escapeText(text)}`,
  ...(claims === '' ? [] : [`${claimsSetting} = ${escapeText(claims)}`]),
];

/** Throws DatabaseUnsupported. */
export function checkServer(server: { version: string; number: number; encoding: string }): void {
  if (server.number < oldest) {
    throw new GatewayError(
      'DatabaseUnsupported',
      `The server of DATABASE_URL is PostgreSQL ${server.version}; the gateway needs 16 or newer.`,
    );
  }
  if (server.encoding !== 'UTF8') {
    throw new GatewayError(
      'DatabaseUnsupported',
      `The database of DATABASE_URL has the encoding ${server.encoding}; create one with ENCODING 'UTF8' TEMPLATE template0.`,
    );
  }
}

/** Throws DatabaseIsStandby: what every command begins with are migrations, and a standby takes none. */
function checkRole({ standby }: { readonly standby: boolean }, role: 'primary' | 'standby'): void {
  if (standby && role === 'primary') {
    throw new GatewayError(
      'DatabaseIsStandby',
      'The server of DATABASE_URL is a standby, and nothing can be written there: name its primary.',
    );
  }
}

class PostgresDatabase implements Database {
  readonly #connection: Connection;
  readonly #owner: pg.Pool;
  readonly #readers: pg.Pool;
  readonly #evaluators: pg.Pool;
  readonly #brought: BroughtReads;
  readonly #admission: ReadAdmission;
  readonly #rest: RestLimits;
  readonly #temporaryFiles: TemporaryFiles | null;
  readonly #statesRights: boolean;
  readonly #observe: Observe<WarehouseEvent>;
  /** Whether our user may limit temporary files: a superuser, or who was granted it. */
  #mayLimit = false;
  #isDistributed = false;
  #closing: Promise<void> | null = null;

  constructor(settings: DatabaseSettings) {
    const { connection, patience = 30_000 } = settings;
    this.#connection = connection;
    this.#owner = connectionPool({ connection, patience, max: settings.writers ?? 6, applicationName: 'gateway' });
    const readers = settings.readers ?? 16;
    this.#readers = connectionPool({
      connection,
      patience,
      max: readers,
      applicationName: 'gateway reader',
      session: () => this.#sessionSettings(),
      reads: true,
    });
    this.#rest = settings.rest ?? restLimits;
    this.#temporaryFiles = settings.temporaryFiles ?? null;
    this.#statesRights = settings.statesRights ?? false;
    this.#observe = settings.observe ?? unobserved;
    this.#admission = new ReadAdmission({
      ...admissionLimits(readers, settings.heavy ?? os.availableParallelism()),
      ...settings.admission,
    });
    const evaluators = settings.evaluators ?? 2;
    this.#evaluators = connectionPool({
      connection,
      patience,
      max: evaluators,
      applicationName: 'gateway evaluator',
      session: () => this.#sessionSettings(),
    });
    this.#brought = new BroughtReads({
      pool: this.#evaluators,
      admission: this.#admission,
      observe: this.#observe,
      rest: this.#rest,
      local: (client, options) => this.#localSettings(client, options),
      cancel: (running) => cancelRunning(connection, running),
      // As temporary files do, they leave half of what is free.
      room: () => {
        const free = this.#temporaryFiles?.room() ?? null;
        return free === null ? null : Math.floor(free / 2 / evaluators);
      },
    });
  }

  async learnServer(): Promise<void> {
    const { rows } = await this.query<{ may: boolean; citus: boolean }>(
      `SELECT has_parameter_privilege('temp_file_limit', 'SET') AS may, EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'citus') AS citus`,
    );
    this.#mayLimit = rows[0]?.may === true;
    this.#isDistributed = rows[0]?.citus === true;
  }

  #sessionSettings(): readonly string[] {
    const files = this.#temporaryFiles;
    const all = this.#statesRights ? [] : [`${rightsSetting} = '${allRights}'`];
    return [...readerSettings, ...all, ...(this.#mayLimit && files !== null ? [temporaryFileLimit(files.bytes)] : [])];
  }

  async query<Row extends DatabaseRow>(text: string, values?: readonly unknown[]): Promise<QueryResult<Row>> {
    const statement = this.#isDistributed ? fencedApart(text) : text;
    tellStatement(this.#observe, 'owner', statement);
    return askOnce<Row>(this.#owner, statement, values);
  }

  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return this.#asOwner('READ COMMITTED', (client) =>
      work(transactionOn(client, { observe: this.#observe, isDistributed: this.#isDistributed })),
    );
  }

  snapshot<T>(work: (snapshot: Snapshot) => Promise<T>): Promise<T> {
    const options = {
      observe: this.#observe,
      cancel: (running: pg.PoolClient) => cancelRunning(this.#connection, running),
    };
    return this.#asOwner('REPEATABLE READ READ ONLY', (client) => work(snapshotOn(client, options)));
  }

  async #asOwner<T>(mode: string, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await connect(this.#owner, this.#observe);
    let broken: Error | undefined;
    try {
      await client.query(beginning(client, mode).join('; '));
      const result = await work(client);
      await commit(client);
      return result;
    } catch (error) {
      await client.query('ROLLBACK').catch((lost: Error) => {
        broken = lost;
      });
      throw postgresError(error);
    } finally {
      client.release(broken);
    }
  }

  async read<T>(work: (session: ReadSession) => Promise<T>, options: ReadOptions<T>): Promise<T> {
    options.signal.throwIfAborted();
    const asked: Admission = {
      weighed: options.weighed ?? null,
      signal: options.signal,
      timeout: options.timeout,
      estimate: (statements) => this.#estimate(statements, options),
    };
    if (options.early !== undefined && this.#admission.busy) {
      const light = await this.#admission.enter({ ...asked, weighed: null });
      const found = await this.#readNow(options.early, { ...options, weighed: null }, light);
      if (found !== null) {
        return found;
      }
    }
    const from = performance.now();
    const admitted = await this.#admission.enter(asked);
    const milliseconds = performance.now() - from;
    options.onTurn?.(milliseconds);
    if (milliseconds >= worthTelling) {
      (options.observe ?? this.#observe)({ event: 'turn-wait', milliseconds: Math.round(milliseconds) });
    }
    const { lightTime } = admitted;
    if (lightTime === null || lightTime >= options.timeout) {
      return this.#readNow(work, options, admitted);
    }
    try {
      const times = { timeout: lightTime, seenTimeout: options.timeout };
      return await this.#readNow(work, Object.assign({}, options, times), admitted);
    } catch (error) {
      const slow = error instanceof GatewayError && error.code === 'QueryTimeout';
      if (!slow || options.signal.aborted || options.unseen?.() === false) {
        throw error;
      }
    }
    // Taken for a light one, and none: it waits for its turn, and begins anew.
    return this.#readNow(work, options, await this.#admission.heavier(asked));
  }

  readWith<T>(
    brought: readonly BroughtRows[],
    work: (session: ReadSession) => Promise<T>,
    options: ReadOptions<T>,
  ): Promise<T> {
    return this.#brought.read(brought, work, options);
  }

  async #readNow<T>(
    work: (session: PostgresReadSession) => Promise<T>,
    options: ReadOptions,
    admitted: Admitted,
  ): Promise<T> {
    try {
      const observe = options.observe ?? this.#observe;
      const client = await connect(this.#readers, observe);
      const rest = new ReaderRest(admitted, options.signal, this.#rest);
      const session = new PostgresReadSession(
        client,
        { rest, local: this.#localSettings(client, options), ...options, observe },
        (running) => cancelRunning(this.#connection, running),
      );
      try {
        return await work(session);
      } finally {
        // Nobody waits for the end of a transaction that wrote nothing.
        void endRead(client, session);
      }
    } catch (error) {
      throw (this.#isDistributed ? refusedByCitus(error, options.sets ?? []) : null) ?? postgresError(error);
    } finally {
      admitted.leave();
    }
  }

  /** Settings of one transaction, as statements. */
  #localSettings(client: pg.PoolClient, { weighed = null, rights }: ReadOptions): readonly string[] {
    const local: string[] = isSettled(client) ? [] : [...this.#sessionSettings()];
    if (rights !== undefined) {
      local.push(...rightsSettings(rights));
    }
    if (weighed === null) {
      return local.map((setting) => `SET LOCAL ${setting}`);
    }
    const files = this.#temporaryFiles;
    const room = files?.room() ?? null;
    // Half of what is free, for all that may be at work.
    const share = room === null ? null : Math.floor(room / 2 / this.#admission.most);
    if (this.#mayLimit && files !== null && share !== null && share < files.bytes) {
      // Not as the read role, which may set no such limit.
      const limit = temporaryFileLimit(share);
      local.push(...(isReading(client) ? ['ROLE NONE', limit, 'ROLE gateway_reader'] : [limit]));
    }
    // Helpers of one statement would take the processors of the others.
    if (this.#admission.working > 1) {
      local.push('max_parallel_workers_per_gather = 0');
    }
    return local.map((setting) => `SET LOCAL ${setting}`);
  }

  /** null: PostgreSQL refuses the statement, which it will say again when it is run. */
  async #estimate(
    statements: readonly string[],
    { signal, observe = this.#observe }: Pick<ReadOptions, 'signal' | 'observe'>,
  ): Promise<Estimate | null> {
    const options = { signal, observe, timeout: estimateTime };
    const explain = statements.map((statement) => `EXPLAIN (FORMAT JSON) ${statement}`);
    try {
      const light = await this.#admission.enter({ ...options, weighed: null, estimate: () => Promise.resolve(null) });
      const rows = await this.#readNow((session) => session.finalRows(explain), options, light);
      return together(rows.flatMap(([plan]) => readEstimate(plan) ?? []));
    } catch (error) {
      if (signal.aborted || (error instanceof GatewayError && error.status === 503)) {
        throw error;
      }
      return null;
    }
  }

  exclusively<T>(name: string, work: (held: AbortSignal) => Promise<T>): Promise<T | null> {
    return underSessionLock(this.#connection, name, work);
  }

  occupancy(): Occupancy {
    const of = ({ totalCount: connections, idleCount: idle, waitingCount: waiting }: pg.Pool) => ({
      ...{ connections, idle, waiting },
    });
    const { working, waiting } = this.#admission;
    const pools = { owner: of(this.#owner), reader: of(this.#readers), evaluator: of(this.#evaluators) };
    return { pools, largeReads: { working, waiting } };
  }

  close(): Promise<void> {
    this.#closing ??= Promise.all([this.#owner.end(), this.#readers.end(), this.#evaluators.end()]).then(() => {});
    return this.#closing;
  }
}
