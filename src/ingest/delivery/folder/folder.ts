import { mkdir, readdir } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { GatewayError } from '../../../errors.ts';
import type { IngestEvent } from '../../../observation/events/ingest.ts';
import type { Observe } from '../../../observation/observe.ts';
import { eraseKeptFiles } from '../../erase/erase-kept-file.ts';
import type { FileEntry } from '../../ledger/file-entries.ts';
import { noteStuckUploads } from '../../ledger/stuck-uploads.ts';
import type { IngestContext } from '../../load/load-file.ts';
import type { Arrival, Delivery, Outcome, SpooledFile } from '../delivery.ts';
import { besideName } from '../put-away/move-file.ts';
import { Notices } from '../put-away/notices.ts';
import { loadedFolder, PutAway, refusedFolder } from '../put-away/put-away.ts';
import { deliveryAt, makeSourceFolders, placeOf, reasonSuffix } from '../source-folders.ts';
import { claimFile } from './file-claims.ts';
import { describe, type FoundFile, type FoundFiles, findFiles } from './find-files.ts';
import { FinishedFiles } from './finished-files.ts';
import { StuckFiles } from './stuck-files.ts';
import { type ChangedFile, entryInLedger, TakenFiles } from './taken-files.ts';

/** Milliseconds after which stuck files are noted again. */
const notedEach = 600_000;

export interface FolderOptions {
  /** Milliseconds between the two looks that tell a finished upload from a growing one. Default 2000. */
  readonly settle?: number;
  /** Milliseconds that a file must have been seen unchanged; absent: what its source says. */
  readonly minimumAge?: number;
  /** Absent: nobody listens. */
  readonly observe?: Observe<IngestEvent>;
  /** Ends the pause between the looks, and the arrivals. */
  readonly signal?: AbortSignal;
  /** Milliseconds of a clock that only goes forward; given by tests. */
  readonly clock?: () => number;
}

/** A file of the drop folder, or one in `loaded/` or `refused/` that changed after it was put there. */
export interface FolderArrival extends Arrival {
  readonly file: FoundFile;
  /** The folder of files that were taken in; null: the drop folder itself. */
  readonly folder: string | null;
  /** Marks and unfinished uploads that were found with it, see `FoundFiles`. */
  readonly leftAlone: ReadonlyMap<string, string>;
}

/** Where a file that the ledger has belongs, and as what it was taken. */
interface Earlier extends Pick<FileEntry, 'target'> {
  readonly folder: string;
}

/**
 * The folder in which exports arrive. A file has arrived once it was seen unchanged for the minimum age of its source (or once its mark lies
 * beside it) and two looks more find it the same. It is loaded where it lies, without a copy. Files that were taken in go to `loaded/`, refused
 * ones to `refused/` with the reason beside them; one that was not moved because the program was killed is found in the ledger by path, size,
 * time and bytes, and moved before it arrives again. A file there that changes afterwards was not whole: it is told as an alarm, and arrives again.
 * Several gateways may have one folder: a file arrives at one of them, which holds a claim to it until it is put away.
 */
export class FolderDelivery implements Delivery<FolderArrival> {
  readonly #context: IngestContext;
  readonly #root: string;
  readonly #options: FolderOptions;
  readonly #notices: Notices;
  readonly #finished: FinishedFiles;
  readonly #taken: TakenFiles;
  readonly #putAway: PutAway;
  /** Files that are in the ledger and could not be moved, by path. */
  readonly #stuck = new Map<string, Earlier & { readonly version: string }>();
  readonly #stuckFiles: StuckFiles;
  readonly #clock: () => number;
  #notedStuck = { text: '', at: 0 };
  readonly #movedTo = new WeakMap<FolderArrival, string>();
  #unfinished: string[] = [];

