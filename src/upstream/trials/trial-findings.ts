import { GatewayError } from '../../errors.ts';
import { isDown } from '../is-down.ts';
import type { TriedBefore } from '../upstream.ts';
import { AgedFindings, type FindingPlaces } from './aged-findings.ts';
import type { NestedOption } from './nested-trials.ts';
import type { TriedPart } from './part-trials.ts';
import type { SetOption } from './set-trials.ts';
import { SharedWork } from './shared-work.ts';
import type { Remembered } from './trial-memory.ts';
import type { TrialPlace, Verdict } from './trial-rows.ts';

export type TriedOption = SetOption | NestedOption | '$expand' | TriedPart['form'] | `$orderby=${string}`;

/** `not shown`: it refuses to show it, or it cannot be told from its rows. */
export type KnownVerdict = Exclude<Verdict, 'no rows'> | 'not shown';

/** Milliseconds until a feed is tried again: it may have been changed, or show it with the rows that it has then. */
const longest: Readonly<Record<KnownVerdict, number>> = {
  done: 24 * 3_600_000,
  'passed over': 24 * 3_600_000,
  'not shown': 600_000,
};

interface Known {
  readonly verdict: KnownVerdict;
}

/** `caller`: whose token the feed is asked with. `age`: `any`, however long ago it was found out; absent: as long as it holds. */
interface Asking {
  readonly caller: string | undefined;
  readonly age?: 'any' | 'today';
}

/** Options that are tried where they stand. */
export interface Trial {
  /** A set, a path or the place of an `$expand`. */
  readonly where: string;
  readonly options: readonly TriedOption[];
  /** It is made where the feed was seen to do one of these of the same rows. Absent: always. */
  readonly within?: readonly TriedOption[];
  /** Tries those of which it is not known what the feed does. */
  readonly ask: (untried: readonly TriedOption[]) => Promise<ReadonlyMap<TriedOption, Verdict>>;
}

/** What is known of the options that a feed may pass over, and for how long it holds. */
export class TrialFindings {
  readonly #source: string;
  readonly #running = new SharedWork<ReadonlyMap<TriedOption, Verdict>>();
  /** By set, path or place of an `$expand`, and option. */
  readonly #known: AgedFindings<Known>;

  constructor(source: string, places: FindingPlaces) {
    this.#source = source;
    this.#known = new AgedFindings<Known>(
      {
        longest: ({ verdict }) => longest[verdict],
        isForAll: ({ verdict }) => verdict === 'done',
        understood: ({ verdict }) => (isVerdict(verdict) ? { verdict } : null),
      },
      places,
    );
  }

  /** What of it outlives a restart. */
  get remembered(): Remembered {
    return this.#known;
  }

  know(where: string, option: TriedOption, verdict: KnownVerdict, caller: string | undefined): void {
    this.#known.note(`${where} ${option}`, { verdict }, caller);
  }

  /** undefined: it is not known, or was too long ago. */
  verdictOf(where: string, option: TriedOption, { caller, age = 'today' }: Asking): KnownVerdict | undefined {
    const known = this.#known.get(`${where} ${option}`, caller);
    return known?.isOver === true && age === 'today' ? undefined : known?.verdict;
  }

  /** What is remembered of an option for all, however old. */
  told(where: string, option: TriedOption): TriedBefore {
    const known = this.#known.get(`${where} ${option}`, undefined);
    const { verdict = null, isOver = true } = known ?? {};
    return { where, option, verdict, at: known === undefined ? null : new Date(known.at), isOver };
  }

  /**
   * Tries what is not known, and remembers what comes of it.
   * @throws GatewayError NotImplemented, of which `isUnshown` is true, where the feed passes an option over, or does not show to do it
   */
  async settle({ where, options, ask }: Trial, { context, options: { signal } }: TrialPlace): Promise<void> {
    const { caller } = context;
    const untried = options.filter((option) => this.verdictOf(where, option, { caller }) === undefined);
    let found: ReadonlyMap<TriedOption, Verdict> = new Map();
    let age: 'any' | 'today' = 'today';
    if (untried.length > 0) {
      try {
        const name = [caller, where, ...untried].join(' ');
        found = await this.#running.of(name, signal, () => ask(untried));
      } catch (error) {
        // What a feed did the day before holds while it is down: copies of its rows may still be served.
        if (
          !isDown(error) ||
          untried.some((option) => this.verdictOf(where, option, { caller, age: 'any' }) === undefined)
        ) {
          throw error;
        }
        age = 'any';
      }
    }
    for (const option of options) {
      const isTried = age === 'today' && untried.includes(option);
      const verdict = isTried ? (found.get(option) ?? 'not shown') : this.verdictOf(where, option, { caller, age });
      if (isTried && verdict !== undefined && verdict !== 'no rows') {
        this.know(where, option, verdict, caller);
      }
      if (verdict !== 'done' && verdict !== 'no rows') {
        throw unshown(
          `The proxied feed ${this.#source} does not show that it does what ${option} of ${where} says.`,
          option,
        );
      }
    }
  }
}

/** Why rows are not left to a feed: it is no fault of theirs. */
class Unshown extends Error {}

export const unshown = (message: string, target: string): GatewayError =>
  new GatewayError('NotImplemented', message, { feature: 'proxied', target, cause: new Unshown(message) });

export const isUnshown = (error: unknown): boolean => error instanceof GatewayError && error.cause instanceof Unshown;

const isVerdict = (kept: unknown): kept is KnownVerdict => typeof kept === 'string' && Object.hasOwn(longest, kept);
