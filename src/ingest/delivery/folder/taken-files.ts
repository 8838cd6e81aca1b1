import { join } from 'node:path';
import { GatewayError } from '../../../errors.ts';
import type { Database } from '../../../warehouse/database.ts';
import { examineFile, type FileFacts } from '../../csv/file-facts.ts';
import { entriesOfFile, type FileEntry, isNotedAs, notedFiles, wasTaken } from '../../ledger/file-entries.ts';
import { noteFile } from '../../ledger/ledger.ts';
import type { IngestContext } from '../../load/load-file.ts';
import { placeOf } from '../source-folders.ts';
import { claimFile } from './file-claims.ts';
import { describe, type FoundFile, findFiles } from './find-files.ts';
import { Sightings } from './sightings.ts';

/** Milliseconds between two looks at all files; those moved within a day are looked at in every scan. */
const fullLook = 3_600_000;
const recentTime = 86_400_000;

/** What was taken in, as it was when it was read. */
interface Taken {
  readonly size: number;
  readonly modifiedMs: number;
  readonly since: number;
}

interface Place {
  readonly root: string;
  /** Where taken files lie, below the root. */
  readonly folders: readonly string[];
  readonly clock: () => number;
}

/**
 * Files in `loaded/` and `refused/`: one that changes there was moved while somebody still wrote to it, and what was read
 * was not all of it. What the gateway moved itself it remembers; of files from an earlier life the ledger has size and time.
 */
export class TakenFiles {
  readonly #context: IngestContext;
  readonly #place: Place;
  readonly #known = new Map<string, Taken>();
  readonly #sightings: Sightings;
  readonly #reported = new Set<string>();
  #lastFullLook: number | null = null;

  constructor(context: IngestContext, place: Place) {
    this.#context = context;
    this.#place = place;
    this.#sightings = new Sightings(place.clock);
  }

  /** Remembers a file that lies there now, as it was read. */
  note({ path, size, modifiedMs }: FoundFile): void {
    this.#known.set(path, { size, modifiedMs, since: this.#place.clock() });
    this.#reported.delete(path);
  }

