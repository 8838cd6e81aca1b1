import { setTimeout as pause } from 'node:timers/promises';
import type { ArchiveSettings } from '../catalogue/archive-settings.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { GatewayError } from '../errors.ts';
import type { ArchiveEvent } from '../observation/events/archive.ts';
import { type Observe, unobserved } from '../observation/observe.ts';
import type { CopyAge } from '../upstream/client/lookup-copies.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { Database } from '../warehouse/database.ts';
import { absentSources, sayingAbsent } from './absent-sources.ts';
import { type ArchivedSet, archivedSet, archivedSets, withArchived, withheldSets } from './archived-set.ts';
import { type CopyCounts, copySet, hasRefreshed } from './copy-set.ts';
import { type FeedIdentity, openArchive } from './open-archive.ts';
import { policiesOf } from './policies.ts';
import { type ArchiveRecord, archiveRecord, archiveRecords, noteOutcome } from './records.ts';
import { shapedSet, shapeOf } from './shape.ts';
import { tenantOf } from './tenant.ts';

/** What archives are made of. */
export interface ArchiveContext {
  readonly database: Database;
  /** Of the metadata files. */
  readonly documents: Catalogue;
  /** The sets as their feeds have them now; asked again and again. */
  readonly live: () => Catalogue;
  /** Feeds that are copied, by source: no stand-in with made-up rows is among them. */
  readonly feeds: ReadonlyMap<string, Upstream>;
  /** Sources whose sets are in `live` as their feeds declare them, not only as documents do. */
  readonly modelled: ReadonlySet<string>;
  readonly observe?: Observe<ArchiveEvent>;
  /** Of this machine; absent: its clock. */
  readonly now?: () => Date;
}

/** What became of the copy of one set. */
export type SetOutcome =
  | { readonly state: 'copied'; readonly set: string; readonly counts: CopyCounts }
  | { readonly state: 'busy'; readonly set: string }
  | { readonly state: 'failed'; readonly set: string; readonly error: GatewayError };

export interface RunOptions {
  readonly source?: string;
  readonly set?: string;
  readonly force?: boolean;
  /** All that is compared now and then is compared now. */
  readonly whole?: boolean;
  readonly signal: AbortSignal;
}

/** Milliseconds between two looks at whether another gateway has ended its copy. */
const nextLook = 250;

