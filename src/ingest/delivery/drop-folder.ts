import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { GatewayError, operatorMessage } from '../../errors.ts';
import type { DropNotice, IngestEvent } from '../../observation/events/ingest.ts';
import type { Observe } from '../../observation/observe.ts';
import { examineFile } from '../csv/file-facts.ts';
import { noteFile } from '../ledger/ledger.ts';
import type { IngestContext } from '../load/load-file.ts';
import { describe, type FoundFile, type FoundFiles, findFiles } from './find-files.ts';
import { tryLoad } from './ingest-paths.ts';
import { type IngestResult, loadEvent } from './ingest-result.ts';
import { besideName, moveFile } from './move-file.ts';
import { Sightings } from './sightings.ts';
import { deliveryAt, makeSourceFolders, markNames, placeOf, reasonSuffix } from './source-folders.ts';
import { type ChangedFile, entryInLedger, type LedgerEntry, TakenFiles } from './taken-files.ts';

export type DropResult = IngestResult & { readonly movedTo: string | null };

export interface DropFolderOptions {
  /** Milliseconds between the two looks that tell a finished upload from a growing one. Default 2000. */
  readonly settle?: number;
  /** Milliseconds that a file must have been seen unchanged; absent: what its source says. */
  readonly minimumAge?: number;
  /** Absent: nobody listens. */
  readonly observe?: Observe<IngestEvent>;
  /** Asked while a file is read; throws what ends its load. */
  readonly mayGoOn?: () => void;
  /** Ends the scan after the file at hand; the others wait for the next one. */
  readonly signal?: AbortSignal;
  /** Milliseconds of a clock that only goes forward; given by tests. */
  readonly clock?: () => number;
}

export interface DropScan {
  readonly results: readonly DropResult[];
  /** Files still growing, too young, or without their mark; the next scan looks again. */
  readonly unfinished: readonly string[];
}

const loadedFolder = 'loaded';
const refusedFolder = 'refused';
/** Milliseconds after which a file without its mark is told. */
const longWithoutMark = 600_000;

/** Where a file that the ledger has belongs, and as what it was taken. */
interface Earlier extends Pick<LedgerEntry, 'target'> {
  readonly folder: string;
}

/**
 * The folder in which exports arrive. Files are taken in oldest first, once they were seen unchanged for the minimum age
 * of their source (or once their mark lies beside them) and two looks more find them the same. Loaded files and files loaded before
 * go to `loaded/`, refused ones to `refused/` with the reason beside them, always after the ledger has it: a crash between the
 * two is healed by the next scan, which knows the bytes. A file there that changes afterwards was not whole: it is told
 * as an alarm and taken in again.
 */
export class DropFolder {
  readonly #context: IngestContext;
  readonly #root: string;
  readonly #options: DropFolderOptions;
  readonly #sightings: Sightings;
  readonly #taken: TakenFiles;
  readonly #told = new Set<string>();
  /** Files that are in the ledger and could not be moved, by path. */
  readonly #stuck = new Map<string, Earlier & { readonly fingerprint: string }>();
  /** What was said last of a file that cannot be read, by path. */
  readonly #unreadable = new Map<string, string>();
  #running: Promise<DropScan> | null = null;

  constructor(context: IngestContext, folder: string, options: DropFolderOptions = {}) {
    const clock = options.clock ?? (() => performance.now());
    this.#context = context;
    this.#root = resolve(folder);
    this.#options = options;
    this.#sightings = new Sightings(clock);
    this.#taken = new TakenFiles(context, { root: this.#root, folders: [loadedFolder, refusedFolder], clock });
  }

