import { setTimeout as pause } from 'node:timers/promises';
import type { Database, Occupancy, ReadOptions, ReadSession } from '../database.ts';
import { postgresError } from '../postgres-errors.ts';
import type { Lookout } from './lookout.ts';
import { readVersions, type SetVersions, setVersionsText } from './set-versions.ts';
import type { Standby } from './standby.ts';
import { type Needed, readOnStandby } from './standby-read.ts';
import type { StandbyWatch } from './standby-watch.ts';

interface StandbyDatabaseSettings {
  readonly primary: Database;
  readonly watch: StandbyWatch;
  /** Asks the primary for the versions of sets. */
  readonly versions: Lookout;
  /** Milliseconds that a standby may be waited for which has not caught up. */
  readonly patience: number;
}

/** Milliseconds between two looks whether a standby has caught up. */
const step = 20;

/**
 * A database whose stored rows are read on standbys of its server, while all that writes stays with the primary. A read that no standby can
 * give, or that one lost before anybody saw anything of it, is done by the primary.
 */
export class StandbyDatabase implements Database {
  readonly query: Database['query'];
  readonly transaction: Database['transaction'];
  readonly snapshot: Database['snapshot'];
  readonly readWith: Database['readWith'];
  readonly exclusively: Database['exclusively'];
  readonly #settings: StandbyDatabaseSettings;
  #closing: Promise<void> | null = null;

  constructor(settings: StandbyDatabaseSettings) {
    const { primary } = settings;
    this.#settings = settings;
    this.query = primary.query.bind(primary);
    this.transaction = primary.transaction.bind(primary);
    this.snapshot = primary.snapshot.bind(primary);
    this.readWith = primary.readWith.bind(primary);
    this.exclusively = primary.exclusively.bind(primary);
  }

  async read<T>(work: (session: ReadSession) => Promise<T>, options: ReadOptions<T>): Promise<T> {
    const { recency = 'any', signal } = options;
    const { watch, primary, patience } = this.#settings;
    signal.throwIfAborted();
    let needed = typeof recency === 'string' ? null : this.#needed(recency.noOlder, options.opening);
    const tried = new Set<Standby>();
    const until = performance.now() + patience;
    let standby = recency === 'latest' ? null : watch.pick(tried);
    for (let database = standby?.usable; standby !== null && database != null; database = standby?.usable) {
      const read = await readOnStandby(standby, database, { work, options, needed });
      if (read.kind === 'done') {
        return read.result;
      }
      if (read.kind === 'behind' && needed !== null && needed.opening !== null) {
        needed = { ...needed, opening: null };
      } else if (read.kind === 'behind' && performance.now() < until) {
        await pause(step, undefined, { signal }).catch(() => signal.throwIfAborted());
      } else {
        standby.handsOn();
        tried.add(standby);
        standby = watch.pick(tried);
      }
    }
    options.onServer?.({ standby: null, lagSeconds: 0 });
    return primary.read(work, options);
  }

  occupancy(): Occupancy {
    const { primary, watch } = this.#settings;
    const own = primary.occupancy();
    const all = [own, ...watch.opened.map((database) => database.occupancy())];
    const readers = all.map(({ pools }) => pools.reader);
    const large = all.map(({ largeReads }) => largeReads);
    return {
      pools: {
        ...own.pools,
        reader: {
          connections: sum(readers.map(({ connections }) => connections)),
          idle: sum(readers.map(({ idle }) => idle)),
          waiting: sum(readers.map(({ waiting }) => waiting)),
        },
      },
      largeReads: {
        working: sum(large.map(({ working }) => working)),
        waiting: sum(large.map(({ waiting }) => waiting)),
      },
      standbys: watch.statuses,
    };
  }

  close(): Promise<void> {
    const { primary, watch, versions } = this.#settings;
    this.#closing ??= Promise.all([watch.close(), versions.close(), primary.close()]).then(() => {});
    return this.#closing;
  }

  #needed(sets: readonly string[], opening: string | undefined): Needed {
    const { versions: primary } = this.#settings;
    let versions: Promise<SetVersions> | null = null;
    return {
      sets,
      opening: opening === undefined ? null : told(primary.texts(opening)),
      versions: () => {
        versions ??= told(
          primary.ask<{ versions: string }>(setVersionsText(sets)).then((row) => readVersions(row.versions)),
        );
        return versions;
      },
    };
  }
}

/** Where no standby gets as far as to want it, nobody waits for it. */
function told<T>(answer: Promise<T>): Promise<T> {
  const known = answer.catch((error: unknown) => {
    throw postgresError(error);
  });
  known.catch(() => {});
  return known;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
