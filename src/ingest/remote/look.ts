import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { DeliverySettings } from '../../catalogue/delivery-settings.ts';
import { timeOfName } from '../../catalogue/name-time.ts';
import type { DeliveryFile } from '../ledger/delivery-files.ts';
import { isMarked, joinedBelow, type ListedFiles, listFiles, type RemoteFileEntry } from './listed-files.ts';
import type { RemoteSession } from './remote-session.ts';

/** What becomes of one file that is listed. */
export interface Verdict {
  /** Path below the directory of the delivery. */
  readonly path: string;
  readonly size: number | null;
  readonly modifiedMs: number | null;
  /**
   * `fetch`: it is complete, and new or another one than before. `wait`: it is not complete, or nobody can tell yet. `known`: it is as
   * it was when it was fetched last, and taken in; `refused`: likewise, and refused then.
   */
  readonly fate: 'fetch' | 'wait' | 'known' | 'refused';
  /** Why, for people. */
  readonly reason: string;
  /** It waits for longer than the delivery allows. */
  readonly stuck: boolean;
}

export interface Looked {
  readonly listed: ListedFiles;
  /** Those first that speak of earlier times. */
  readonly verdicts: readonly Verdict[];
}

/** Milliseconds after which a file is fetched again whose time the server does not tell: its bytes decide then. */
const timelessTrust = 86_400_000;

/** Lists a delivery and says of each file what is to become of it. Changes nothing, here or there. */
export async function look(
  session: RemoteSession,
  settings: DeliverySettings,
  { catalogue, known }: { readonly catalogue: Catalogue; readonly known: ReadonlyMap<string, DeliveryFile> },
): Promise<Looked> {
  const listed = await session.use((connection) => listFiles(connection, settings, catalogue));
  const judge = new Judge(settings, catalogue, known, listed);
  const verdicts: Verdict[] = listed.unfinished.map((file) => judge.unfinished(file));
  for (const file of listed.files) {
    verdicts.push(judge.file(await withFacts(session, settings, file)));
  }
  const timeOf = ({ path, modifiedMs }: Verdict): number =>
    timeOfName(path.slice(path.lastIndexOf('/') + 1), 'utc')?.getTime() ?? modifiedMs ?? 0;
  verdicts.sort((a, b) => timeOf(a) - timeOf(b) || (a.path < b.path ? -1 : 1));
  return { listed, verdicts };
}

/** What a listing did not say of a file, or only in a form for people, is asked for: dates of LIST have no year, or no time, and no zone. */
async function withFacts(
  session: RemoteSession,
  { directory }: DeliverySettings,
  file: RemoteFileEntry,
): Promise<RemoteFileEntry> {
  if (file.size !== null && file.modifiedAt !== null) {
    return file;
  }
  const facts = await session.use((connection) => connection.facts(joinedBelow(directory, file.path)));
  return facts === null ? file : { ...file, ...facts };
}

class Judge {
  readonly #settings: DeliverySettings;
  readonly #known: ReadonlyMap<string, DeliveryFile>;
  readonly #listed: ListedFiles;
  readonly #mark: string | null;
  readonly #minimumAge: number;

  constructor(
    settings: DeliverySettings,
    catalogue: Catalogue,
    known: ReadonlyMap<string, DeliveryFile>,
    listed: ListedFiles,
  ) {
    const completion = catalogue.sources.get(settings.source)?.delivery;
    this.#settings = settings;
    this.#known = known;
    this.#listed = listed;
    this.#mark = completion?.completeMark ?? null;
    this.#minimumAge = (settings.minimumAgeSeconds ?? completion?.minimumAgeSeconds ?? 60) * 1000;
  }

  unfinished(file: RemoteFileEntry): Verdict {
    return this.#waits(file, 'its name is that of an unfinished upload');
  }

  file(file: RemoteFileEntry): Verdict {
    const before = this.#known.get(file.path);
    const same = before !== undefined && sameAsListed(before, file);
    if (same && before.state !== 'waits' && !isStale(before)) {
      return before.state === 'accepted'
        ? this.#verdict(file, 'known', 'fetched before, with this size and time')
        : this.#verdict(file, 'refused', 'refused before, with this size and time');
    }
    if (file.size === null) {
      return this.#waits(file, 'the server does not tell its size');
    }
    if (this.#mark !== null) {
      return isMarked(file.path, this.#mark, this.#listed)
        ? this.#fetch(file, before)
        : this.#waits(file, `its mark ${this.#mark} is not there`);
    }
    const unchanged = same && before.state === 'waits' ? before.unchangedFor : 0;
    if (unchanged < this.#minimumAge && !(same && before.state !== 'waits')) {
      return this.#waits(
        file,
        `seen unchanged for ${Math.floor(unchanged / 1000)} of ${this.#minimumAge / 1000} seconds`,
      );
    }
    return this.#fetch(file, before);
  }

  #fetch(file: RemoteFileEntry, before: DeliveryFile | undefined): Verdict {
    if (before === undefined || before.state === 'waits') {
      return this.#verdict(file, 'fetch', 'new');
    }
    const changes = [
      ...(before.size === file.size ? [] : [`its size was ${before.size} and is ${file.size}`]),
      ...(before.modifiedMs === msOf(file) ? [] : ['its time is another one']),
    ];
    return this.#verdict(file, 'fetch', changes.join(', ') || 'the server tells no times: looked at once a day');
  }

  #waits(file: RemoteFileEntry, reason: string): Verdict {
    const before = this.#known.get(file.path);
    const waited = before?.state === 'waits' ? before.seenFor : 0;
    return { ...this.#verdict(file, 'wait', reason), stuck: waited >= this.#settings.stuckAfterMinutes * 60_000 };
  }

  #verdict(file: RemoteFileEntry, fate: Verdict['fate'], reason: string): Verdict {
    return { path: file.path, size: file.size, modifiedMs: msOf(file), fate, reason, stuck: false };
  }
}

const msOf = ({ modifiedAt }: RemoteFileEntry): number | null => modifiedAt?.getTime() ?? null;

/** A time that moved is a reason to fetch, never to skip: a server may add the offset of its zone, and a file be rewritten with its size. */
const sameAsListed = (before: DeliveryFile, file: RemoteFileEntry): boolean =>
  before.size === file.size && before.modifiedMs === msOf(file);

const isStale = ({ modifiedMs, fetchedFor }: DeliveryFile): boolean =>
  modifiedMs === null && (fetchedFor ?? 0) >= timelessTrust;
