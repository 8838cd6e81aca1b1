import { type ExpandPlace, placeInside, placeName } from '../../plan/federate/placement.ts';
import { collectionOf, noRestriction, onlyProperties } from '../../plan/model/make.ts';
import type { RowSource, Selection } from '../../plan/model/read-plan.ts';
import { sourceSet } from '../../plan/model/sets.ts';
import type { AskedExpand, UpstreamPlan } from '../upstream.ts';
import { compileUpstreamUrl } from '../url/compile-url.ts';
import { upstreamHasNavigation } from '../url/upstream-map.ts';
import { optionsInside, optionsOf } from './asked-options.ts';
import { triedExpand } from './expand-trials.ts';
import { triedNested } from './nested-trials.ts';
import { conditionsOf, partsOf, triedParts } from './part-trials.ts';
import { type RelatedPart, relatedParts, triedRelated } from './related-trials.ts';
import { type TriedRows, triedOfSet } from './set-trials.ts';
import type { Trial, TriedOption } from './trial-findings.ts';
import type { TrialPlace, Verdict } from './trial-rows.ts';

// Which trials a feed has to pass before it is asked for something, in the order in which they are made.

/** Of the rows that a plan, with its row conditions, is about. */
export function* trialsOfRows(plan: UpstreamPlan, place: TrialPlace): Generator<Trial> {
  const wanted = optionsOf(plan, place.context);
  if (wanted.length === 0) {
    return;
  }
  const source = unconditioned(plan.source);
  const [where, set] = [pathName(source), sourceSet(source)];
  const tried = (): TriedRows => {
    const rows = { source, selection: onlyProperties(set, []), restriction: noRestriction, pageSize: 1 };
    return { path: compileUpstreamUrl(collectionOf(rows), place.context.map).path, set };
  };
  yield trialOf(where, wanted, (untried) => {
    // What the feed cannot be asked for needs no trial.
    compileUpstreamUrl(plan, { ...place.context.map, maxTop: null });
    return triedOfSet(tried(), untried, place);
  });
  const parts = partsOf(conditionsOf(plan), set);
  if (parts.size > 0) {
    // Where there is no row none can come that should not.
    const within = ['$filter', '/$count'] as const;
    yield { ...trialOf(where, [...parts.keys()], (untried) => triedParts(parts, untried, { rows: tried(), place })), within };
  }
  const orderby = plan.kind === 'Collection' ? plan.restriction.orderby : [];
  yield* trialsOfRelated(relatedParts(conditionsOf(plan), orderby), place);
}

/** Of each `$expand`, at every level. */
export function* trialsOfSelection(
  { set, expands }: Selection,
  within: ExpandPlace | null,
  place: TrialPlace & { readonly ofSets: boolean },
): Generator<Trial> {
  for (const expand of expands) {
    const at = placeInside(within, set, expand);
    yield* trialsOfExpand({ at, expand }, place);
    yield* trialsOfSelection(expand.selection, at, place);
  }
}

/** Of one `$expand` and the options inside of it. `ofSets`: it has to show that it does what stands outside of parentheses, too. */
export function* trialsOfExpand(
  { at, expand }: AskedExpand,
  { ofSets, ...place }: TrialPlace & { readonly ofSets: boolean },
): Generator<Trial> {
  const { from, navigation } = at.step;
  if (!upstreamHasNavigation(place.context.map, from, navigation)) {
    return;
  }
  const where = placeName(at);
  if (ofSets) {
    yield trialOf(where, ['$expand'], async () => verdicts('$expand', await triedExpand(at, place)));
  }
  const wanted = navigation.collection ? optionsInside(expand) : [];
  if (wanted.length > 0) {
    yield trialOf(where, wanted, (untried) => triedNested(at, untried, place));
  }
  if (ofSets) {
    const { filter, orderby } = expand.restriction;
    yield* trialsOfRelated(relatedParts(filter === null ? [] : [filter], orderby), place);
  }
}

/** Conditions and orders may look at rows that the feed does not. */
function* trialsOfRelated(parts: readonly RelatedPart[], place: TrialPlace): Generator<Trial> {
  for (const part of parts) {
    const { from, navigation } = part.step;
    if (navigation.join.length > 0 && upstreamHasNavigation(place.context.map, from, navigation)) {
      const option = `${part.form === 'order' ? '$orderby' : '$filter'}=${navigation.name} (${part.form})` as const;
      yield trialOf(from.name, [option], async () => verdicts(option, await triedRelated(part, place)));
    }
  }
}

/** `ask` is given those of the options that are not known. */
const trialOf = <Option extends TriedOption>(
  where: string,
  options: readonly Option[],
  ask: (untried: readonly Option[]) => Promise<ReadonlyMap<Option, Verdict>>,
): Trial => ({ where, options, ask: (untried) => ask(options.filter((option) => untried.includes(option))) });

const verdicts = <Option>(option: Option, verdict: Verdict | null): ReadonlyMap<Option, Verdict> =>
  new Map(verdict === null ? [] : [[option, verdict]]);

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