/** The archives of proxied sets: which are served from PostgreSQL, and how they are kept up to their feeds. */
export class Archives {
  readonly #context: ArchiveContext;
  readonly #observe: Observe<ArchiveEvent>;
  readonly #now: () => Date;
  /** Archives whose tables fit: by set, with the type that they fit. */
  readonly #ready = new Map<string, string>();
  /** What was told of sets that their feeds do not give as documented. */
  readonly #lacking = new Map<string, string | null>();
  /** Archives that had all of their feeds once. */
  readonly #complete = new Set<string>();
  /** Archives that had a table when they were looked at. */
  #kept: ReadonlySet<string> = new Set();
  /** Archives of sources whose feeds nobody can ask what they declare. */
  #recorded: readonly ArchivedSet[] = [];
  /** Counts the changes of what is ready. */
  #changes = 0;
  #known: {
    readonly live: Catalogue;
    readonly recorded: readonly ArchivedSet[];
    readonly sets: readonly ArchivedSet[];
  } | null = null;
  #served: { readonly live: Catalogue; readonly changes: number; readonly catalogue: Catalogue } | null = null;
  readonly #freshening = new Map<string, Promise<number | null>>();
  /** When a set was brought up to its feed last, by this gateway or another one, in milliseconds. */
  readonly #freshAt = new Map<string, number>();

  constructor(context: ArchiveContext) {
    this.#context = context;
    this.#observe = context.observe ?? unobserved;
    this.#now = context.now ?? (() => new Date());
  }

  /** Looks which archives there are. Call at the start, and after the model of a feed has changed. */
  async look(): Promise<void> {
    const { database, documents, modelled } = this.#context;
    const records = new Map((await archiveRecords(database)).map((record) => [record.set, record]));
    this.#kept = new Set(records.keys());
    this.#recorded = (await recordedSets(database, documents)).filter(
      ({ source }) => !modelled.has(source) && !isForCallers(documents, source),
    );
    this.#changes += 1;
    for (const archived of this.#sets()) {
      const record = records.get(archived.name) ?? null;
      if (modelled.has(archived.source)) {
        await this.#lookAt(archived, record);
      } else if (record !== null) {
        this.#noteReady(archived, record.complete);
      }
    }
  }

  /** As the feeds declare them; of feeds that were never read, as the archives have them. Asked for every request, so made once for each model. */
  #sets(): readonly ArchivedSet[] {
    const { live, modelled } = this.#context;
    const now = live();
    if (this.#known?.live !== now || this.#known.recorded !== this.#recorded) {
      const declared = archivedSets(now).filter(({ source }) => modelled.has(source));
      const sets = [...declared, ...this.#recorded.filter(({ source }) => !modelled.has(source))];
      this.#known = { live: now, recorded: this.#recorded, sets };
    }
    return this.#known.sets;
  }

  async #lookAt(archived: ArchivedSet, record: ArchiveRecord | null): Promise<void> {
    const { database, documents, live } = this.#context;
    const former = record === null ? null : { address: record.feed, tenant: record.tenant };
    const feed = this.#identity(archived.source) ?? former;
    if (record === null) {
      this.#noteGone(archived);
    }
    if (feed === null || (record === null && !isTreated(archived))) {
      return;
    }
    try {
      const { complete, lacking } = await openArchive(database, live(), { archived, documents, feed });
      this.#noteReady(archived, complete);
      this.#tellLacking(archived, lacking);
    } catch (error) {
      if (!(error instanceof GatewayError) || !keepsClosed.has(error.code)) {
        throw error;
      }
      this.#changes += this.#ready.delete(archived.name) ? 1 : 0;
      await noteOutcome(database, archived.name, error);
      this.#tell(archived, { state: 'failed', set: archived.name, error });
    }
  }

  /** Another program has let it go: what it held is served no more, and neither is what has been copied since, until that is all. */
  #noteGone({ name }: ArchivedSet): void {
    const wasServed = [this.#complete.delete(name), this.#ready.delete(name)].includes(true);
    this.#changes += wasServed ? 1 : 0;
  }

  #noteReady(archived: ArchivedSet, complete: boolean): void {
    if (!complete && this.#complete.has(archived.name)) {
      this.#noteGone(archived);
    }
    if (complete && !this.#complete.has(archived.name)) {
      this.#complete.add(archived.name);
      this.#changes += 1;
    }
    // Until all was copied once, the feed has more than its archive; but nobody sees it as it is where personal data is treated.
    if (complete || isTreated(archived) || !this.#context.feeds.has(archived.source)) {
      const fits = typeText(archived);
      this.#changes += this.#ready.get(archived.name) === fits ? 0 : 1;
      this.#ready.set(archived.name, fits);
    }
  }

  /** The catalogue as it is served: sets whose archive is whole are in PostgreSQL. */
  catalogue(): Catalogue {
    const live = this.#context.live();
    const changes = this.#changes;
    if (this.#served?.live === live && this.#served.changes === changes) {
      return this.#served.catalogue;
    }
    const archived = this.#sets().filter(
      (one) => one.settings.serve !== 'live' && this.#ready.get(one.name) === typeText(one),
    );
    const names = new Set(archived.map(({ name }) => name));
    const closed = archivedSets(live).filter(
      (one) => !names.has(one.name) && isTreated(one) && this.#context.feeds.has(one.source),
    );
    const why = (name: string): string =>
      `'${name}' is served from its archive alone, since personal data is treated there, and the archive cannot be read now: the log line archive says why.`;
    const served = withheldSets(withArchived(live, archived), new Map(closed.map(({ name }) => [name, why(name)])));
    const catalogue = sayingAbsent(served, this.absent());
    this.#served = { live, changes, catalogue };
    return catalogue;
  }

  /** By set over all sources, the titles of proxied sources that are absent in it, as nothing of theirs is archived. */
  absent(): ReadonlyMap<string, readonly string[]> {
    const { documents } = this.#context;
    return absentSources(documents, (name) => {
      const binding = documents.sets.get(name);
      const isKept = binding?.kind === 'upstream' && binding.archive !== undefined;
      return isKept && (this.#kept.has(name) || this.#complete.has(name));
    });
  }

  /**
   * Brings those of these sets up to their feeds that are served as both, unless that was done just now. A feed that cannot be reached is no
   * error here: then the archive is served as it is, which is told, and its age given.
   */
  async freshen(sets: readonly string[], signal: AbortSignal): Promise<CopyAge | null> {
    const { feeds, modelled } = this.#context;
    const served = this.catalogue().sets;
    const wanted = this.#sets().filter(({ name, source, settings }) => {
      const isAsked = sets.includes(name) && settings.serve === 'both' && served.get(name)?.kind === 'stored';
      return isAsked && this.#complete.has(name) && feeds.has(source) && modelled.has(source);
    });
    const ages = await Promise.all(wanted.map((archived) => this.#freshenSet(archived, signal)));
    const stale = ages.filter((age) => age !== null);
    return stale.length === 0 ? null : { seconds: Math.max(...stale), stale: true };
  }

  /** Seconds since the set was copied last, where the feed has newer rows by now and does not give them; null: it is up to it. */
  #freshenSet(archived: ArchivedSet, signal: AbortSignal): Promise<number | null> {
    const { name } = archived;
    if (isFresh(archived, this.#freshAt.get(name), this.#now())) {
      return Promise.resolve(null);
    }
    // Whoever else asks meanwhile waits for the same copy, which no single client ends.
    const running =
      this.#freshening.get(name) ??
      this.#copyFresh(archived).finally(() => {
        this.#freshening.delete(name);
      });
    this.#freshening.set(name, running);
    return untilAborted(running, signal);
  }

  async #copyFresh(archived: ArchivedSet): Promise<number | null> {
    const { name } = archived;
    const asked = this.#now();
    const known = await archiveRecord(this.#context.database, name);
    const copiedAt = known?.copiedAt?.getTime();
    if (copiedAt !== undefined && isFresh(archived, copiedAt, asked)) {
      // Another gateway did it.
      this.#freshAt.set(name, copiedAt);
      return null;
    }
    const never = new AbortController().signal;
    for (;;) {
      const outcome = await this.#copy(archived, { signal: never, fresh: true });
      if (outcome.state !== 'busy') {
        if (outcome.state === 'copied') {
          this.#freshAt.set(name, asked.getTime());
          return null;
        }
        return Math.max(0, Math.floor((asked.getTime() - (copiedAt ?? 0)) / 1000));
      }
      const now = await archiveRecord(this.#context.database, name);
      if (now === null || (now.copiedAt !== null && now.copiedAt >= asked)) {
        this.#freshAt.set(name, asked.getTime());
        return null;
      }
      await pause(nextLook);
    }
  }

  /** Copies all archived sets, or some, one after the other: a feed is asked for one thing at a time. */
  async run({ source, set, signal, ...options }: RunOptions): Promise<readonly SetOutcome[]> {
    const outcomes: SetOutcome[] = [];
    for (const { name } of this.setsOf(source, set)) {
      const archived = this.#archived(name);
      if (archived === null || signal.aborted) {
        continue;
      }
      outcomes.push(await this.#copy(archived, { ...options, signal, fresh: false }));
    }
    return outcomes;
  }

  /** The sets that are kept, of feeds that can be asked. */
  setsOf(source?: string, set?: string): readonly ArchivedSet[] {
    const { feeds, modelled } = this.#context;
    return this.#sets().filter(
      (one) =>
        feeds.has(one.source) &&
        modelled.has(one.source) &&
        (source === undefined || one.source === source) &&
        (set === undefined || one.name === set),
    );
  }

  async #copy(
    archived: ArchivedSet,
    {
      signal,
      fresh,
      force = false,
      whole = false,
    }: Pick<RunOptions, 'force' | 'whole' | 'signal'> & { readonly fresh: boolean },
  ): Promise<SetOutcome> {
    const { name } = archived;
    let outcome: SetOutcome;
    try {
      const work = (held: AbortSignal): Promise<CopyCounts> =>
        this.#copyAlone(archived, { signal: AbortSignal.any([signal, held]), fresh, force, whole });
      const counts = await this.#context.database.exclusively(`archive ${name}`, work);
      outcome = counts === null ? { state: 'busy', set: name } : { state: 'copied', set: name, counts };
      if (outcome.state === 'copied') {
        await noteOutcome(this.#context.database, name, null);
      }
    } catch (error) {
      if (!(error instanceof GatewayError)) {
        throw error;
      }
      outcome = { state: 'failed', set: name, error };
      await noteOutcome(this.#context.database, name, error);
    }
    this.#tell(archived, outcome);
    return outcome;
  }

  async #copyAlone(
    archived: ArchivedSet,
    options: Required<Pick<RunOptions, 'force' | 'whole' | 'signal'>> & { readonly fresh: boolean },
  ): Promise<CopyCounts> {
    const { database, documents, live, feeds } = this.#context;
    const upstream = feeds.get(archived.source);
    const identity = this.#identity(archived.source);
    if (upstream === undefined || identity === null) {
      throw new GatewayError('UpstreamUnavailable', `The feed ${archived.source} has no address.`);
    }
    const catalogue = live();
    const record = await openArchive(database, catalogue, { archived, documents, feed: identity });
    this.#tellLacking(archived, record.lacking);
    const feed = { upstream, namespace: catalogue.model.namespace, signal: options.signal };
    const { name, source } = archived;
    const counts = await copySet(
      { database, catalogue, documents, archived, feed, identity, force: options.force, now: this.#now() },
      record,
      {
        now: this.#now,
        fresh: options.fresh,
        whole: options.whole,
        onProgress: (upTo, rows) => this.#observe({ event: 'archive-progress', source, set: name, upTo, rows }),
      },
    );
    this.#noteReady(archived, true);
    return counts;
  }

  #archived(name: string): ArchivedSet | null {
    return this.#sets().find((one) => one.name === name) ?? null;
  }

  #identity(name: string): FeedIdentity | null {
    const address = this.#context.feeds.get(name)?.state().url ?? null;
    const source = this.#context.live().sources.get(name);
    return address === null ? null : { address, tenant: source === undefined ? null : tenantOf(source) };
  }

  /** Once, and where it changes. */
  #tellLacking({ name, source }: ArchivedSet, lacking: string | null): void {
    const before = this.#lacking.get(name) ?? null;
    this.#lacking.set(name, lacking);
    if (lacking !== before) {
      this.#observe({ event: 'archive-lacking', source, set: name, message: lacking });
    }
  }

  #tell({ name, source }: ArchivedSet, outcome: SetOutcome): void {
    const counts = outcome.state === 'copied' ? outcome.counts : null;
    const reason = outcome.state === 'failed' ? `${outcome.error.code}: ${outcome.error.message}` : null;
    this.#observe({ event: 'archive', source, set: name, outcome: outcome.state, counts, reason });
  }
}

