import { utimes } from 'node:fs/promises';
import type { DeliverySettings } from '../../catalogue/delivery-settings.ts';
import { GatewayError } from '../../errors.ts';
import type { DeliveryNotice, IngestEvent } from '../../observation/events/ingest.ts';
import type { Observe } from '../../observation/observe.ts';
import type { Arrival, Delivery, Outcome, Spool, SpooledFile } from '../delivery/delivery.ts';
import { placeOf } from '../delivery/source-folders.ts';
import { deliveryFiles, firstTimeOf, noteFetched, noteLook } from '../ledger/delivery-files.ts';
import type { IngestContext } from '../load/load-file.ts';
import { type Downloaded, download } from './download.ts';
import { KeptCopies } from './kept-copies.ts';
import { joinedBelow } from './listed-files.ts';
import { type Looked, look, type Verdict } from './look.ts';
import { putAwayThere } from './put-away-there.ts';
import type { RemoteServer } from './remote-server.ts';
import { RemoteSession, type SessionOptions } from './remote-session.ts';

export interface RemoteOptions {
  /** Drop folder whose `loaded/` and `refused/` keep a copy of what was fetched; null: none is kept. */
  readonly keepIn: string | null;
  /** Absent: nobody listens. */
  readonly observe?: Observe<IngestEvent>;
  /** Ends pauses between tries, and the arrivals. */
  readonly signal?: AbortSignal;
  /** Milliseconds before each further try of what failed; default: `retryDelays`. */
  readonly delays?: SessionOptions['delays'];
}

/** A file on a server. */
export interface RemoteArrival extends Arrival {
  readonly verdict: Verdict;
}

/** What was fetched, until it is settled. */
interface Fetched extends Downloaded {
  /** Path on this machine. */
  readonly place: string;
}

/**
 * Files of a server. One login serves a round: files are listed, those that are complete and not known as they are fetched, and what was taken in is
 * left, deleted or moved there. What was fetched is remembered in the ledger by name, size and time, and left alone while all three stay;
 * else it is fetched, and its bytes decide.
 */
export class RemoteDelivery implements Delivery<RemoteArrival> {
  readonly #context: IngestContext;
  readonly #settings: DeliverySettings;
  readonly #server: RemoteServer;
  readonly #options: RemoteOptions;
  readonly #copies: KeptCopies | null;
  readonly #told = new Set<string>();
  readonly #fetched = new WeakMap<RemoteArrival, Fetched>();
  #session: RemoteSession | null = null;
  #counts = { found: 0, fetched: 0, waiting: 0 };

  constructor(context: IngestContext, settings: DeliverySettings, server: RemoteServer, options: RemoteOptions) {
    this.#context = context;
    this.#settings = settings;
    this.#server = server;
    this.#options = options;
    this.#copies = options.keepIn === null ? null : new KeptCopies(options.keepIn, options.observe);
  }

  /** Files of the last round: listed ones, those fetched, and those not complete yet. */
  get counts(): { readonly found: number; readonly fetched: number; readonly waiting: number } {
    return this.#counts;
  }

  /** What a round would do. Connects and lists; changes nothing here or there. Throws what `arrivals` throws. */
  async preview(): Promise<Looked> {
    const session = this.#open();
    try {
      return await this.#look(session);
    } finally {
      await session.close();
    }
  }

