import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import type { IngestEvent } from '../../observation/events/ingest.ts';
import type { Observe } from '../../observation/observe.ts';
import type { Arrival, Delivery, Outcome, SpooledFile } from '../delivery/delivery.ts';
import { Notices } from '../delivery/put-away/notices.ts';
import { loadedFolder, PutAway, refusedFolder } from '../delivery/put-away/put-away.ts';
import { type PartFacts, readFacts, writeFacts } from './upload-parts.ts';

/** A file that came whole. */
export interface UploadArrival extends Arrival {
  readonly path: string;
  readonly size: number;
}

/**
 * Files that somebody sent here whole, each with what was said of it beside it, until they are taken in: then they go to `loaded/` or, with the reason beside
 * them, to `refused/`. Each is a file of its own from the moment when its last byte came, so nothing that comes later under its name touches it.
 */
export class UploadDelivery implements Delivery<UploadArrival> {
  readonly #arriving: string;
  readonly #putAway: PutAway;
  /** Ids of those that somebody takes in right now. */
  readonly #taken = new Set<string>();

  constructor(folder: string, observe?: Observe<IngestEvent>) {
    this.#arriving = path.join(folder, 'arriving');
    this.#putAway = new PutAway(path.resolve(folder), new Notices(observe));
  }

  /** A file of this file system becomes an arrival, at once and whole; nobody else takes it in before `release`. */
  async add(file: string, facts: PartFacts): Promise<UploadArrival> {
    const id = randomUUID();
    this.#taken.add(id);
    await mkdir(this.#arriving, { recursive: true });
    const time = new Date(facts.modifiedAt ?? facts.startedAt);
    await utimes(file, time, time);
    try {
      await mkdir(this.#folder(id));
      await writeFacts(this.#facts(id), facts);
      await rename(file, this.#bytes(id, facts));
    } catch (error) {
      this.#taken.delete(id);
      await this.#remove(id);
      throw error;
    }
    const arrival = await this.#read(id);
    if (arrival === null) {
      throw new Error(`the upload ${id} is gone`);
    }
    return arrival;
  }

  /** Whether the caller may take it in now; then it is the caller's until `release`. */
  reserve({ id }: UploadArrival): boolean {
    if (this.#taken.has(id)) {
      return false;
    }
    this.#taken.add(id);
    return true;
  }

  release({ id }: UploadArrival): void {
    this.#taken.delete(id);
  }

  /** All that wait or are taken in, those first that were changed first. */
  async waiting(): Promise<readonly UploadArrival[]> {
    const names = await readdir(this.#arriving).catch((): string[] => []);
    const found: UploadArrival[] = [];
    for (const name of names.filter((one) => one.endsWith('.json'))) {
      const arrival = await this.#read(name.slice(0, -'.json'.length));
      if (arrival !== null) {
        found.push(arrival);
      }
    }
    const time = ({ version }: UploadArrival): number => Number(version.split(' ')[1]);
    return found.sort((a, b) => time(a) - time(b) || (a.below < b.below ? -1 : 1));
  }

  async *arrivals(): AsyncGenerator<UploadArrival> {
    for (const arrival of await this.waiting()) {
      if (!this.reserve(arrival)) {
        continue;
      }
      try {
        // It may have been taken in since it was listed.
        if ((await this.#read(arrival.id)) !== null) {
          yield arrival;
        }
      } finally {
        this.release(arrival);
      }
    }
  }

  async fetch(arrival: UploadArrival): Promise<SpooledFile> {
    return { path: arrival.path };
  }

  async settle({ id, path: file, below }: UploadArrival, { fate, result }: Outcome): Promise<void> {
    if (fate === 'waits') {
      return;
    }
    const movedTo = await this.#putAway.move(file, fate === 'accepted' ? loadedFolder : refusedFolder, below);
    if (fate === 'refused') {
      await this.#putAway.writeReason(movedTo, result.error);
    }
    await this.#remove(id);
  }

  /** null: what was said of it is here alone, since it was put away, or was never whole. */
  async #read(id: string): Promise<UploadArrival | null> {
    const text = await readFile(this.#facts(id), 'utf8').catch(() => null);
    if (text === null) {
      return null;
    }
    const facts = readFacts(text);
    if (facts === null) {
      // Cut off by a power failure or a full disk, before the sender had an answer: it is sent again.
      return null;
    }
    const file = this.#bytes(id, facts);
    const stats = await stat(file).catch(() => null);
    if (stats === null) {
      if (!this.#taken.has(id)) {
        await this.#remove(id);
      }
      return null;
    }
    const { source, name, export: named, period } = facts;
    const below = `${source}/${name}`;
    return {
      ...{ id, name, below, path: file, size: stats.size },
      version: `${stats.size} ${stats.mtimeMs}`,
      target: {
        ...{ source, directory: source },
        ...(named === null ? {} : { export: named }),
        ...(period === null ? {} : { period }),
      },
    };
  }

  async #remove(id: string): Promise<void> {
    await rm(this.#facts(id), { force: true });
    await rm(this.#folder(id), { recursive: true, force: true });
  }

  #folder(id: string): string {
    return path.join(this.#arriving, id);
  }

  /** Under its own name, which the log and messages have. */
  #bytes(id: string, { name }: PartFacts): string {
    return path.join(this.#folder(id), name);
  }

  #facts(id: string): string {
    return path.join(this.#arriving, `${id}.json`);
  }
}
