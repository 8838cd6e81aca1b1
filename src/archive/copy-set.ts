import type { Property } from '../edm/model.ts';
import { GatewayError } from '../errors.ts';
import { lockSets, nextVersion, publishVersion } from '../ingest/ledger/set-version.ts';
import { lastRefresh } from '../upstream/client/lookup-copies.ts';
import type { ArchivedSet } from './archived-set.ts';
import { type CopiedPart, type Copying, copyPart } from './copy-part.ts';
import { isBeyondFeed, oldestMoment, patiently } from './feed-rows.ts';
import { markPurged } from './gone-rows.ts';
import { keptFrom } from './kept-from.ts';
import { tableOf } from './merge-copied.ts';
import { firstMoment, firstSpan, nextSpan, type Part, wholeSecond } from './parts.ts';
import { type ArchiveRecord, nextCopyId, noteCopy, noteProgress, type RecordChange } from './records.ts';

/** Rows of all parts of one copy. */
export type CopyCounts = Omit<CopiedPart, 'newest'>;

export interface CopyOptions {
  readonly now: () => Date;
  /** Only what may have changed since the last copy: somebody waits for it. */
  readonly fresh: boolean;
  /** The whole set is compared, whenever that was done last. */
  readonly whole: boolean;
  /** Told after each part of many: rows up to this moment were looked at. */
  readonly onProgress: (upTo: string, rows: number) => void;
}

/** A set that is larger is compared whole on its schedule alone, not when somebody asks for it. */
const fewRows = 5000;
/** Every set is compared whole once in so many milliseconds: nothing else shows what changed behind the window. */
const wholeAtLeast = 30 * 86_400_000;

const none: CopyCounts = {
  ...{ read: 0, inserted: 0, updated: 0, unchanged: 0, duplicate: 0 },
  ...{ erased: 0, purged: 0, deleted: 0 },
};

/**
 * Brings the archive of a set up to its feed. Each part is a transaction of its own with the progress in it, so what was done stays done
 * wherever this ends. Call where nobody else copies the set. Throws what `copyPart` throws.
 */
export async function copySet(copying: Copying, record: ArchiveRecord, options: CopyOptions): Promise<CopyCounts> {
  const { archived } = copying;
  const by = archived.settings.by === null ? undefined : archived.live.entityType.properties.get(archived.settings.by);
  return by === undefined
    ? compareWhole(copying, record, options)
    : new TimedCopy(copying, by, options).run(record).catch((error: unknown) => {
        throw isBeyondFeed(error) ? notByTime(archived.name, error.message) : error;
      });
}

const notByTime = (name: string, why: string): GatewayError =>
  new GatewayError(
    'UpstreamRefused',
    `${why} So the rows of ${name} cannot be copied by time. Say archive: { by: null } in its metadata.`,
  );

/** Nothing says when rows came: all are read, and compared. */
async function compareWhole(copying: Copying, record: ArchiveRecord, options: CopyOptions): Promise<CopyCounts> {
  const { archived, database } = copying;
  const now = options.now();
  if (!isDue(copying, record, { ...options, at: now })) {
    return none;
  }
  const copied = await patiently(copying.feed.signal, () =>
    copyPart(copying, { kind: 'whole' }, ({ read }) => ({ complete: true, wholeAt: now, wholeRows: read })),
  );
  await noteProgress(database, archived.name, { change: {}, copiedAt: now });
  return copied;
}

/** What the feed refreshes once a day is compared once after that, however large it is, by whoever comes first. */
function isDue(
  { archived }: Copying,
  record: ArchiveRecord,
  { at, fresh, whole }: CopyOptions & { readonly at: Date },
): boolean {
  if (whole || !record.complete || record.wholeAt === null) {
    return true;
  }
  if (archived.refreshed !== null) {
    return !hasRefreshed(archived, record.wholeAt.getTime(), at);
  }
  return fresh
    ? record.wholeRows !== null && record.wholeRows <= fewRows
    : isPast(record.wholeAt, at, archived.settings.wholeEverySeconds * 1000);
}

/** Milliseconds by which a clock may be set back without anything being looked at again. */
const smallStep = 3_600_000;
const isAfter = (moment: Date, now: Date): boolean => moment.getTime() - now.getTime() > smallStep;

