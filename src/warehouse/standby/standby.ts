import type { WarehouseEvent } from '../../observation/events/warehouse.ts';
import type { Observe } from '../../observation/observe.ts';
import type { Database, StandbyState, StandbyStatus } from '../database.ts';
import { postgresError } from '../postgres-errors.ts';
import { type Lag, logPosition, type PrimaryPositions } from './lag.ts';
import type { Lookout } from './lookout.ts';

/** Which database of which cluster a server has: a standby has that of its primary. */
export interface Identity {
  readonly system: string;
  readonly database: string;
}

/** Columns of a SELECT that give an `Identity`. */
export const identityColumns = `(SELECT system_identifier::text FROM pg_control_system()) AS system, (SELECT oid::text FROM pg_database WHERE datname = current_database()) AS database`;

const lookText = `SELECT pg_is_in_recovery() AS standby, pg_last_wal_replay_lsn()::text AS replayed, ${identityColumns}`;

type Look = Identity & Record<string, unknown> & { readonly standby: boolean; readonly replayed: string | null };

interface StandbySettings {
  /** Its place in READ_DATABASE_URL, from 1 on: what it is called wherever its address is nobody's business. */
  readonly number: number;
  readonly lookout: Lookout;
  /** Milliseconds that it may be behind. */
  readonly maxLag: number;
  readonly positions: PrimaryPositions;
  readonly primary: Identity;
  /** Opens what it is read with; throws GatewayError. */
  readonly open: () => Promise<Database>;
  readonly observe: Observe<WarehouseEvent>;
}

/** One standby: whether it is to be asked, how far it is behind, and what it is read with. */
export class Standby {
  readonly #settings: StandbySettings;
  #database: Database | null = null;
  #state: StandbyState | null = null;
  #lag: Lag | null = null;
  readonly #running = new Set<() => void>();
  #reads = 0;
  #handedOn = 0;

  constructor(settings: StandbySettings) {
    this.#settings = settings;
  }

  get number(): number {
    return this.#settings.number;
  }

  /** What it is read with; null: it is not to be asked now. */
  get usable(): Database | null {
    return this.#state === 'current' ? this.#database : null;
  }

  /** Reads that are at work there. */
  get running(): number {
    return this.#running.size;
  }

  get status(): StandbyStatus {
    const { number } = this;
    return { number, state: this.#state ?? 'lost', lag: this.#lag, reads: this.#reads, handedOn: this.#handedOn };
  }

  /** What it is read with, if it ever was. */
  get opened(): Database | null {
    return this.#database;
  }

  /** A read begins. `lost`: told when it is not to be asked any more, since it does not answer. */
  begins(lost: () => void): void {
    this.#running.add(lost);
    this.#reads += 1;
  }

  /** The read that began with the same. */
  ends(lost: () => void): void {
    this.#running.delete(lost);
  }

  /** A read that began here was given to another server. */
  handsOn(): void {
    this.#handedOn += 1;
  }

  /** Not to be asked until a look says otherwise. */
  fails(error: unknown): void {
    this.#turns('lost', null, postgresError(error).message);
  }

  /** Never throws. Gives whether it is the standby of another primary, or has another database of it. */
  async look(): Promise<'foreign' | null> {
    const { lookout, positions, primary, maxLag, open } = this.#settings;
    try {
      const { standby, replayed, system, database } = await lookout.ask<Look>(lookText);
      if (system !== primary.system || database !== primary.database) {
        this.#turns('lost', null, 'It does not have the database of DATABASE_URL.');
        return 'foreign';
      }
      const lag = standby && replayed !== null ? positions.lagAt(logPosition(replayed)) : null;
      if (lag === null) {
        this.#turns('lost', null, 'It is no standby now.');
        return null;
      }
      this.#database ??= await open();
      this.#turns(lag.seconds * 1000 > maxLag ? 'behind' : 'current', lag, null);
    } catch (error) {
      this.fails(error);
    }
    return null;
  }

  async close(): Promise<void> {
    await this.#settings.lookout.close();
    await this.#database?.close();
  }

  #turns(state: StandbyState, lag: Lag | null, reason: string | null): void {
    this.#lag = lag;
    if (this.#state === state) {
      return;
    }
    this.#state = state;
    const seconds = lag === null || !Number.isFinite(lag.seconds) ? null : lag.seconds;
    if (state === 'lost') {
      for (const lost of this.#running) {
        lost();
      }
    }
    this.#settings.observe({ event: 'standby', standby: this.number, state, lagSeconds: seconds, reason });
  }
}
