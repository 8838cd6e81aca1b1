import { type ExpandPlace, placeInside, placeName } from '../../plan/federate/placement.ts';
import { speaksOfOtherRows } from '../../plan/logic/references.ts';
import { collectionOf, noRestriction, onlyProperties } from '../../plan/model/make.ts';
import type { OrderKey, RowSource, Selection } from '../../plan/model/read-plan.ts';
import { sourceSet } from '../../plan/model/sets.ts';
import type { AskedExpand, UpstreamPlan } from '../upstream.ts';
import { compileUpstreamUrl } from '../url/compile-url.ts';
import { conditionsOf } from '../url/row-conditions.ts';
import { upstreamHasNavigation } from '../url/upstream-map.ts';
import { conditionsInside, optionsInside, optionsOf } from './asked-options.ts';
import { triedExpand } from './expand-trials.ts';
import { triedNested, triedNestedParts } from './nested-trials.ts';
import { formOf, partsOf, type TriedPart, triedParts } from './part-trials.ts';
import { type RelatedPart, relatedParts, triedRelated, triedRelatedInside } from './related-trials.ts';
import { type TriedRows, triedComputed, triedOfSet } from './set-trials.ts';
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
    yield {
      ...trialOf(where, [...parts.keys()], (untried) => triedParts(parts, untried, { rows: tried(), place })),
      within,
    };
  }
  const orderby = plan.kind === 'Collection' ? plan.restriction.orderby : [];
  for (const { expression } of orderby.filter(isComputed)) {
    const option = `$orderby=(${formOf(expression)})` as const;
    const ask = async () => verdicts(option, await triedComputed(expression, { rows: tried(), place }));
    yield { ...trialOf(where, [option], ask), within: ['$orderby'] };
  }
  yield* trialsOfRelated(relatedParts(conditionsOf(plan), orderby), place);
}

/** Related rows have a trial of their own. */
const isComputed = ({ expression }: OrderKey): boolean =>
  expression.kind !== 'PropertyValue' && !speaksOfOtherRows(expression);

/** Of each `$expand`, at every level. */
export function* trialsOfSelection(
  { set, expands }: Selection,
  within: ExpandPlace | null,
  place: TrialPlace & { readonly ofSets: boolean },
): Generator<Trial> {
  const asked = expands.map((expand) => ({ at: placeInside(within, set, expand), expand }));
  for (const { at, expand } of asked) {
    yield* trialsOfExpand({ at, expand }, place);
    yield* trialsOfSelection(expand.selection, at, place);
  }
  // A feed that does each of them may drop one of several.
  const beside = asked.map(({ at }) => at.step);
  for (const { at, expand } of beside.length > 1 ? asked : []) {
    yield* trialsOfExpand({ at: { ...at, beside }, expand }, place);
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
  if (!ofSets && at.beside !== undefined) {
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
  if (ofSets && navigation.collection && at.beside === undefined) {
    yield* trialsOfParts({ at, expand }, place);
  }
}

/** Of what an option inside of an `$expand` says: a feed that reads all of it of a set may read less of it there. */
function* trialsOfParts({ at, expand }: AskedExpand, place: TrialPlace): Generator<Trial> {
  const where = placeName(at);
  const { orderby } = expand.restriction;
  const conditions = conditionsInside(expand);
  const parts = partsOf(conditions, at.step.to);
  if (parts.size > 0) {
    const ask = (forms: readonly TriedPart['form'][]) => triedNestedParts(at, { parts, forms }, place);
    yield { ...trialOf(where, [...parts.keys()], ask), within: ['$filter'] };
  }
  for (const part of relatedParts(conditions, orderby).filter((one) => isFollowed(one, place))) {
    const option = relatedOption(part);
    const ask = async () => verdicts(option, await triedRelatedInside(at, part, place));
    yield { ...trialOf(where, [option], ask), within: [part.form === 'order' ? '$orderby' : '$filter'] };
  }
  // The same rows can be joined here, in an order that is tried where it is asked for of their set.
  if (orderby.some(({ expression }) => expression.kind !== 'PropertyValue')) {
    yield { ...trialOf(where, ['$orderby=(computed)'], () => Promise.resolve(new Map())), within: ['$orderby'] };
  }
}

/** Conditions and orders may look at rows that the feed does not. */
function* trialsOfRelated(parts: readonly RelatedPart[], place: TrialPlace): Generator<Trial> {
  for (const part of parts.filter((one) => isFollowed(one, place))) {
    const option = relatedOption(part);
    yield trialOf(part.step.from.name, [option], async () => verdicts(option, await triedRelated(part, place)));
  }
}

const isFollowed = ({ step: { from, navigation } }: RelatedPart, { context }: TrialPlace): boolean =>
  navigation.join.length > 0 && upstreamHasNavigation(context.map, from, navigation);

const relatedOption = ({ step: { navigation }, form }: RelatedPart) =>
  `${form === 'order' ? '$orderby' : '$filter'}=${navigation.name} (${form})` as const;

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