  /** Throws ListingCut after the last file where the server left files out: what it listed is taken in all the same. */
  async *arrivals(): AsyncGenerator<RemoteArrival> {
    const session = this.#open();
    this.#session = session;
    // A transfer of an hour does not keep a program that is to end: the next round goes on with the file.
    const stop = (): void => void session.close();
    this.#options.signal?.addEventListener('abort', stop, { once: true });
    try {
      const looked = await this.#look(session);
      await this.#note(looked);
      for (const verdict of looked.verdicts) {
        if (this.#options.signal?.aborted === true) {
          return;
        }
        if (verdict.fate === 'known') {
          await this.#putAwayAgain(session, verdict);
        } else if (verdict.fate === 'fetch') {
          yield this.#arrival(verdict);
        }
      }
      const { cut } = looked.listed;
      if (cut !== null) {
        const message = `${this.#settings.host} left files out of its listing of ${looked.listed.files.length}: ${cut}`;
        throw new GatewayError('ListingCut', message, { target: this.#settings.id });
      }
    } finally {
      this.#options.signal?.removeEventListener('abort', stop);
      this.#session = null;
      await session.close();
    }
  }

  async fetch(arrival: RemoteArrival, spool: Spool): Promise<SpooledFile> {
    const { path, size, modifiedMs } = arrival.verdict;
    const place = await spool.place();
    const file = {
      path: this.#onServer(path),
      size: size ?? 0,
      modifiedAt: modifiedMs === null ? null : new Date(modifiedMs),
    };
    const downloaded = await download(this.#require(), file, place, ({ error, attempt, wait }) =>
      this.#tellRetry(path, error, attempt, wait),
    );
    this.#counts.fetched += 1;
    const { sha256, facts } = downloaded;
    const times = { path, sha256, modifiedAt: file.modifiedAt ?? facts.modifiedAt ?? new Date() };
    const first = await firstTimeOf(this.#context.database, this.#settings.id, times);
    await utimes(place, first, first);
    this.#fetched.set(arrival, { ...downloaded, place });
    return { path: place };
  }

  async settle(arrival: RemoteArrival, outcome: Outcome): Promise<void> {
    const fetched = this.#fetched.get(arrival);
    if (outcome.fate === 'waits') {
      return;
    }
    const { database } = this.#context;
    const { path, size, modifiedMs } = arrival.verdict;
    if (fetched !== undefined) {
      await this.#copies?.keep(fetched.place, arrival.below, outcome);
    }
    const state = outcome.fate;
    await noteFetched(database, this.#settings.id, { path, size, modifiedMs, state, sha256: fetched?.sha256 ?? '' });
    if (state === 'accepted' && fetched !== undefined) {
      await this.#putAway(this.#require(), path, fetched);
    }
  }

  #open(): RemoteSession {
    const { delays, signal } = this.#options;
    return new RemoteSession(this.#server, {
      ...(delays === undefined ? {} : { delays }),
      ...(signal === undefined ? {} : { signal }),
      onRetry: ({ error, attempt, wait }) => this.#tellRetry(null, error, attempt, wait),
    });
  }

  #require(): RemoteSession {
    if (this.#session === null) {
      throw new Error('Files are fetched and settled within a round.');
    }
    return this.#session;
  }

  async #look(session: RemoteSession): Promise<Looked> {
    const { database, catalogue } = this.#context;
    const known = await deliveryFiles(database, this.#settings.id);
    const looked = await look(session, this.#settings, { catalogue, known });
    const waiting = looked.verdicts.filter(({ fate }) => fate === 'wait').length;
    this.#counts = { found: looked.listed.files.length, fetched: 0, waiting };
    return looked;
  }

  async #note({ listed, verdicts }: Looked): Promise<void> {
    const { database } = this.#context;
    const { id } = this.#settings;
    for (const { path, message } of listed.passedOver) {
      this.#tell('passed-over', path, message);
    }
    const known = await deliveryFiles(database, id);
    const stuck = verdicts.filter((verdict) => verdict.stuck);
    for (const { path, reason } of stuck.filter((verdict) => known.get(verdict.path)?.told === false)) {
      this.#tell('stuck-upload', path, `${path} is not complete for too long: ${reason}`);
    }
    const there = new Set(verdicts.map(({ path }) => path));
    const mayBeThere = (path: string): boolean =>
      listed.cut !== null || listed.unread.some((folder) => path.startsWith(`${folder}/`));
    await noteLook(database, id, {
      waiting: verdicts.filter(({ fate }) => fate === 'wait'),
      told: stuck.map(({ path }) => path),
      gone: [...known.keys()].filter((path) => !there.has(path) && !mayBeThere(path)),
    });
  }

  #arrival(verdict: Verdict): RemoteArrival {
    const { id, source } = this.#settings;
    const below = `${source}/${verdict.path}`;
    return {
      verdict,
      below,
      id: `${id}:${verdict.path}`,
      name: verdict.path.slice(verdict.path.lastIndexOf('/') + 1),
      version: `${verdict.size}:${verdict.modifiedMs}`,
      target: placeOf(below, this.#context.catalogue),
    };
  }

  /** A file that was taken in and is still there: an earlier round was ended before it was put away, or was not let. */
  async #putAwayAgain(session: RemoteSession, { path, size, modifiedMs }: Verdict): Promise<void> {
    if (this.#settings.afterLoad === 'leave' || size === null) {
      return;
    }
    const facts = await session.use((connection) => connection.facts(this.#onServer(path)));
    const listed = { size, modifiedAt: modifiedMs === null ? null : new Date(modifiedMs) };
    if (facts?.size === listed.size) {
      await this.#putAway(session, path, { facts });
    }
  }

  async #putAway(session: RemoteSession, path: string, { facts }: Pick<Fetched, 'facts'>): Promise<void> {
    const refused = await putAwayThere(session, this.#settings, { path, facts, database: this.#context.database });
    if (refused !== null) {
      const what = this.#settings.afterLoad === 'delete' ? 'deleted' : 'moved';
      this.#tell('refused-there', path, `${path} was taken in and is not ${what}: ${refused}`);
    }
  }

  #onServer(path: string): string {
    return joinedBelow(this.#settings.directory, path);
  }

  #tellRetry(file: string | null, error: GatewayError, attempt: number, milliseconds: number): void {
    const { id: delivery } = this.#settings;
    const reason = `${error.code}: ${error.message}`;
    this.#options.observe?.({ event: 'delivery-retry', delivery, file, attempt, milliseconds, reason });
  }

  /** Each once, as long as the program runs. */
  #tell(kind: DeliveryNotice['kind'], below: string, message: string): void {
    const key = `${kind}\0${message}`;
    if (this.#told.has(key)) {
      return;
    }
    this.#told.add(key);
    this.#options.observe?.({ event: 'delivery-notice', delivery: this.#settings.id, kind, below, message });
  }
}
