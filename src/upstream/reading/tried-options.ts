import type { EntitySet } from '../../edm/model.ts';
import { GatewayError } from '../../errors.ts';
import type { Restriction, RowSource, Selection } from '../../plan/model/read-plan.ts';
import { isRestricted, wholeSet } from '../../plan/model/restricted-set.ts';
import type { UpstreamPlan, UpstreamReadOptions } from '../upstream.ts';
import { compileUpstreamUrl } from '../url/compile-url.ts';
import { rowAsCollection, withRowConditions } from '../url/row-conditions.ts';
import { upstreamHasNavigation } from '../url/upstream-map.ts';
import {
  type TrialPlace,
  type TriedExpand,
  type TriedOption,
  triedFilter,
  triedNested,
  type Verdict,
} from './option-trials.ts';
import type { ReplyContext } from './reply-context.ts';

/** Milliseconds until a feed is tried again: it may have been changed. */
const longest = 24 * 3_600_000;

/**
 * What a feed does with options that it may pass over. Services should refuse what they do not know (Protocol 11.2.1); some read
 * `$expand` as a list of names and send all rows, in any order, and some read no `$filter`. So options inside of `$expand`, and
 * conditions that rights put on the rows of a set, are tried once a day before rows are asked for with them: with rows known to be
 * there, of which none may come, or which have to come the other way round.
 */
export class TriedOptions {
  readonly #now: () => number;
  /** By set or `Set/Navigation`, and option. */
  readonly #known = new Map<string, { readonly verdict: Verdict; readonly at: number }>();

  /** `now`: milliseconds of a clock. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** The feed is another one now. */
  clear(): void {
    this.#known.clear();
  }

  /**
   * Throws GatewayError NotImplemented where a plan has options that the feed passes over, or does not show to do: its rows are to
   * be worked out here.
   */
  async check(asked: UpstreamPlan, options: UpstreamReadOptions, context: ReplyContext): Promise<void> {
    const place = { options, context };
    const plan = rowAsCollection(asked) ?? asked;
    const restricted = restrictedSets(plan.source);
    if (restricted.length > 0) {
      // What the feed cannot be asked for needs no trial.
      compileUpstreamUrl(plan, context.map);
    }
    for (const set of restricted) {
      await this.#checkCondition(wholeSet(set), place);
    }
    if ((plan.kind !== 'Collection' && plan.kind !== 'Entity') || plan.selection.expands.length === 0) {
      return;
    }
    const woven = withRowConditions(plan);
    if (woven.kind === 'Collection' || woven.kind === 'Entity') {
      await this.#checkSelection(woven.selection, place);
    }
  }

  /** What rights leave out of a set is left out by a condition. */
  async #checkCondition(set: EntitySet, place: TrialPlace): Promise<void> {
    const verdict = this.#verdictOf(set.name, '$filter') ?? (await triedFilter(set, place));
    this.#use(set.name, new Map([['$filter', verdict]]), place);
  }

  async #checkSelection(selection: Selection, place: TrialPlace): Promise<void> {
    for (const { navigation, restriction, selection: led } of selection.expands) {
      const wanted = navigation.collection ? optionsIn(restriction) : [];
      if (wanted.length > 0 && upstreamHasNavigation(place.context.map, selection.set, navigation)) {
        await this.#checkExpand({ from: selection.set, navigation, to: led.set }, wanted, place);
      }
      await this.#checkSelection(led, place);
    }
  }

  async #checkExpand(expand: TriedExpand, wanted: readonly TriedOption[], place: TrialPlace): Promise<void> {
    const where = `${expand.from.name}?$expand=${expand.navigation.name}`;
    const untried = wanted.filter((option) => this.#verdictOf(where, option) === undefined);
    const found = untried.length === 0 ? null : await triedNested(expand, untried, place);
    const verdicts = wanted.map(
      (option) => [option, this.#verdictOf(where, option) ?? found?.get(option) ?? null] as const,
    );
    this.#use(where, new Map(verdicts), place);
  }

  #verdictOf(where: string, option: TriedOption): Verdict | undefined {
    const known = this.#known.get(`${where} ${option}`);
    return known === undefined || Math.abs(this.#now() - known.at) > longest ? undefined : known.verdict;
  }

  /** Remembers what was shown. Verdicts are null where the feed did not show what it does. */
  #use(where: string, verdicts: ReadonlyMap<TriedOption, Verdict | null>, { context }: TrialPlace): void {
    for (const [option, verdict] of verdicts) {
      const key = `${where} ${option}`;
      if (verdict !== null && verdict !== 'no rows' && this.#verdictOf(where, option) === undefined) {
        this.#known.set(key, { verdict, at: this.#now() });
      }
      if (verdict === null || verdict === 'passed over') {
        throw new GatewayError(
          'NotImplemented',
          `The proxied feed ${context.map.source} does not show that it does what ${option} of ${where} says.`,
          { feature: 'proxied', target: option },
        );
      }
    }
  }
}

const optionsIn = ({ filter, orderby, skip }: Restriction): readonly TriedOption[] => [
  ...(filter === null ? [] : (['$filter'] as const)),
  ...(orderby.length === 0 ? [] : (['$orderby'] as const)),
  ...(skip === null || skip === 0 ? [] : (['$skip'] as const)),
];

/** The sets on the way to the rows whose rows are conditioned. */
function restrictedSets(source: RowSource): readonly EntitySet[] {
  const before = source.kind === 'Set' ? [] : restrictedSets(source.from);
  return (source.kind === 'Set' || source.kind === 'Navigated') && isRestricted(source.set)
    ? [...before, source.set]
    : before;
}
