import { GatewayError } from '../../errors.ts';
import { type ExpandPlace, placeInside, placeName } from '../../plan/federate/placement.ts';
import { collectionOf, noRestriction, onlyProperties } from '../../plan/model/make.ts';
import type { ExpandPlan, Restriction, RowSource, Selection } from '../../plan/model/read-plan.ts';
import { isRestricted } from '../../plan/model/restricted-set.ts';
import { sourceSet } from '../../plan/model/sets.ts';
import { isDown } from '../is-down.ts';
import { OwnFindings } from '../own-findings.ts';
import { SharedWork } from '../shared-work.ts';
import { keptEntries, type Remembered } from '../trial-memory.ts';
import type { AskedExpand, UpstreamPlan, UpstreamReadOptions } from '../upstream.ts';
import { compileUpstreamUrl } from '../url/compile-url.ts';
import { rowAsCollection, withRowConditions } from '../url/row-conditions.ts';
import { upstreamHasNavigation } from '../url/upstream-map.ts';
import { triedExpand } from './expand-trials.ts';
import { type NestedOption, triedNested } from './nested-trials.ts';
import { conditionsOf, partsOf, type TriedPart, triedParts } from './part-trials.ts';
import { type RelatedPart, relatedParts, triedRelated } from './related-trials.ts';
import type { ReplyContext } from './reply-context.ts';
import { type SetOption, triedOfSet } from './set-trials.ts';
import type { TrialPlace, Verdict } from './trial-rows.ts';

type TriedOption = SetOption | NestedOption | '$expand' | TriedPart['form'] | `$orderby=${string}`;

/** `not shown`: it refuses to show it, or it cannot be told from its rows. */
type KnownVerdict = Exclude<Verdict, 'no rows'> | 'not shown';

/** Milliseconds until a feed is tried again: it may have been changed, or show it with the rows that it has then. */
const longest: Readonly<Record<KnownVerdict, number>> = {
  done: 24 * 3_600_000,
  'passed over': 24 * 3_600_000,
  'not shown': 600_000,
};