  constructor(context: IngestContext, folder: string, options: FolderOptions = {}) {
    const { clock = () => performance.now(), settle = 2000, minimumAge } = options;
    const root = resolve(folder);
    const notices = new Notices(options.observe);
    this.#context = context;
    this.#root = root;
    this.#options = options;
    this.#notices = notices;
    this.#finished = new FinishedFiles({
      ...{ catalogue: context.catalogue, clock, settle, notices },
      ...(minimumAge === undefined ? {} : { minimumAge }),
    });
    this.#clock = clock;
    this.#stuckFiles = new StuckFiles(context.catalogue, clock);
    this.#taken = new TakenFiles(context, { root, folders: [loadedFolder, refusedFolder], clock });
    this.#putAway = new PutAway(root, notices);
  }

  /** Paths of files that the last `arrivals` found still growing, too young, or without their mark. */
  get unfinished(): readonly string[] {
    return this.#unfinished;
  }

  /** Where an arrival lies since it was settled; null: where it lay. */
  movedTo(arrival: FolderArrival): string | null {
    return this.#movedTo.get(arrival) ?? null;
  }

  async *arrivals(): AsyncGenerator<FolderArrival> {
    const { settle = 2000, signal } = this.#options;
    const found = await this.#find();
    const ready = this.#finished.among(found);
    const changed = await this.#taken.changed({
      age: (below) => this.#finished.age(below) - settle,
      alarm: this.#alarm,
    });
    if (ready.length + changed.length > 0) {
      await this.#pause(settle);
    }
    await this.#noteStuck(found, ready);
    this.#unfinished = found.files.filter((file) => !ready.includes(file)).map(({ path }) => path);
    const here = ready.map((file) => ({ file, below: file.below, arrival: () => this.#arrivalOf(file, found) }));
    const there = changed.map((one) => ({ ...one, arrival: async () => this.#changedArrival(one) }));
    for (const { file, below, arrival } of [...here, ...there]) {
      if (signal?.aborted === true) {
        return;
      }
      const release = await claimFile(this.#context.database, { ...file, below });
      if (release === null) {
        // Another gateway has it in hand; what it leaves here, the next round finds.
        continue;
      }
      try {
        const one = (await this.#isStill(file)) ? await arrival() : null;
        if (one !== null) {
          yield one;
        }
      } finally {
        await release();
      }
    }
  }

  async fetch({ file }: FolderArrival): Promise<SpooledFile> {
    return { path: file.path };
  }

  async settle(arrival: FolderArrival, { fate, result }: Outcome): Promise<void> {
    if (fate === 'waits') {
      return;
    }
    const { file, below, folder } = arrival;
    // What changed meanwhile is another file, and nobody has looked at its end yet.
    const now = await describe(this.#root, file.path);
    if (now === null) {
      // Another gateway on this folder was faster, or a person took it away.
      return;
    }
    if (now.fingerprint !== file.fingerprint) {
      if (result.state === 'loaded') {
        this.#alarm(
          below,
          `${below} changed while it was loaded as load ${result.loadId}: it was not complete. It is taken in again`,
        );
      }
      return;
    }
    const wanted = fate === 'accepted' ? loadedFolder : refusedFolder;
    const movedTo = folder === wanted ? this.#stay(arrival) : await this.#move(arrival, wanted);
    if (movedTo === null) {
      return;
    }
    this.#movedTo.set(arrival, movedTo);
    if (fate === 'refused') {
      await this.#putAway.writeReason(movedTo, result.error);
    } else if (folder === refusedFolder) {
      await this.#putAway.removeReason(file.path);
    }
    if (folder === null) {
      const { completeMark } = deliveryAt(below, this.#context.catalogue);
      await this.#putAway.moveMark({ below, completeMark }, movedTo, arrival.leftAlone);
    }
    const source = arrival.target.source ?? null;
    await eraseKeptFiles(this.#context, { paths: [movedTo, besideName(movedTo, reasonSuffix)], source });
  }

  async #find(): Promise<FoundFiles> {
    const { catalogue } = this.#context;
    await mkdir(this.#root, { recursive: true });
    const there = await readdir(this.#root).catch(() => []);
    await makeSourceFolders(this.#root, catalogue, there).catch(() => {});
    const found = await findFiles(this.#root, { catalogue, except: [loadedFolder, refusedFolder] });
    for (const { below, message } of found.passedOver) {
      this.#notices.tell('passed-over', below, `${below} is not loaded: ${message}`);
    }
    return found;
  }

  /** Written where it differs from what was written last, and now and then: other gateways see by it that the files are looked at still. */
  async #noteStuck(found: FoundFiles, ready: readonly FoundFile[]): Promise<void> {
    const incomplete = this.#stuckFiles.among(found, new Set(ready.map(({ path }) => path)));
    const text = JSON.stringify(incomplete);
    const now = this.#clock();
    if (text !== this.#notedStuck.text || now - this.#notedStuck.at >= notedEach) {
      await noteStuckUploads(this.#context.database, incomplete);
      this.#notedStuck = { text, at: now };
    }
  }

  /** The pause between the two looks; shorter where the round is to end. */
  async #pause(milliseconds: number): Promise<void> {
    const { signal } = this.#options;
    await pause(milliseconds, undefined, signal === undefined ? {} : { signal }).catch((error: unknown) => {
      if (signal?.aborted !== true) {
        throw error;
      }
    });
  }

  async #isStill(file: FoundFile): Promise<boolean> {
    const now = await describe(this.#root, file.path);
    if (now !== null && now.fingerprint !== file.fingerprint) {
      this.#unfinished.push(file.path);
    }
    return now?.fingerprint === file.fingerprint;
  }

  /** null: it is in the ledger and cannot be moved. */
  async #arrivalOf(file: FoundFile, { leftAlone }: FoundFiles): Promise<FolderArrival | null> {
    const earlier = await this.#takenBefore(file);
    if (earlier !== null) {
      return this.#movedFirst(file, earlier);
    }
    return this.#arrival({ file, below: file.below, folder: null }, { leftAlone });
  }

  #changedArrival(changed: ChangedFile): FolderArrival {
    return this.#arrival(changed, { leftAlone: new Map() });
  }

  #arrival(
    { file, below, folder }: { readonly file: FoundFile; readonly below: string; readonly folder: string | null },
    { leftAlone, target = {} }: Pick<FolderArrival, 'leftAlone'> & { readonly target?: Earlier['target'] },
  ): FolderArrival {
    return {
      ...{ file, below, folder, leftAlone },
      id: file.path,
      name: basename(file.path),
      version: file.fingerprint,
      target: { ...placeOf(below, this.#context.catalogue), ...target },
    };
  }

  /** Where a file belongs that is in the ledger as it lies here: it could not be moved, or the gateway was killed before. */
  async #takenBefore(file: FoundFile): Promise<Earlier | null> {
    const stuck = this.#stuck.get(file.path);
    if (stuck?.version === file.fingerprint) {
      return stuck;
    }
    const entry = await entryInLedger(this.#context.database, file);
    if (entry === null) {
      return null;
    }
    if (entry.state === 'refused' || entry.state === 'failed') {
      return { folder: refusedFolder, target: {} };
    }
    return { folder: loadedFolder, target: this.#known(entry.target) ? entry.target : {} };
  }

  #known({ source, export: name }: FileEntry['target']): boolean {
    return this.#context.catalogue.exports.some((one) => one.source === source && one.name === name);
  }

  /** Moved first, so that a file that cannot be moved gets no row in the ledger for each round. */
  async #movedFirst(file: FoundFile, { folder, target }: Earlier): Promise<FolderArrival | null> {
    try {
      const moved = await describe(this.#root, await this.#putAway.move(file.path, folder, file.below));
      return moved === null
        ? null
        : this.#arrival({ file: moved, folder, below: file.below }, { target, leftAlone: new Map() });
    } catch (cause) {
      if (cause instanceof GatewayError) {
        throw cause;
      }
      if (isGone(cause)) {
        return null;
      }
      this.#keepStuck(file, { folder, target }, cause);
      return null;
    }
  }

  /** A file that was taken in before and has changed since is in the right place. */
  #stay({ file }: FolderArrival): string {
    this.#taken.note(file);
    return file.path;
  }

  /** Resolves to where it lies then; null: it cannot be moved. */
  async #move({ file, below }: FolderArrival, folder: string): Promise<string | null> {
    try {
      const movedTo = await this.#putAway.move(file.path, folder, below);
      const now = await describe(this.#root, movedTo);
      // Written to between the last look and the move: the next round compares with what was loaded.
      if (now !== null) {
        this.#taken.note({ ...now, size: file.size, modifiedMs: file.modifiedMs });
      }
      return movedTo;
    } catch (cause) {
      if (isGone(cause)) {
        return null;
      }
      this.#keepStuck(file, { folder, target: {} }, cause);
      return null;
    }
  }

  #keepStuck({ path, fingerprint }: FoundFile, earlier: Earlier, cause: unknown): void {
    this.#stuck.set(path, { version: fingerprint, ...earlier });
    this.#putAway.tellNotMovable(cause);
  }

  readonly #alarm = (below: string, message: string): void => this.#notices.tell('changed', below, message);
}

/** Moved by another gateway on this folder in the meantime. */
const isGone = (cause: unknown): boolean => cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
