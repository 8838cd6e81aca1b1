import { OwnFindings } from './own-findings.ts';
import { keptEntries, type Remembered } from './trial-memory.ts';

/** What is told where. */
export interface FindingPlaces {
  /** Milliseconds of a clock. */
  readonly now: () => number;
  /** Told when something was found out. */
  readonly onChange: () => void;
}

/** What becomes of a finding. */
interface Ageing<Finding> {
  /** Milliseconds until a feed is tried again: it may have been changed, or have other rows then. */
  readonly longest: (finding: Finding) => number;
  /** Whether it holds for all who ask, whoever's token it was found out with. */
  readonly isForAll: (finding: Finding) => boolean;
  /** A finding of an earlier run; null: it is something else. */
  readonly understood: (kept: Readonly<Record<string, unknown>>) => Finding | null;
  /** Findings that are remembered, those asked for last. Absent: 10,000. */
  readonly most?: number;
}

/** What was found out, and when: milliseconds of the clock. */
type Aged<Finding> = Finding & { readonly at: number };

/** `isOver`: that was too long ago, and is to be tried again. */
export type FoundOut<Finding> = Aged<Finding> & { readonly isOver: boolean };

/** What was found out of a feed, by the name of what it is about, and for how long it holds; what holds for all outlives a restart. */
export class AgedFindings<Finding extends object> implements Remembered {
  readonly #ageing: Ageing<Finding>;
  readonly #places: FindingPlaces;
  readonly #found: OwnFindings<Aged<Finding>>;

  constructor(ageing: Ageing<Finding>, places: FindingPlaces) {
    this.#ageing = ageing;
    this.#places = places;
    this.#found = new OwnFindings<Aged<Finding>>(ageing.isForAll, ageing.most);
  }

  clear(): void {
    this.#found.clear();
  }

  kept(): unknown {
    return this.#found.entries();
  }

  restore(kept: unknown): void {
    for (const [name, { at, ...rest }] of keptEntries(kept).toReversed()) {
      const finding = this.#ageing.understood(rest);
      if (finding !== null && typeof at === 'number') {
        this.#found.set(name, { ...finding, at }, undefined);
      }
    }
  }

  /** However old it is. `caller`: who asks with a token of their own; undefined: the gateway asks for all. */
  get(name: string, caller: string | undefined): FoundOut<Finding> | undefined {
    const found = this.#found.get(name, caller);
    return found === undefined ? undefined : { ...found, isOver: this.#isOver(found) };
  }

  note(name: string, finding: Finding, caller: string | undefined): void {
    this.#found.set(name, { ...finding, at: this.#places.now() }, caller);
    this.#places.onChange();
  }

  /** What was found out for all, however old it is. */
  entries(): readonly (readonly [string, Finding])[] {
    return this.#found.entries();
  }

  /** What holds now, for all. */
  current(): readonly (readonly [string, Finding])[] {
    return this.#found.entries().filter(([, found]) => !this.#isOver(found));
  }

  #isOver(found: Aged<Finding>): boolean {
    return Math.abs(this.#places.now() - found.at) > this.#ageing.longest(found);
  }
}
