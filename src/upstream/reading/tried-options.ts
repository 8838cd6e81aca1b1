import { GatewayError } from '../../errors.ts';
import { collectionOf, noRestriction, onlyProperties } from '../../plan/model/make.ts';
import type { Restriction, RowSource, Selection } from '../../plan/model/read-plan.ts';
import { sourceSet } from '../../plan/model/sets.ts';
import { keptEntries, type Remembered } from '../trial-memory.ts';
import type { UpstreamPlan, UpstreamReadOptions } from '../upstream.ts';
import { compileUpstreamUrl } from '../url/compile-url.ts';
import { rowAsCollection, withRowConditions } from '../url/row-conditions.ts';
import { upstreamHasNavigation } from '../url/upstream-map.ts';
import { type ExpandOption, type NestedOption, type TriedExpand, triedNested, triedToOne } from './nested-trials.ts';
import type { ReplyContext } from './reply-context.ts';
import { type SetOption, triedOfSet } from './set-trials.ts';
import { isDown, type TrialPlace, type Verdict } from './trial-rows.ts';

type TriedOption = SetOption | NestedOption | ExpandOption;

/** Milliseconds until a feed is tried again: it may have been changed. */
const longest = 24 * 3_600_000;

/**
 * What a feed does with options that it may pass over. Services should refuse what they do not know (Protocol 11.2.1); some answer all rows
 * of a set whatever its options say, and some read `$expand` as a list of names and send all rows, in any order. So options are tried
 * once a day before rows are asked for with them, for each set, path and navigation by itself: with rows known to be there, of which
 * none may come, or which have to come the other way round.
 */
export class TriedOptions implements Remembered {
  readonly #source: string;
  readonly #now: () => number;
  readonly #ofSets: boolean;
  readonly #onChange: () => void;
  /** By set, path or `Set/Navigation`, and option. */
  readonly #known = new Map<string, { readonly verdict: Verdict; readonly at: number }>();

  /**
   * `now`: milliseconds of a clock. `ofSets`: false where it is known that the feed does what options of its sets say. `onChange`: told when
   * something was found out.
   */
  constructor(
    source: string,
    { now, ofSets, onChange }: { readonly now: () => number; readonly ofSets: boolean; readonly onChange: () => void },
  ) {
    this.#source = source;
    this.#now = now;
    this.#ofSets = ofSets;
    this.#onChange = onChange;
  }

  clear(): void {
    this.#known.clear();
  }