interface Known {
  readonly verdict: KnownVerdict;
  readonly at: number;
}

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
  /** By set, path or place of an `$expand`, and option. */
  readonly #running = new SharedWork<ReadonlyMap<TriedOption, Verdict>>();
  readonly #known = new OwnFindings<Known>(({ verdict }) => verdict === 'done');

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
    return this.#known.entries();
  }

  restore(kept: unknown): void {
    for (const [name, { verdict, at }] of keptEntries(kept).toReversed()) {
      if (isVerdict(verdict) && typeof at === 'number') {
        this.#known.set(name, { verdict, at }, undefined);
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
      await this.#checkParts(plan, place);
      const orderby = plan.kind === 'Collection' ? plan.restriction.orderby : [];
      await this.#checkRelated(relatedParts(conditionsOf(plan), orderby), place);
    }
    if (plan.kind === 'Collection' || plan.kind === 'Entity') {
      const { selection } = plan;
      await this.#checkSelection(selection, null, place);
    }
  }

  /**
   * Whether the feed does an `$expand`, with the options inside of it. Of later pages what was known when the first one was asked for holds,
   * however long ago it was found out.
   */
  async shows(asked: AskedExpand, options: UpstreamReadOptions, context: ReplyContext): Promise<boolean> {
    if (options.skipToken !== null && this.#wasUnshown(asked, context.caller)) {
      return false;
    }
    try {
      await this.#checkExpand(asked, { options, context });
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
    this.#know(`${placeName(at)} $expand`, 'passed over', caller);
  }

  async #checkSet(plan: UpstreamPlan, wanted: readonly SetOption[], place: TrialPlace): Promise<void> {
    const { map } = place.context;
    const source = unconditioned(plan.source);
    const set = sourceSet(source);
    await this.#check({ where: pathName(source), place }, wanted, (untried) => {
      // What the feed cannot be asked for needs no trial.
      compileUpstreamUrl(plan, { ...map, maxTop: null });
      const rows = { source, selection: onlyProperties(set, []), restriction: noRestriction, pageSize: 1 };
      return triedOfSet({ path: compileUpstreamUrl(collectionOf(rows), map).path, set }, untried, place);
    });
  }

  /** A feed that reads `$filter` may pass over parts of it. */
  async #checkParts(plan: UpstreamPlan, place: TrialPlace): Promise<void> {
    const { map, caller } = place.context;
    const source = unconditioned(plan.source);
    const [where, set] = [pathName(source), sourceSet(source)];
    const parts = partsOf(conditionsOf(plan), set);
    // Where there is no row none can come that should not.
    const isShown = (['$filter', '/$count'] as const).some(
      (option) => this.#verdictOf(where, option, { caller, age: 'any' }) === 'done',
    );
    if (parts.size === 0 || !isShown) {
      return;
    }
    await this.#check({ where, place }, [...parts.keys()], async (untried) => {
      const rows = { source, selection: onlyProperties(set, []), restriction: noRestriction, pageSize: 1 };
      const { path } = compileUpstreamUrl(collectionOf(rows), map);
      return triedParts(parts, untried, { rows: { path, set }, place });
    });
  }

  /** Conditions and orders may look at rows that the feed does not. */
  async #checkRelated(parts: readonly RelatedPart[], place: TrialPlace): Promise<void> {
    for (const part of parts) {
      const { from, navigation } = part.step;
      const isKnown = navigation.join.length > 0 && upstreamHasNavigation(place.context.map, from, navigation);
      if (this.#ofSets && isKnown) {
        const option = `${part.form === 'order' ? '$orderby' : '$filter'}=${navigation.name} (${part.form})` as const;
        await this.#check({ where: from.name, place }, [option], async () =>
          verdicts(option, await triedRelated(part, place)),
        );
      }
    }
  }

  async #checkSelection({ set, expands }: Selection, within: ExpandPlace | null, place: TrialPlace): Promise<void> {
    for (const expand of expands) {
      const at = placeInside(within, set, expand);
      await this.#checkExpand({ at, expand }, place);
      await this.#checkSelection(expand.selection, at, place);
    }
  }

  /** Throws as `check` does, for one `$expand` and the options inside of it. */
  async #checkExpand({ at, expand }: AskedExpand, place: TrialPlace): Promise<void> {
    const { from, navigation } = at.step;
    if (!upstreamHasNavigation(place.context.map, from, navigation)) {
      return;
    }
    const where = placeName(at);
    if (this.#ofSets) {
      await this.#check({ where, place }, ['$expand'], async () => verdicts('$expand', await triedExpand(at, place)));
    }
    const wanted = navigation.collection ? optionsInside(expand) : [];
    if (wanted.length > 0) {
      await this.#check({ where, place }, wanted, (untried) => triedNested(at, untried, place));
    }
    const { filter, orderby } = expand.restriction;
    await this.#checkRelated(relatedParts(filter === null ? [] : [filter], orderby), place);
  }

  #wasUnshown({ at, expand }: AskedExpand, caller: string | undefined): boolean {
    const options: readonly TriedOption[] = [
      '$expand',
      ...(at.step.navigation.collection ? optionsInside(expand) : []),
    ];
    const known = options.map((option) => this.#verdictOf(placeName(at), option, { caller, age: 'any' }));
    return known.some((verdict) => verdict === 'passed over' || verdict === 'not shown');
  }

  /** `ask` tries those of which it is not known what the feed does. */
  async #check<Option extends TriedOption>(
    { where, place }: { readonly where: string; readonly place: TrialPlace },
    wanted: readonly Option[],
    ask: (untried: readonly Option[]) => Promise<ReadonlyMap<Option, Verdict>>,
  ): Promise<void> {
    const { caller } = place.context;
    const untried = wanted.filter((option) => this.#verdictOf(where, option, { caller }) === undefined);
    let found: ReadonlyMap<TriedOption, Verdict> = new Map();
    let age: 'any' | 'today' = 'today';
    if (untried.length > 0) {
      try {
        const name = [caller, where, ...untried].join(' ');
        found = await this.#running.of(name, place.options.signal, () => ask(untried));
      } catch (error) {
        // What a feed did the day before holds while it is down: copies of its rows may still be served.
        if (
          !isDown(error) ||
          untried.some((option) => this.#verdictOf(where, option, { caller, age: 'any' }) === undefined)
        ) {
          throw error;
        }
        age = 'any';
      }
    }
    for (const option of wanted) {
      const isTried = age === 'today' && untried.includes(option);
      const verdict = isTried ? (found.get(option) ?? 'not shown') : this.#verdictOf(where, option, { caller, age });
      if (isTried && verdict !== undefined && verdict !== 'no rows') {
        this.#know(`${where} ${option}`, verdict, caller);
      }
      if (verdict !== 'done' && verdict !== 'no rows') {
        throw unshown(
          `The proxied feed ${this.#source} does not show that it does what ${option} of ${where} says.`,
          option,
        );
      }
    }
  }

  #know(name: string, verdict: KnownVerdict, caller: string | undefined): void {
    this.#known.set(name, { verdict, at: this.#now() }, caller);
    this.#onChange();
  }

  #verdictOf(
    where: string,
    option: TriedOption,
    { caller, age = 'today' }: { readonly caller: string | undefined; readonly age?: 'any' | 'today' },
  ): KnownVerdict | undefined {
    const known = this.#known.get(`${where} ${option}`, caller);
    const isOld = known !== undefined && Math.abs(this.#now() - known.at) > longest[known.verdict];
    return isOld && age === 'today' ? undefined : known?.verdict;
  }
}

/** Why rows are not left to a feed: it is no fault of theirs. */
class Unshown extends Error {}

const unshown = (message: string, target: string): GatewayError =>
  new GatewayError('NotImplemented', message, { feature: 'proxied', target, cause: new Unshown(message) });

const isUnshown = (error: unknown): boolean => error instanceof GatewayError && error.cause instanceof Unshown;

const isVerdict = (kept: unknown): kept is KnownVerdict => typeof kept === 'string' && Object.hasOwn(longest, kept);

const verdicts = <Option>(option: Option, verdict: Verdict | null): ReadonlyMap<Option, Verdict> =>
  new Map(verdict === null ? [] : [[option, verdict]]);

const optionsIn = ({ filter, orderby, skip }: Restriction): readonly NestedOption[] => [
  ...(filter === null ? [] : (['$filter'] as const)),
  ...(orderby.length === 0 ? [] : (['$orderby'] as const)),
  ...(skip === null || skip === 0 ? [] : (['$skip'] as const)),
];

/** A condition on the rows that may be seen is one more of them. */
const optionsInside = ({ restriction, selection }: ExpandPlan): readonly NestedOption[] => [
  ...new Set([...(isRestricted(selection.set) ? (['$filter'] as const) : []), ...optionsIn(restriction)]),
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
