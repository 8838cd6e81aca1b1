import type pg from 'pg';
import { GatewayError } from '../errors.ts';
import type { WarehouseEvent } from '../observation/events/warehouse.ts';
import type { Observe } from '../observation/observe.ts';
import type { Admission, ReadAdmission } from './admission/admission.ts';
import { connect } from './connection/connect.ts';
import { beginning } from './connection/connection-pool.ts';
import { endRead } from './connection/end-read.ts';
import { PostgresReadSession } from './connection/read-session.ts';
import { ReaderRest, type RestLimits } from './connection/reader-rest.ts';
import { transactionOn } from './connection/transaction.ts';
import type { BroughtRows, ReadOptions, ReadSession } from './database.ts';
import { postgresError } from './postgres-errors.ts';

interface BroughtReadsSettings {
  /** Of nobody else. */
  readonly pool: pg.Pool;
  readonly admission: ReadAdmission;
  readonly observe: Observe<WarehouseEvent>;
  readonly rest: RestLimits;
  /** `SET LOCAL` statements of one transaction. */
  readonly local: (client: pg.PoolClient, options: ReadOptions) => readonly string[];
  readonly cancel: (running: pg.PoolClient) => Promise<void>;
  /** Bytes that the rows of one read may take of the disk; null: nobody knows what is free. */
  readonly room: () => number | null;
}

/** Milliseconds that a slow client may take for one reply, all waits together: it has no next page, and holds no connection that others need. */
const patience = 300_000;

/**
 * Reads of temporary tables. One transaction makes them and fills them as the owner, who may do both; what a request has made a statement of
 * is run as the read role, in the same transaction, READ ONLY from then on. The end of the transaction takes the tables away, and so does that
 * of a connection that is given up.
 */
export class BroughtReads {
  readonly #settings: BroughtReadsSettings;

  constructor(settings: BroughtReadsSettings) {
    this.#settings = settings;
  }

  async read<T>(
    brought: readonly BroughtRows[],
    work: (session: ReadSession) => Promise<T>,
    options: ReadOptions<T>,
  ): Promise<T> {
    const { pool, rest: limits, cancel } = this.#settings;
    const { signal, observe = this.#settings.observe } = options;
    signal.throwIfAborted();
    const client = await connect(pool, observe);
    const admitted = await this.#ready(client, brought, options).catch(async (error: unknown) => {
      await undone(client);
      throw postgresError(error);
    });
    const rest = new ReaderRest(admitted, signal, { ...limits, endure: patience });
    const session = new PostgresReadSession(client, { ...options, observe, rest, local: [], begun: true }, cancel);
    try {
      return await work(session);
    } catch (error) {
      throw postgresError(error);
    } finally {
      void endRead(client, session);
      admitted.leave();
    }
  }

  /** The rows are there, and it is the turn of the read. */
  async #ready(client: pg.PoolClient, brought: readonly BroughtRows[], options: ReadOptions) {
    const { admission, local } = this.#settings;
    const { signal, timeout, onTurn } = options;
    signal.throwIfAborted();
    await client.query(beginning(client, 'REPEATABLE READ').join('; '));
    await this.#bring(client, brought, options);
    const from = performance.now();
    // What it takes cannot be estimated by who has no such tables: it is a large one.
    const weighed = { key: options.weighed?.key ?? '', statements: null, multiplies: false };
    const asked: Admission = { weighed, signal, timeout, estimate: () => Promise.resolve(null) };
    const admitted = await admission.enter(asked);
    onTurn?.(performance.now() - from);
    try {
      await client.query(
        [
          ...local(client, { ...options, weighed }),
          `SET LOCAL statement_timeout = ${Math.max(1, Math.ceil(timeout))}`,
          'SET TRANSACTION READ ONLY',
          'SET LOCAL ROLE gateway_reader',
        ].join('; '),
      );
    } catch (error) {
      admitted.leave();
      throw error;
    }
    return admitted;
  }

  async #bring(client: pg.PoolClient, brought: readonly BroughtRows[], options: ReadOptions): Promise<void> {
    const { observe = this.#settings.observe, signal } = options;
    const transaction = transactionOn(client, { observe, isDistributed: false });
    const room = this.#settings.room();
    let taken = 0;
    const counted = async function* (lines: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
      for await (const bytes of lines) {
        signal.throwIfAborted();
        taken += bytes.length;
        if (room !== null && taken > room) {
          throw new GatewayError(
            'LimitExceeded',
            'The rows of the request need more of the disk than one request may take of what is free; ask for fewer rows.',
          );
        }
        yield bytes;
      }
    };
    for (const { create, copy, settle, lines } of brought) {
      await transaction.query(create);
      await transaction.copyIn(copy, counted(lines()));
      for (const statement of settle) {
        signal.throwIfAborted();
        await transaction.query(statement);
      }
    }
  }
}

async function undone(client: pg.PoolClient): Promise<void> {
  let broken: Error | undefined;
  await client.query('ROLLBACK').catch((lost: Error) => {
    broken = lost;
  });
  client.release(broken);
}