  /** One look and the loads that follow; while one goes on, it is that one. Throws DatabaseUnavailable and StorageFull, and leaves the rest. */
  scan(): Promise<DropScan> {
    this.#running ??= this.#scan().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #scan(): Promise<DropScan> {
    const found = await this.#find();
    this.#sightings.look(found.files);
    const { settle = 2000 } = this.#options;
    const ready = found.files.filter((file) => this.#isReady(file, found, settle));
    const changed = await this.#taken.changed({ age: (below) => this.#age(below) - settle, alarm: this.#alarm });
    if (ready.length + changed.length > 0) {
      await this.#settle(settle);
    }
    const results: DropResult[] = [];
    const unfinished = found.files.filter((file) => !ready.includes(file)).map(({ path }) => path);
    const work = [
      ...ready.map((file) => ({ file, take: () => this.#takeIn(file, found) })),
      ...changed.map((one) => ({ file: one.file, take: () => this.#takeAgain(one) })),
    ];
    for (const { file, take } of work) {
      if (this.#options.signal?.aborted === true) {
        break;
      }
      const now = await describe(this.#root, file.path);
      if (now === null) {
        continue;
      }
      if (now.fingerprint !== file.fingerprint) {
        unfinished.push(file.path);
        continue;
      }
      const result = await take();
      if (result === null) {
        continue;
      }
      results.push(result);
      this.#options.observe?.(loadEvent(result));
    }
    return { results, unfinished };
  }

  async #find(): Promise<FoundFiles> {
    const { catalogue } = this.#context;
    await mkdir(this.#root, { recursive: true });
    const there = await readdir(this.#root).catch(() => []);
    await makeSourceFolders(this.#root, catalogue, there).catch(() => {});
    const found = await findFiles(this.#root, { catalogue, except: [loadedFolder, refusedFolder] });
    for (const { below, message } of found.passedOver) {
      this.#tell('passed-over', below, `${below} is not loaded: ${message}`);
    }
    return found;
  }

  #isReady(file: FoundFile, { leftAlone }: FoundFiles, settle: number): boolean {
    const unchanged = this.#sightings.unchangedFor(file);
    const { completeMark } = deliveryAt(file.below, this.#context.catalogue);
    if (completeMark === null) {
      return unchanged + settle >= this.#age(file.below);
    }
    const marked = markNames(file.below, completeMark).some((name) => leftAlone.has(name.toLowerCase()));
    if (!marked && unchanged > longWithoutMark) {
      this.#tell(
        'no-mark',
        file.below,
        `${file.below} waits for ${markNames(file.below, completeMark).join(' or ')}, which says that it is complete`,
      );
    }
    return marked;
  }

  /** Milliseconds that the file must have been seen unchanged. */
  #age(below: string): number {
    return this.#options.minimumAge ?? deliveryAt(below, this.#context.catalogue).minimumAgeSeconds * 1000;
  }

  /** The pause between the two looks; shorter where the scan is to end. */
  async #settle(milliseconds: number): Promise<void> {
    const { signal } = this.#options;
    await pause(milliseconds, undefined, signal === undefined ? {} : { signal }).catch((error: unknown) => {
      if (signal?.aborted !== true) {
        throw error;
      }
    });
  }

  async #takeIn(file: FoundFile, { leftAlone }: FoundFiles): Promise<DropResult | null> {
    const earlier = await this.#takenBefore(file);
    if (earlier !== null) {
      return this.#moveOnly(file, earlier);
    }
    const { result, whole } = await this.#load(file, file.below);
    if (!whole) {
      return this.#unlessTold(file, result);
    }
    const moved = await this.#move(file, result, file.below);
    if (moved.movedTo !== null) {
      await this.#moveMark(file, moved.movedTo, leftAlone);
    }
    return moved;
  }

  /** A file that cannot be read is looked at in every scan, and told once. */
  #unlessTold({ path, fingerprint }: FoundFile, result: IngestResult): DropResult | null {
    if (result.state !== 'failed') {
      return { ...result, movedTo: null };
    }
    const said = `${fingerprint} ${result.error.message}`;
    if (this.#unreadable.get(path) === said) {
      return null;
    }
    this.#unreadable.set(path, said);
    return { ...result, movedTo: null };
  }

  /** Where a file belongs that is in the ledger as it lies here: it could not be moved, or the gateway was killed before. */
  async #takenBefore(file: FoundFile): Promise<Earlier | null> {
    const stuck = this.#stuck.get(file.path);
    if (stuck?.fingerprint === file.fingerprint) {
      return stuck;
    }
    const entry = await entryInLedger(this.#context.database, file);
    if (entry === null) {
      return null;
    }
    if (entry.state !== 'loaded' && entry.state !== 'duplicate') {
      return { folder: refusedFolder, target: {} };
    }
    return { folder: loadedFolder, target: this.#known(entry.target) ? entry.target : {} };
  }

  #known({ source, export: name }: LedgerEntry['target']): boolean {
    return this.#context.catalogue.exports.some((one) => one.source === source && one.name === name);
  }

  /** Moved first, so that a file that cannot be moved gets no row in the ledger for each scan. */
  async #moveOnly(file: FoundFile, { folder, target }: Earlier): Promise<DropResult | null> {
    try {
      const movedTo = await moveFile(file.path, join(this.#root, folder), file.below);
      const moved = await describe(this.#root, movedTo);
      return moved === null ? null : await this.#takeAgain({ file: moved, folder, below: file.below }, target);
    } catch (cause) {
      if (cause instanceof GatewayError) {
        throw cause;
      }
      this.#keepStuck(file, { folder, target }, cause);
      return null;
    }
  }

  /** A file that was taken in before and has changed since. It stays where it is, unless it is in the wrong place now. */
  async #takeAgain({ file, folder, below }: ChangedFile, target: Earlier['target'] = {}): Promise<DropResult | null> {
    const { result, whole } = await this.#load(file, below, target);
    if (!whole) {
      return { ...result, movedTo: null };
    }
    if (folder === (isAccepted(result) ? loadedFolder : refusedFolder)) {
      this.#taken.note(file);
      if ('error' in result) {
        await this.#writeReason(file.path, result.error);
      }
      return { ...result, movedTo: file.path };
    }
    const moved = await this.#move(file, result, below);
    if (moved.movedTo !== null && folder === refusedFolder) {
      await rm(besideName(file.path, reasonSuffix), { force: true });
    }
    return moved;
  }

  /** `whole`: the file is the one that was loaded, and the ledger has it. */
  async #load(
    file: FoundFile,
    below: string,
    target: Earlier['target'] = {},
  ): Promise<{ readonly result: IngestResult; readonly whole: boolean }> {
    const { observe, mayGoOn } = this.#options;
    const result = await tryLoad(this.#context, file.path, {
      ...placeOf(below, this.#context.catalogue),
      ...target,
      below,
      ...(observe === undefined ? {} : { observe }),
      ...(mayGoOn === undefined ? {} : { mayGoOn }),
    });
    // What may pass by itself stays and is tried again.
    if (result.state === 'failed' && result.error.recovery === 'retriable') {
      return { result, whole: false };
    }
    // What changed meanwhile is another file, and nobody has looked at its end yet.
    const now = await describe(this.#root, file.path);
    if (now === null || now.fingerprint !== file.fingerprint) {
      if (result.state === 'loaded') {
        this.#alarm(
          below,
          `${below} changed while it was loaded as load ${result.loadId}: it was not complete. It is taken in again`,
        );
      }
      return { result, whole: false };
    }
    if (result.state === 'failed') {
      const message = `${result.error.code}: ${operatorMessage(result.error)}`;
      await noteFile(this.#context.database, await examineFile(file.path), {
        state: 'failed',
        code: result.error.code,
        target: null,
        message,
        below,
      });
    }
    return { result, whole: true };
  }

  async #move(file: FoundFile, result: IngestResult, below: string): Promise<DropResult> {
    const folder = isAccepted(result) ? loadedFolder : refusedFolder;
    try {
      const movedTo = await moveFile(file.path, join(this.#root, folder), below);
      const now = await describe(this.#root, movedTo);
      // Written to between the last look and the move: the next scan compares with what was loaded.
      if (now !== null) {
        this.#taken.note({ ...now, size: file.size, modifiedMs: file.modifiedMs });
      }
      if ('error' in result) {
        await this.#writeReason(movedTo, result.error);
      }
      return { ...result, movedTo };
    } catch (cause) {
      this.#keepStuck(file, { folder, target: {} }, cause);
      return { ...result, movedTo: null };
    }
  }

  #keepStuck({ path, fingerprint }: FoundFile, earlier: Earlier, cause: unknown): void {
    this.#stuck.set(path, { fingerprint, ...earlier });
    const reason = cause instanceof Error ? cause.message : String(cause);
    this.#tell(
      'not-movable',
      '',
      `Files that were taken in cannot be moved out of ${this.#root} (${reason}). They are not taken in again; make the folder writable, and they are moved.`,
    );
  }

  /** The refusal is in the ledger and in the log: where the reason cannot be written, the file was refused all the same. */
  async #writeReason(path: string, error: GatewayError): Promise<void> {
    await writeFile(besideName(path, reasonSuffix), reasonText(error)).catch((cause: unknown) => {
      const reason = cause instanceof Error ? cause.message : String(cause);
      this.#tell('not-movable', path, `The reason could not be written beside ${path}: ${reason}`);
    });
  }

  async #moveMark(file: FoundFile, movedTo: string, leftAlone: ReadonlyMap<string, string>): Promise<void> {
    const { completeMark } = deliveryAt(file.below, this.#context.catalogue);
    if (completeMark === null) {
      return;
    }
    for (const name of markNames(file.below, completeMark)) {
      const mark = leftAlone.get(name.toLowerCase());
      if (mark !== undefined) {
        await moveFile(mark, this.#root, besideName(movedTo, completeMark).slice(this.#root.length)).catch(() => {});
      }
    }
  }

  readonly #alarm = (below: string, message: string): void => this.#tell('changed', below, message);

  #tell(kind: DropNotice['kind'], below: string, message: string): void {
    // One reason for all files of a folder that cannot be written.
    const key = `${kind}\0${below}\0${kind === 'not-movable' && below === '' ? '' : message}`;
    if (this.#told.has(key)) {
      return;
    }
    this.#told.add(key);
    this.#options.observe?.({ event: 'drop-folder', kind, below, message });
  }
}

/** One scan by itself. It has seen no file before, so two looks decide, unless a minimum age is given. */
export async function scanDropFolder(
  context: IngestContext,
  folder: string,
  options: DropFolderOptions = {},
): Promise<DropScan> {
  return new DropFolder(context, folder, { minimumAge: 0, ...options }).scan();
}

const isAccepted = ({ state }: IngestResult): boolean => state === 'loaded' || state === 'duplicate';

/** What an operator finds beside a refused file. */
export function reasonText(error: GatewayError): string {
  const details = error.details.map((line) => `${line}\n`).join('');
  return `${error.code}\n\n${operatorMessage(error)}\n${details}\nWhat to do: ${error.remedy}\nThen put the file back into the drop folder, or load it by hand with gateway ingest.\n`;
}