/** Whether it was so many milliseconds ago, or nobody knows since when: our clock was set back behind it. */
const isPast = (moment: Date, now: Date, milliseconds: number): boolean =>
  isAfter(moment, now) || now.getTime() - moment.getTime() >= milliseconds;

/** Whether a set that its feed refreshes once a day was copied after the last time, so that nothing of it can have changed. */
export const hasRefreshed = ({ refreshed }: Pick<ArchivedSet, 'refreshed'>, copiedAt: number, now: Date): boolean =>
  refreshed !== null && copiedAt <= now.getTime() && copiedAt >= lastRefresh(refreshed, now.getTime());

/** Copies by the point in time of rows, window by window. */
class TimedCopy {
  #sum = none;
  readonly #copying: Copying;
  readonly #by: Property;
  readonly #options: CopyOptions;

  constructor(copying: Copying, by: Property, options: CopyOptions) {
    this.#copying = copying;
    this.#by = by;
    this.#options = options;
  }

  async run(record: ArchiveRecord): Promise<CopyCounts> {
    const { database, archived } = this.#copying;
    const { fresh, whole, now } = this.#options;
    // What comes while this goes on is looked at by the next copy.
    const started = now();
    // Our clock was set back: what came since the last copy may lie anywhere before.
    const isAhead = record.watermark !== null && isAfter(record.watermark, started);
    const known = isAhead ? { ...record, watermark: started } : record;
    const watermark = known.complete ? known.watermark : await this.#backFill(known, started);
    await this.#copyNew(watermark, { started, first: !known.complete || isAhead });
    if (!fresh) {
      await this.#markPurged();
      await this.#compareOld(known, whole || isAhead);
    }
    await noteProgress(database, archived.name, { change: {}, copiedAt: started });
    return this.#sum;
  }

  /** What the feed has had so far, from the oldest on; the watermark says where it goes on after an end in between. */
  async #backFill(record: ArchiveRecord, started: Date): Promise<Date | null> {
    const from = record.watermark ?? (await this.#oldest());
    if (from === null) {
      return null;
    }
    if (record.watermark === null) {
      await this.#beforeAll();
    }
    return this.#windows(this.#within(from), started, (to) => ({ watermark: to }));
  }

  /** Rows whose time says nothing of when they came. */
  async #beforeAll(): Promise<void> {
    if (keptFrom(this.#copying.archived, this.#copying.now) === null) {
      await this.#part({ kind: 'window', by: this.#by, from: null, to: firstMoment }, () => ({}));
    }
  }

