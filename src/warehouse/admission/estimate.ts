/** What PostgreSQL expects of a statement (`EXPLAIN`): its own unit of cost, and the bytes of all rows. */
export interface Estimate {
  readonly cost: number;
  readonly bytes: number;
}

/**
 * How much a read takes. `light`: milliseconds, and a small reply. `page`: rows that stream as fast as somebody reads them.
 * `long`: PostgreSQL works for seconds or minutes.
 */
export type Weight = 'light' | 'page' | 'long';

/** PostgreSQL goes through some 100 to 1,000 units of its cost in a millisecond: up to 20 to 200 ms. */
const lightCost = 20_000;
const lightBytes = 1024 * 1024;
/** From one second on. */
const longCost = 1_000_000;
/** More than any machine does in a millisecond, ten times over: the estimate may be wrong. */
const unitsForMillisecond = 10_000;

export function weightOf({ cost, bytes }: Estimate): Weight {
  if (cost > longCost) {
    return 'long';
  }
  return cost <= lightCost && bytes <= lightBytes ? 'light' : 'page';
}

/** Whether the statement cannot end within so many milliseconds even if PostgreSQL expects ten times too much of it. */
export function isHopeless({ cost }: Estimate, milliseconds: number): boolean {
  return cost > milliseconds * unitsForMillisecond;
}

/** Reads the answer to `EXPLAIN (FORMAT JSON)`, as text or parsed; null: it is none. */
export function readEstimate(answer: unknown): Estimate | null {
  const parsed: unknown = typeof answer === 'string' ? JSON.parse(answer) : answer;
  const first: unknown = Array.isArray(parsed) ? parsed[0] : parsed;
  const plan = member(first, 'Plan');
  const [cost, rows, width] = ['Total Cost', 'Plan Rows', 'Plan Width'].map((name) => member(plan, name));
  if (typeof cost !== 'number' || typeof rows !== 'number' || typeof width !== 'number') {
    return null;
  }
  return { cost, bytes: rows * width };
}

function member(object: unknown, name: string): unknown {
  return typeof object === 'object' && object !== null ? (object as Record<string, unknown>)[name] : undefined;
}

/** What several statements of one read take together. */
export function together(estimates: readonly Estimate[]): Estimate {
  return estimates.reduce((sum, { cost, bytes }) => ({ cost: sum.cost + cost, bytes: sum.bytes + bytes }), {
    cost: 0,
    bytes: 0,
  });
}

const most = 10_000;
/** Milliseconds: loads change what a statement takes, and planning it again costs about one. */
const lifetime = 30_000;

/** The weights of reads that were estimated, or found to take longer than estimated. */
export class KnownWeights {
  readonly #weights = new Map<string, { readonly weight: Weight; readonly until: number }>();
  readonly #now: () => number;

  /** `now`: milliseconds of a clock that never goes back. */
  constructor(now: () => number) {
    this.#now = now;
  }

  recall(key: string): Weight | null {
    const found = this.#weights.get(key);
    return found === undefined || found.until < this.#now() ? null : found.weight;
  }

  keep(key: string, weight: Weight): void {
    // Deleted first, so that it stands last in the order of insertion, in which the oldest goes.
    this.#weights.delete(key);
    this.#weights.set(key, { weight, until: this.#now() + lifetime });
    if (this.#weights.size > most) {
      for (const oldest of this.#weights.keys()) {
        return void this.#weights.delete(oldest);
      }
    }
  }
}
