import type { FoundFile } from './find-files.ts';

interface Sighting {
  readonly fingerprint: string;
  /** Milliseconds of a clock that only goes forward. */
  readonly since: number;
}

/**
 * For how long files were seen unchanged. Counted from what was seen, by a clock of our own: times of files may lie in the
 * future (a clock that goes wrong), or long ago (a copy that keeps them) while the file is still written.
 */
export class Sightings {
  readonly #clock: () => number;
  #seen = new Map<string, Sighting>();

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /** Takes note of all files of one look; those that are not among them are forgotten. */
  look(files: readonly FoundFile[]): void {
    const now = this.#clock();
    this.#seen = new Map(
      files.map(({ path, fingerprint }) => {
        const before = this.#seen.get(path);
        return [path, before?.fingerprint === fingerprint ? before : { fingerprint, since: now }];
      }),
    );
  }

  /** Milliseconds since the file was first seen as it is; 0: never. */
  unchangedFor({ path, fingerprint }: FoundFile): number {
    const seen = this.#seen.get(path);
    return seen?.fingerprint === fingerprint ? this.#clock() - seen.since : 0;
  }
}