  /**
   * The files that changed since they were read and were seen unchanged for their age since. Each is told, and noted in
   * the ledger, when the change is seen first.
   */
  async changed(asked: {
    readonly age: (below: string) => number;
    readonly alarm: (below: string, message: string) => void;
  }): Promise<readonly ChangedFile[]> {
    const there = await this.#look();
    const { database } = this.#context;
    const strangers = there.filter(({ file }) => !this.#known.has(file.path));
    for (const { file } of await asTheLedgerHas(database, strangers)) {
      this.note(file);
    }
    const changed: ChangedFile[] = [];
    for (const one of there) {
      const { file } = one;
      const known = this.#known.get(file.path);
      if (known?.size === file.size && known.modifiedMs === file.modifiedMs) {
        continue;
      }
      const facts = await examineFile(file.path).catch(() => null);
      // New times alone are no new text.
      if (facts !== null && (await wasTaken(database, facts.sha256))) {
        this.note(file);
      } else {
        changed.push(one);
      }
      if (facts !== null && changed.at(-1) === one) {
        await this.#report(one, facts, asked.alarm);
      }
    }
    this.#sightings.look(changed.map(({ file }) => file));
    return changed.filter(({ file, below }) => this.#sightings.unchangedFor(file) >= asked.age(below));
  }

  async #report({ file, below, folder }: ChangedFile, facts: FileFacts, alarm: Alarm): Promise<void> {
    if (this.#reported.has(file.path)) {
      return;
    }
    this.#reported.add(file.path);
    const message = `${folder}/${below} changed after it was read (it has ${file.size} bytes now): it was not complete, somebody was still writing it. It is taken in again`;
    const { code } = new GatewayError('FileChangedAfterLoad', message);
    alarm(below, `${code}: ${message}`);
    const { database, catalogue } = this.#context;
    const release = await claimFile(database, { ...file, below });
    if (release === null) {
      // Noted by the gateway that has it in hand.
      return;
    }
    try {
      if (!(await isNotedAs(database, { path: below, sha256: facts.sha256, code }))) {
        const source = placeOf(below, catalogue).source ?? null;
        const outcome = { state: 'failed', code, target: null, source, message: `${code}: ${message}`, below } as const;
        await noteFile(database, facts, outcome);
      }
    } finally {
      await release();
    }
  }

  /** All files once an hour, otherwise those that came within a day: there may be years of them. */
  async #look(): Promise<readonly ChangedFile[]> {
    const { root, folders, clock } = this.#place;
    const now = clock();
    const found: ChangedFile[] = [];
    const full = this.#lastFullLook === null || now - this.#lastFullLook >= fullLook;
    if (full) {
      this.#lastFullLook = now;
      const seen = new Set<string>();
      for (const folder of folders) {
        const { files } = await findFiles(join(root, folder), { catalogue: this.#context.catalogue }).catch(() => ({
          files: [],
        }));
        for (const file of files) {
          seen.add(file.path);
          found.push({ file, folder, below: file.below });
        }
      }
      for (const path of this.#known.keys()) {
        if (!seen.has(path)) {
          this.#known.delete(path);
        }
      }
      return found;
    }
    const recent = [...this.#known].flatMap(([path, { since }]) => (now - since > recentTime ? [] : [path]));
    for (const path of new Set([...recent, ...this.#reported])) {
      const file = await describe(root, path);
      if (file === null) {
        this.#known.delete(path);
        this.#reported.delete(path);
      } else {
        found.push({
          file,
          folder: file.below.split('/')[0] ?? '',
          below: file.below.slice(file.below.indexOf('/') + 1),
        });
      }
    }
    return found;
  }
}

type Alarm = (below: string, message: string) => void;

/** A file that lies in one of the folders of taken files. */
export interface ChangedFile {
  readonly file: FoundFile;
  readonly folder: string;
  /** Path below that folder: where it lay in the drop folder. */
  readonly below: string;
}

/** Those that need no second look: the ledger has them with this size and time, or knows nothing of that path (a person put them there). */
async function asTheLedgerHas(database: Database, files: readonly ChangedFile[]): Promise<readonly ChangedFile[]> {
  const settled: ChangedFile[] = [];
  for (let from = 0; from < files.length; from += 1000) {
    const some = files.slice(from, from + 1000);
    const noted = await notedFiles(database, [...new Set(some.flatMap(({ below }) => [below, unnumbered(below)]))]);
    const entries = new Set(noted.map(({ path, bytes, modifiedMs }) => `${path}\0${bytes}\0${modifiedMs}`));
    const paths = new Set(noted.map(({ path }) => path));
    for (const one of some) {
      const names = [one.below, unnumbered(one.below)];
      const known = names.some((name) => entries.has(`${name}\0${one.file.size}\0${one.file.modifiedMs}`));
      if (known || !names.some((name) => paths.has(name))) {
        settled.push(one);
      }
    }
  }
  return settled;
}

/** A name without the number that a second file of its name got (see `moveFile`). */
const unnumbered = (below: string): string => below.replace(/ \(\d+\)(\.[^./]*)?$/, '$1');

/** What became of exactly this file: its path, its bytes, its time; null: the ledger does not have it. */
export async function entryInLedger(database: Database, file: FoundFile): Promise<FileEntry | null> {
  const { below: path, size: bytes, modifiedMs } = file;
  const entries = await entriesOfFile(database, { path, bytes, modifiedMs });
  if (entries.length === 0) {
    return null;
  }
  // One that cannot be read, or is gone, is met again when it is fetched: it must not end the round for all others.
  const facts = await examineFile(file.path).catch(() => null);
  return entries.find((one) => one.sha256 === facts?.sha256) ?? null;
}