  kept(): unknown {
    return [...this.#known];
  }

  restore(kept: unknown): void {
    for (const [name, { verdict, at }] of keptEntries(kept)) {
      if ((verdict === 'done' || verdict === 'passed over') && typeof at === 'number') {
        this.#known.set(name, { verdict, at });
      }
    }
  }

  /**
   * Throws GatewayError NotImplemented where a plan has options that the feed passes over, or does not show to do: its rows are to
   * be worked out here.
   */
  async check(asked: UpstreamPlan, options: UpstreamReadOptions, context: ReplyContext): Promise<void> {
    const place = { options, context };
    const plan = withRowConditions(rowAsCollection(asked) ?? asked);
    const wanted = this.#ofSets ? optionsOf(plan, context) : [];
    if (wanted.length > 0) {
      await this.#checkSet(plan, wanted, place);
    }
    if (plan.kind === 'Collection' || plan.kind === 'Entity') {
      await this.#checkSelection(plan.selection, place);
    }
  }

  async #checkSet(plan: UpstreamPlan, wanted: readonly SetOption[], place: TrialPlace): Promise<void> {
    const { map } = place.context;
    const source = unconditioned(plan.source);
    const set = sourceSet(source);
    await this.#check(pathName(source), wanted, (untried) => {
      // What the feed cannot be asked for needs no trial.
      compileUpstreamUrl(plan, { ...map, maxTop: null });
      const rows = { source, selection: onlyProperties(set, []), restriction: noRestriction, pageSize: 1 };
      return triedOfSet({ path: compileUpstreamUrl(collectionOf(rows), map).path, set }, untried, place);
    });
  }

  async #checkSelection(selection: Selection, place: TrialPlace): Promise<void> {
    for (const { navigation, restriction, selection: led } of selection.expands) {
      const expand: TriedExpand = { from: selection.set, navigation, to: led.set };
      const where = `${selection.set.name}?$expand=${navigation.name}`;
      const wanted = navigation.collection ? optionsIn(restriction) : [];
      const isFollowed = upstreamHasNavigation(place.context.map, selection.set, navigation);
      if (isFollowed && wanted.length > 0) {
        await this.#check(where, wanted, (untried) => triedNested(expand, untried, place));
      }
      if (isFollowed && !navigation.collection && this.#ofSets) {
        await this.#check(where, ['$expand'], async () => verdicts('$expand', await triedToOne(expand, place)));
      }
      await this.#checkSelection(led, place);
    }
  }

  /** `ask` tries those of which it is not known what the feed does. */
  async #check<Option extends TriedOption>(
    where: string,
    wanted: readonly Option[],
    ask: (untried: readonly Option[]) => Promise<ReadonlyMap<Option, Verdict>>,
  ): Promise<void> {
    const untried = wanted.filter((option) => this.#verdictOf(where, option, longest) === undefined);
    let found: ReadonlyMap<Option, Verdict> = new Map();
    let age = longest;
    if (untried.length > 0) {
      try {
        found = await ask(untried);
      } catch (error) {
        // What a feed did the day before holds while it is down: copies of its rows may still be served.
        if (!isDown(error) || untried.some((option) => this.#verdictOf(where, option) === undefined)) {
          throw error;
        }
        age = Number.POSITIVE_INFINITY;
      }
    }
    for (const option of wanted) {
      const verdict = found.get(option);
      if (verdict !== undefined && verdict !== 'no rows') {
        this.#known.set(`${where} ${option}`, { verdict, at: this.#now() });
        this.#onChange();
      }
      if (![verdict ?? this.#verdictOf(where, option, age)].some((one) => one === 'done' || one === 'no rows')) {
        throw new GatewayError(
          'NotImplemented',
          `The proxied feed ${this.#source} does not show that it does what ${option} of ${where} says.`,
          { feature: 'proxied', target: option },
        );
      }
    }
  }

  #verdictOf(where: string, option: TriedOption, age = Number.POSITIVE_INFINITY): Verdict | undefined {
    const known = this.#known.get(`${where} ${option}`);
    return known === undefined || Math.abs(this.#now() - known.at) > age ? undefined : known.verdict;
  }
}

const verdicts = <Option>(option: Option, verdict: Verdict | null): ReadonlyMap<Option, Verdict> =>
  new Map(verdict === null ? [] : [[option, verdict]]);

const optionsIn = ({ filter, orderby, skip }: Restriction): readonly NestedOption[] => [
  ...(filter === null ? [] : (['$filter'] as const)),
  ...(orderby.length === 0 ? [] : (['$orderby'] as const)),
  ...(skip === null || skip === 0 ? [] : (['$skip'] as const)),
];

/** What is asked of a feed with `$top` alone where that is more than it takes. */
const inBlocks = ['$orderby', '$skip'] as const;

/** The options that the rows of a plan are asked for with. */
function optionsOf(plan: UpstreamPlan, { map, limits }: ReplyContext): readonly SetOption[] {
  if (plan.kind !== 'Collection' && plan.kind !== 'Count') {
    return [];
  }
  const { restriction, source } = plan;
  const isFiltered = restriction.filter !== null || source.kind === 'Filtered';
  if (plan.kind === 'Count') {
    return isFiltered ? ['/$count'] : [];
  }
  const { top, count } = restriction;
  const most = limits?.known().maxTop ?? map.maxTop ?? null;
  const own = optionsIn(restriction).filter((option) => option !== '$filter');
  const all: readonly SetOption[] = [
    ...(isFiltered ? (['$filter'] as const) : []),
    ...own,
    ...(top !== null && most !== null && top > most ? inBlocks : []),
    ...(isFiltered && count ? (['$count'] as const) : []),
  ];
  return [...new Set(all)];
}

/** Without the conditions on the rows that it leads to. */
const unconditioned = (source: RowSource): RowSource =>
  source.kind === 'Filtered' ? unconditioned(source.from) : source;

/** Rows that one service answers in one way: a set, or what a navigation leads to. */
function pathName(source: RowSource): string {
  switch (source.kind) {
    case 'Set':
      return source.set.name;
    case 'Navigated':
      return `${pathName(source.from)}/${source.navigation.name}`;
    case 'Keyed':
    case 'Filtered':
      return pathName(source.from);
  }
}
