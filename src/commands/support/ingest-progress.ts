import { filesOf, type IngestResult, type KnownFile } from '../../ingest/delivery/ingest-result.ts';
import type { PathFile } from '../../ingest/delivery/paths/path-files.ts';

/** Milliseconds between two lines where no terminal shows how it goes. */
const everySo = 30_000;

/** How far a command has come with many files, and what became of them. */
export class IngestProgress {
  readonly #sizes: ReadonlyMap<string, number>;
  readonly #clock: () => number;
  readonly #totalBytes: number;
  readonly #began: number;
  readonly #states = new Map<string, number>();
  readonly #rows = { read: 0, inserted: 0, updated: 0, unchanged: 0, rejected: 0, duplicate: 0, removed: 0 };
  /** Files in which each unknown column was, by export and header. */
  readonly #unknown = new Map<string, number>();
  #files = 0;
  #bytes = 0;
  /** Bytes that were read to be loaded: those of known files tell nothing of how fast loading goes. */
  #loadedBytes = 0;
  #lastLine: number;

  /** `clock`: milliseconds, only forward. */
  constructor(files: readonly PathFile[], clock: () => number) {
    this.#sizes = new Map(files.map(({ path, size }) => [path, size ?? 0]));
    this.#totalBytes = files.reduce((sum, { size }) => sum + (size ?? 0), 0);
    this.#clock = clock;
    this.#began = clock();
    this.#lastLine = this.#began;
  }

  get total(): number {
    return this.#sizes.size;
  }

  note(result: IngestResult | KnownFile): void {
    const size = this.#sizes.get(result.path) ?? 0;
    this.#files += 1;
    this.#bytes += size;
    this.#count(this.#states, result.state);
    if (result.state === 'known') {
      return;
    }
    this.#loadedBytes += size;
    for (const one of filesOf(result)) {
      if (one.state !== 'loaded') {
        continue;
      }
      const { counts, drift, identified } = one;
      for (const name of ['read', 'inserted', 'updated', 'unchanged', 'rejected', 'duplicate', 'removed'] as const) {
        this.#rows[name] += counts[name];
      }
      for (const { kind, header } of drift) {
        if (kind === 'unknown') {
          this.#count(this.#unknown, `${identified.export.source}/${identified.export.name}: ${header}`);
        }
      }
    }
  }

  #count(counts: Map<string, number>, name: string): void {
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }

  /** In one line: files, rows, rate, what remains. */
  line(): string {
    const seconds = Math.max(0.001, (this.#clock() - this.#began) / 1000);
    const left = this.#totalBytes - this.#bytes;
    const remaining =
      left === 0 || this.#loadedBytes === 0 ? '' : `, about ${spell((left * seconds) / this.#loadedBytes)} left`;
    const rate = Math.round(this.#rows.read / seconds);
    const done = `${grouped(this.#files)} of ${grouped(this.total)} files`;
    return `${done}, ${grouped(this.#rows.read)} rows, ${grouped(rate)} rows/s${remaining}`;
  }

  /** The line where one is due; null: not yet. */
  due(): string | null {
    const now = this.#clock();
    if (now - this.#lastLine < everySo || this.#files === this.total) {
      return null;
    }
    this.#lastLine = now;
    return this.line();
  }

  summary(): readonly string[] {
    const { read, inserted, updated, unchanged, rejected, duplicate, removed } = this.#rows;
    const words: readonly (readonly [string, string])[] = [
      ['loaded', 'loaded'],
      ['unpacked', 'unpacked'],
      ['known', 'known as they lie there'],
      ['duplicate', 'known under another name or place'],
      ['refused', 'refused'],
      ['failed', 'failed'],
    ];
    const states = words.flatMap(([state, word]) => {
      const files = this.#states.get(state) ?? 0;
      return files === 0 ? [] : [`${grouped(files)} ${word}`];
    });
    const rows = [
      `${grouped(inserted)} new`,
      `${grouped(updated)} changed`,
      `${grouped(unchanged)} the same`,
      `${grouped(rejected)} rejected`,
      `${grouped(duplicate)} repeated`,
      `${grouped(removed)} removed`,
    ];
    return [
      ...[...this.#unknown].map(([column, files]) => `unknown column, kept in Extras: ${column} (${counted(files)})`),
      `${counted(this.#files)} in ${spell((this.#clock() - this.#began) / 1000)}: ${states.join(', ')}`,
      `${grouped(read)} rows: ${rows.join(', ')}`,
    ];
  }
}

const counted = (files: number): string => `${grouped(files)} ${files === 1 ? 'file' : 'files'}`;

const grouped = (count: number): string => count.toLocaleString('en');

function spell(seconds: number): string {
  if (seconds < 60) {
    return `${Math.ceil(seconds)} s`;
  }
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
