import type { Catalogue } from '../../../catalogue/catalogue.ts';
import type { StuckUpload } from '../../ledger/stuck-uploads.ts';
import { deliveryAt, placeOf } from '../source-folders.ts';
import type { FoundFiles } from './find-files.ts';

/** Milliseconds after which a file that is still written, or has the name of an unfinished upload, is stuck. */
const longWritten = 3_600_000;

/** The same for one without its mark, which mostly comes at once. */
export const longWithoutMark = 600_000;

/** What is incomplete: below the folder, all paths, those that have been so for too long, and those that were so at the look before and no more. */
export interface Incomplete {
  readonly stuck: readonly StuckUpload[];
  readonly paths: readonly string[];
  readonly left: readonly string[];
}

/** Tells uploads that have been incomplete for too long, by for how long each was seen so by a clock of our own. */
export class StuckFiles {
  readonly #catalogue: Catalogue;
  readonly #clock: () => number;
  #seen = new Map<string, number>();

  constructor(catalogue: Catalogue, clock: () => number) {
    this.#catalogue = catalogue;
    this.#clock = clock;
  }

  /** Takes note of what one look found incomplete, and gives what has been so for too long. `ready`: paths of complete files. */
  among(found: FoundFiles, ready: ReadonlySet<string>): Incomplete {
    const now = this.#clock();
    const incomplete = [
      ...found.files.filter(({ path }) => !ready.has(path)).map(({ below }) => below),
      ...[...found.leftAlone.keys()].filter((below) => this.#isUnfinished(below)),
    ];
    const before = this.#seen;
    this.#seen = new Map(incomplete.map((below) => [below, before.get(below) ?? now]));
    const left = [...before.keys()].filter((below) => !this.#seen.has(below));
    const stuck = [...this.#seen].flatMap(([below, since]) => {
      const marked = deliveryAt(below, this.#catalogue).completeMark !== null && !this.#isUnfinished(below);
      const [most, reason] = marked ? [longWithoutMark, 'no-mark'] : [longWritten, 'growing'];
      return now - since > most
        ? [{ source: placeOf(below, this.#catalogue).source ?? null, path: below, reason }]
        : [];
    });
    return { stuck, paths: incomplete, left };
  }

  #isUnfinished(below: string): boolean {
    const endings = [...this.#catalogue.sources.values()].flatMap(({ files }) => files?.temporarySuffixes ?? []);
    return endings.some((ending) => below.toLowerCase().endsWith(ending.toLowerCase()));
  }
}