  /** Windows from one moment to another, each as long as the rows of the one before let it be. Gives where they end. */
  async #windows(from: Date, until: Date, progress: (to: Date) => RecordChange): Promise<Date> {
    let [at, span] = [new Date(wholeSecond(from)), firstSpan];
    while (at < until) {
      const to = new Date(wholeSecond(new Date(Math.min(at.getTime() + span, until.getTime() + 1000))));
      const copied = await this.#part(
        { kind: 'window', by: this.#by, from: wholeSecond(at), to: wholeSecond(to) },
        () => progress(to),
      );
      span = nextSpan(span, copied.read);
      at = to;
      this.#options.onProgress(wholeSecond(at), this.#sum.read);
    }
    return at;
  }

  /**
   * Rows from before the watermark on, without an end: a clock of the feed may be ahead. The new watermark is the newest row, but never ahead
   * of our clock, lest one row of tomorrow hide those that still come today.
   */
  async #copyNew(
    watermark: Date | null,
    { started, first }: { readonly started: Date; readonly first: boolean },
  ): Promise<void> {
    const { overlapSeconds } = this.#copying.archived.settings;
    const wanted = watermark === null ? null : new Date(watermark.getTime() - overlapSeconds * 1000);
    const kept = keptFrom(this.#copying.archived, started);
    const from =
      wanted === null ? (kept === null ? null : wholeSecond(new Date(kept))) : wholeSecond(this.#within(wanted));
    await this.#part({ kind: 'window', by: this.#by, from, to: null }, ({ newest }) => {
      const latest = newest === null ? watermark : new Date(Math.min(newest.getTime(), started.getTime()));
      // After the first copy it stands where our clock did, which may be ahead of the feed's.
      const moves = latest !== null && (watermark === null || first || latest > watermark);
      const forward = moves ? { watermark: latest } : {};
      return this.#by.nullable ? forward : { ...forward, complete: true };
    });
    if (this.#by.nullable) {
      await this.#part({ kind: 'timeless', by: this.#by }, () => ({ complete: true }));
    }
  }

  /**
   * Once a month, what lay behind the window when this copy began: nothing else shows that it changed, or was deleted. What the first copy brings was just
   * copied, but not what it had brought before it ended in between: who asks for the whole has that compared, too.
   */
  async #compareOld(record: ArchiveRecord, whole: boolean): Promise<void> {
    const { database, archived } = this.#copying;
    const now = this.#options.now();
    const { watermark, comparedTo } = record;
    const comparedAt = record.complete ? record.wholeAt : null;
    const due = whole || comparedTo !== null || (comparedAt !== null && isPast(comparedAt, now, wholeAtLeast));
    const oldest = due && watermark !== null ? await this.#oldest() : null;
    if (oldest !== null && watermark !== null) {
      // A comparison that ended in between goes on; one that somebody asks for begins anew, since what was compared may have changed.
      const goesOn = !whole && comparedTo !== null && comparedTo > oldest;
      if (!goesOn) {
        await this.#beforeAll();
      }
      const from = goesOn ? comparedTo : oldest;
      await this.#windows(this.#within(from), watermark, (to) => ({ comparedTo: to }));
    }
    if (due || comparedAt === null) {
      await noteProgress(database, archived.name, { change: { wholeAt: now, comparedTo: null }, copiedAt: null });
    }
  }

  /** Rows that are older than all that the feed has were purged there. */
  async #markPurged(): Promise<void> {
    const { database, archived, feed } = this.#copying;
    const oldest = await patiently(feed.signal, () => oldestMoment(feed, archived.live, this.#by));
    // Where the feed has no row at all, or keeps no order, nothing is said of single rows.
    if (typeof oldest !== 'string') {
      return;
    }
    const table = tableOf(archived);
    const purged = await database.transaction(async (transaction) => {
      await lockSets(transaction, [archived.name]);
      const version = await nextVersion(transaction, archived.name);
      const marked = await markPurged(transaction, { archived, table }, { by: this.#by, oldest, version });
      if (marked > 0) {
        await publishVersion(transaction, archived.name, version);
        const copyId = await nextCopyId(transaction);
        const note = { copyId, set: archived.name, kind: 'purged', from: null, to: oldest } as const;
        await noteCopy(transaction, { ...none, ...note, purged: marked });
      }
      return marked;
    });
    this.#sum = { ...this.#sum, purged: this.#sum.purged + purged };
  }

  async #part(part: Part, progress: (copied: CopiedPart) => RecordChange): Promise<CopiedPart> {
    const { feed } = this.#copying;
    const copied = await patiently(feed.signal, () => {
      feed.signal.throwIfAborted();
      return copyPart(this.#copying, part, progress);
    });
    this.#sum = added(this.#sum, copied);
    return copied;
  }

  /** The moment, or the first one that is kept: older rows are not looked for, so none of them is taken for gone. */
  #within(moment: Date): Date {
    const { archived, now } = this.#copying;
    const kept = keptFrom(archived, now);
    return kept !== null && moment < new Date(kept) ? new Date(kept) : moment;
  }

  async #oldest(): Promise<Date | null> {
    const { feed, archived } = this.#copying;
    const oldest = await patiently(feed.signal, () => oldestMoment(feed, archived.live, this.#by));
    if (oldest === undefined) {
      throw notByTime(archived.name, `The feed does not order ${archived.name} by ${this.#by.name}.`);
    }
    return oldest === null ? null : new Date(oldest);
  }
}

function added(sum: CopyCounts, copied: CopiedPart): CopyCounts {
  const names = Object.keys(none) as (keyof CopyCounts)[];
  return Object.fromEntries(names.map((name) => [name, sum[name] + copied[name]])) as unknown as CopyCounts;
}
