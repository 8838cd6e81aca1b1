import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { lyingEntries } from '../../ledger/file-entries.ts';
import type { IngestContext } from '../../load/load-file.ts';
import type { KnownFile } from '../ingest-result.ts';
import type { PathFile } from './path-files.ts';

/** Files asked for in one statement. */
const some = 1000;

/** Which files the ledger has as they lie there: by path, length and time for all at once, then by the bytes of each. */
export class KnownFiles {
  readonly #context: IngestContext;
  /** SHA-256 and number of loads that took a file, by its path. */
  readonly #candidates = new Map<string, ReadonlyMap<string, string>>();
  readonly #answers = new Map<string, Promise<KnownFile | null>>();

  constructor(context: IngestContext) {
    this.#context = context;
  }

  /** Asks the ledger for files that may come. `source`: only what was taken as its; absent: of any. */
  async look(files: readonly PathFile[], source?: string): Promise<void> {
    const { database, catalogue } = this.#context;
    const of = catalogue.exports.filter((one) => source === undefined || one.source === source);
    const known = new Set(of.map((one) => `${one.source}/${one.name}`));
    for (let from = 0; from < files.length; from += some) {
      const asked = files.slice(from, from + some);
      const entries = await lyingEntries(database, [...new Set(asked.map(({ place }) => place.below))]);
      const taken = new Map<string, Map<string, string>>();
      for (const { path, bytes, modifiedMs, sha256, loadId, export: target } of entries) {
        // An export that the metadata has no more: the bytes may be another one now.
        if (target === null ? source === undefined : known.has(target)) {
          const key = `${path}\0${bytes}\0${modifiedMs}`;
          taken.set(key, (taken.get(key) ?? new Map()).set(sha256, loadId));
        }
      }
      for (const { path, size, modifiedMs, place } of asked) {
        const candidates = taken.get(`${place.below}\0${size}\0${modifiedMs}`);
        if (candidates !== undefined) {
          this.#candidates.set(path, candidates);
        }
      }
    }
  }

  /** null: it is not known as it lies there. Bytes decide: a file rewritten with its length and time is another one. */
  find({ path }: PathFile): Promise<KnownFile | null> {
    const answer = this.#answers.get(path) ?? this.#ask(path);
    this.#answers.set(path, answer);
    return answer;
  }

  async #ask(path: string): Promise<KnownFile | null> {
    const candidates = this.#candidates.get(path);
    const sha256 = candidates === undefined ? null : await digest(path);
    const loadId = sha256 === null ? undefined : candidates?.get(sha256);
    return loadId === undefined ? null : { state: 'known', path, loadId };
  }
}

/** null: it cannot be read. */
async function digest(path: string): Promise<string | null> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), hash);
    return hash.digest('hex');
  } catch {
    return null;
  }
}