/** Whether the feed has nothing newer than what was copied then, as far as the metadata says. */
function isFresh({ settings, refreshed }: ArchivedSet, copiedAt: number | undefined, now: Date): boolean {
  const age = now.getTime() - (copiedAt ?? Number.NEGATIVE_INFINITY);
  return age >= 0 && (age < settings.freshSeconds * 1000 || hasRefreshed({ refreshed }, copiedAt ?? 0, now));
}

/** Whether anything of a set is not kept as the feed has it. */
const isTreated = (archived: ArchivedSet): boolean => policiesOf(archived).size > 0;

/** Errors of an archive that cannot be used as it is, until somebody does something. */
const keepsClosed: ReadonlySet<string> = new Set(['ArchiveRefused', 'PersonalKeyMissing', 'ProvisionRefused']);

/** The type that a table has to fit. */
const typeText = ({ live }: ArchivedSet): string => JSON.stringify(shapeOf(live));

/** Waits for work that goes on for others, too, where this one does not wait any longer. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let stop = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/**
 * The catalogue with the sets that have archives in their tables, whether their feeds can be reached or not: what erases and prunes rows works
 * by it. `catalogue`: of the metadata files.
 */
export async function archivedCatalogue(database: Database, catalogue: Catalogue): Promise<Catalogue> {
  return withArchived(catalogue, await recordedSets(database, catalogue));
}

