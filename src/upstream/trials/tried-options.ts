import { type ExpandPlace, placeName } from '../../plan/federate/placement.ts';
import type { ReplyContext } from '../reading/reply-context.ts';
import type { AskedExpand, TriedBefore, UpstreamPlan, UpstreamReadOptions } from '../upstream.ts';
import { rowAsCollection, withRowConditions } from '../url/row-conditions.ts';
import { trialsOfExpand, trialsOfRows, trialsOfSelection } from './asked-trials.ts';
import { isUnshown, type Trial, type TrialFindings, type TriedOption } from './trial-findings.ts';
import type { TrialPlace } from './trial-rows.ts';

/**
 * What a feed does with options that it may pass over. Services should refuse what they do not know (Protocol 11.2.1); some answer all rows
 * of a set whatever its options say, and some read `$expand` as a list of names and send all rows, in any order. So options are tried
 * once a day before rows are asked for with them, for each set, path and navigation by itself: with rows known to be there, of which
 * none may come, or which have to come the other way round.
 */
export class TriedOptions {
  readonly #findings: TrialFindings;
  readonly #ofSets: boolean;

  /** `ofSets`: false where it is known that the feed does what options of its sets say. */
  constructor(findings: TrialFindings, { ofSets }: { readonly ofSets: boolean }) {
    this.#findings = findings;
    this.#ofSets = ofSets;
  }

  /**
   * Throws GatewayError NotImplemented where a plan has options that the feed passes over, or does not show to do: its rows are to
   * be worked out here.
   */
  async check(asked: UpstreamPlan, options: UpstreamReadOptions, context: ReplyContext): Promise<void> {
    const place = { options, context };
    await this.#settle(this.#trialsOf(asked, place), place);
  }

  /** What the feed has to show for a plan, and what it has shown to all: nothing is tried. */
  tried(asked: UpstreamPlan, place: TrialPlace): readonly TriedBefore[] {
    return [...this.#trialsOf(asked, place)].flatMap(({ where, options }) =>
      options.map((option) => this.#findings.told(where, option)),
    );
  }

  *#trialsOf(asked: UpstreamPlan, place: TrialPlace): Generator<Trial> {
    const plan = withRowConditions(rowAsCollection(asked) ?? asked);
    if (this.#ofSets) {
      yield* trialsOfRows(plan, place);
    }
    if (plan.kind === 'Collection' || plan.kind === 'Entity') {
      yield* trialsOfSelection(plan.selection, null, { ...place, ofSets: this.#ofSets });
    }
  }

  /** Whether the feed does an `$expand`, with the options inside of it. */
  async shows(asked: AskedExpand, options: UpstreamReadOptions, context: ReplyContext): Promise<boolean> {
    const place = { options, context };
    try {
      await this.#settle(trialsOfExpand(asked, { ...place, ofSets: this.#ofSets }), place);
      return true;
    } catch (error) {
      if (isUnshown(error)) {
        return false;
      }
      throw error;
    }
  }

  /** Rows came without what an `$expand` leads to: it is not left to the feed until the next trial. */
  disprove(at: ExpandPlace, caller: string | undefined): void {
    this.#findings.know(placeName(at), '$expand', 'passed over', caller);
  }

  async #settle(trials: Iterable<Trial>, place: TrialPlace): Promise<void> {
    const { caller } = place.context;
    for (const trial of trials) {
      const isNeeded = trial.within?.some((option) => this.#wasDone(trial.where, option, caller)) ?? true;
      if (isNeeded) {
        await this.#findings.settle(trial, place);
      }
    }
  }

  #wasDone(where: string, option: TriedOption, caller: string | undefined): boolean {
    return this.#findings.verdictOf(where, option, { caller, age: 'any' }) === 'done';
  }
}
