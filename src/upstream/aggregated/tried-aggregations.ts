import { GatewayError } from '../../errors.ts';
import type { UpstreamEvent } from '../../observation/events/upstream.ts';
import type { Observe } from '../../observation/observe.ts';
import { isDown } from '../is-down.ts';
import { AgedFindings, type FindingPlaces, type FoundOut } from '../trials/aged-findings.ts';
import { SharedWork } from '../trials/shared-work.ts';
import type { Remembered } from '../trials/trial-memory.ts';
import type { TrialPlace } from '../trials/trial-rows.ts';
import type { AggregatedRequest } from '../upstream.ts';
import { groupsText } from './aggregation-text.ts';
import { type AggregationTrial, anyRow, triedAggregation } from './aggregation-trials.ts';

/** Aggregations that are remembered, those asked for last. */
const mostKnown = 1000;
/** Milliseconds until one is tried again: a feed may have been changed, or have other rows. */
const longest = { right: 24 * 3_600_000, wrong: 24 * 3_600_000, unshown: 3_600_000 } as const;

interface Known {
  readonly trial: AggregationTrial;
}

/** What is told where. */
export interface TrialPlaces extends FindingPlaces {
  readonly observe: Observe<UpstreamEvent>;
}

/** Which aggregations a feed has shown to work out rightly, each by set, keys, methods and properties. */
export class TriedAggregations {
  readonly #source: string;
  readonly #observe: Observe<UpstreamEvent>;
  readonly #running = new SharedWork<AggregationTrial>();
  readonly #known: AgedFindings<Known>;

  constructor(source: string, { now, observe, onChange }: TrialPlaces) {
    this.#source = source;
    this.#observe = observe;
    this.#known = new AgedFindings<Known>(
      {
        longest: ({ trial }) => longest[trial.verdict],
        isForAll: ({ trial }) => trial.verdict === 'right',
        understood: ({ trial }) => trialIn(trial),
        most: mostKnown,
      },
      { now, onChange },
    );
  }

  /** What of it outlives a restart. */
  get remembered(): Remembered {
    return this.#known;
  }

  /** Whether an aggregation may be handed to the feed. Throws what it throws where it does not answer, and nothing is known of before. */
  async shows(request: AggregatedRequest, place: TrialPlace): Promise<boolean> {
    const key = keyOf(request);
    const { caller } = place.context;
    const known = this.#known.get(key, caller);
    try {
      const trial = (await this.#current(request, known, place)) ?? (await this.#tried(request, place));
      if (trial !== known?.trial) {
        this.#note(request, trial, caller);
      }
      return trial.verdict === 'right';
    } catch (error) {
      if (isDown(error) && known !== undefined) {
        // What it did the day before holds while it is down: copies of what it said may still be served.
        return known.trial.verdict === 'right';
      }
      if (error instanceof GatewayError && error.code === 'UpstreamRefused') {
        return false;
      }
      throw error;
    }
  }

  /** A reply showed that the feed does otherwise, or refuses it. */
  disprove(request: AggregatedRequest, caller: string | undefined): void {
    this.#note(request, { verdict: 'unshown', reason: 'it did not give these groups', open: [] }, caller);
  }

  #tried(request: AggregatedRequest, place: TrialPlace): Promise<AggregationTrial> {
    const name = `${place.context.caller ?? ''} ${keyOf(request)}`;
    return this.#running.of(name, place.options.signal, () => triedAggregation(request, place));
  }

  /** The trial that still holds; null: it is to be made anew. */
  async #current(
    { set }: AggregatedRequest,
    known: FoundOut<Known> | undefined,
    place: TrialPlace,
  ): Promise<AggregationTrial | null> {
    if (known === undefined || known.isOver) {
      return null;
    }
    for (const condition of known.trial.open) {
      if ((await anyRow(set, condition, place)) !== false) {
        return null;
      }
    }
    return known.trial;
  }

  #note(request: AggregatedRequest, trial: AggregationTrial, caller: string | undefined): void {
    const key = keyOf(request);
    const before = this.#known.get(key, caller)?.trial;
    this.#known.note(key, { trial }, caller);
    if (before?.verdict !== trial.verdict || before.reason !== trial.reason) {
      const [set, here] = [request.set.name, trial.verdict !== 'right'];
      const message = `${groupsText(request)}: ${trial.reason}`;
      this.#observe({ event: 'upstream-apply', source: this.#source, set, here, message });
    }
  }
}

/** A trial as it was kept; null: it is something else. */
function trialIn(kept: unknown): Known | null {
  if (typeof kept !== 'object' || kept === null) {
    return null;
  }
  const { verdict, reason, open } = kept as Partial<AggregationTrial>;
  const isVerdict = verdict === 'right' || verdict === 'wrong' || verdict === 'unshown';
  const isOpen = Array.isArray(open) && open.every((one) => typeof one === 'string');
  return isVerdict && typeof reason === 'string' && isOpen ? { trial: { verdict, reason, open } } : null;
}

/** Without the values of conditions, and the names that results are given. */
const keyOf = (request: AggregatedRequest): string =>
  JSON.stringify([
    request.set.name,
    request.grouping.map((key) => {
      const computed = request.computed.find(({ result }) => result === key);
      return computed === undefined ? key.name : [computed.part, computed.of.name];
    }),
    request.items.map(({ property, method }) => [property?.name ?? null, method]),
    request.apart.map(({ name }) => name),
  ]);