/** The catalogue as a gateway serves it that finds the archives as they are now. Changes nothing: for people who want to know. */
export async function servedCatalogue(
  database: Database,
  live: Catalogue,
  feeds: ReadonlyMap<string, Upstream>,
): Promise<Catalogue> {
  const complete = new Set((await archiveRecords(database)).filter((one) => one.complete).map(({ set }) => set));
  const recorded = new Map((await recordedSets(database, live)).map((one) => [one.name, typeText(one)]));
  const archived = archivedSets(live).filter(
    (one) =>
      one.settings.serve !== 'live' &&
      feeds.has(one.source) &&
      (complete.has(one.name) || isTreated(one)) &&
      recorded.get(one.name) === typeText(one),
  );
  return withArchived(live, archived);
}

/** Archives as the ledger has them. */
export async function recordedSets(database: Database, catalogue: Catalogue): Promise<readonly ArchivedSet[]> {
  const records = await archiveRecords(database);
  return records.flatMap(({ set, source, shape }) => {
    const documented = catalogue.model.entitySets.get(set) ?? null;
    const binding = catalogue.sets.get(set);
    if (!catalogue.sources.has(source) || (binding !== undefined && binding.kind !== 'upstream')) {
      return [];
    }
    const settings = binding?.archive ?? catalogue.sources.get(source)?.archive?.sets;
    const live = shapedSet(set, shape, documented);
    return [archivedSet(live, { source, settings: settings ?? usual })];
  });
}

/** What is kept of before is for nobody who does not show the feed a token of their own. */
const isForCallers = ({ sources }: Catalogue, source: string): boolean =>
  sources.get(source)?.upstream?.signIn.kind === 'caller';

const usual: ArchiveSettings = {
  ...{ by: null, overlapSeconds: 0, serve: 'archive', wholeEverySeconds: 86_400, keep: null, freshSeconds: 0 },
  personal: { byProperty: new Map(), byClass: new Map(), exact: new Set() },
};
