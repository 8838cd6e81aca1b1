import type { Catalogue } from '../../../catalogue/catalogue.ts';
import type { Notices } from '../put-away/notices.ts';
import { deliveryAt, markNames } from '../source-folders.ts';
import type { FoundFile, FoundFiles } from './find-files.ts';
import { Sightings } from './sightings.ts';
import { longWithoutMark } from './stuck-files.ts';

export interface FinishedWhen {
  readonly catalogue: Catalogue;
  /** Milliseconds of a clock that only goes forward. */
  readonly clock: () => number;
  /** Milliseconds that a file must have been seen unchanged, whatever its source says. */
  readonly minimumAge?: number;
  /** Milliseconds between the two looks that follow; they count. */
  readonly settle: number;
  readonly notices: Notices;
}

/** Tells files that are complete from those that are still written: by their age as they are, or by the mark beside them. */
export class FinishedFiles {
  readonly #when: FinishedWhen;
  readonly #sightings: Sightings;

  constructor(when: FinishedWhen) {
    this.#when = when;
    this.#sightings = new Sightings(when.clock);
  }

  /** Takes note of what one look found, and gives those of it that are complete. */
  among(found: FoundFiles): readonly FoundFile[] {
    this.#sightings.look(found.files);
    return found.files.filter((file) => this.#isReady(file, found));
  }

  /** Milliseconds that a file must have been seen unchanged. */
  age(below: string): number {
    return this.#when.minimumAge ?? deliveryAt(below, this.#when.catalogue).minimumAgeSeconds * 1000;
  }

  #isReady(file: FoundFile, { leftAlone }: FoundFiles): boolean {
    const unchanged = this.#sightings.unchangedFor(file);
    const { completeMark } = deliveryAt(file.below, this.#when.catalogue);
    if (completeMark === null) {
      return unchanged + this.#when.settle >= this.age(file.below);
    }
    const marks = markNames(file.below, completeMark);
    const marked = marks.some((name) => leftAlone.has(name.toLowerCase()));
    if (!marked && unchanged > longWithoutMark) {
      this.#when.notices.tell(
        'no-mark',
        file.below,
        `${file.below} waits for ${marks.join(' or ')}, which says that it is complete`,
      );
    }
    return marked;
  }
}
