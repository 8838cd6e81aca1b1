import type { Join } from '../../plan/federate/split-selection.ts';

/** Rows that are remembered for one join of one reply. */
const mostKnown = 5000;

/**
 * What the rows of one reply led to so far. Only navigation to one: many rows have the same other end (agents, queues,
 * codes), and a row is small.
 */
export class KnownRows {
  readonly #byJoin = new Map<Join, Map<string, string[]>>();

  /** By key text; null: nothing is remembered for this join. */
  of(join: Join): Map<string, string[]> | null {
    if (join.expand.navigation.collection) {
      return null;
    }
    const known = this.#byJoin.get(join);
    if (known !== undefined && known.size < mostKnown) {
      return known;
    }
    const fresh = new Map<string, string[]>();
    this.#byJoin.set(join, fresh);
    return fresh;
  }
}
