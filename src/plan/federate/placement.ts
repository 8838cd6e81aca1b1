import type { EntitySet, NavigationProperty } from '../../edm/model.ts';
import type { ExpandPlan } from '../model/read-plan.ts';
import { isRestricted } from '../model/restricted-set.ts';

/** Where the rows of sets are, and what their sources can follow by themselves: all that plans across sources are cut by. */
export interface Placement {
  /** The proxied source that has a set's rows; null: PostgreSQL, which has those of every stored set. */
  readonly sourceOf: (set: EntitySet) => string | null;
  /** Whether the proxied source of a set can follow one of its navigation properties. */
  readonly follows: (set: EntitySet, navigation: NavigationProperty) => boolean;
  /** Whether it does an `$expand` that it can follow. Absent: it does all of them. */
  readonly expands?: (place: ExpandPlace) => boolean;
}

/** One step from a set over a navigation property to another. */
export interface Step {
  readonly from: EntitySet;
  readonly navigation: NavigationProperty;
  readonly to: EntitySet;
}

/** An `$expand` and those that it stands in, from the rows that one source is asked for. */
export interface ExpandPlace {
  /** From the outermost one. */
  readonly outer: readonly Step[];
  readonly step: Step;
  /** All that stand beside each other there, this one among them, in the order of the request. Absent: it is looked at alone. */
  readonly beside?: readonly Step[];
}

/** The place in words of a request. */
export function placeName({ outer, step, beside = [] }: ExpandPlace): string {
  const path = [...outer, step].map(({ navigation }) => navigation.name).join('/');
  const all = beside.map(({ navigation }) => navigation.name).join(',');
  return `${(outer[0] ?? step).from.name}?$expand=${path}${all === '' ? '' : ` of ${all}`}`;
}

/** The place of an `$expand` of some rows. `within`: that of these rows; null: they are those that are asked for. */
export const placeInside = (
  within: ExpandPlace | null,
  from: EntitySet,
  { navigation, selection }: ExpandPlan,
): ExpandPlace => ({
  outer: within === null ? [] : [...within.outer, within.step],
  step: { from, navigation, to: selection.set },
});

/** Whether the rows of an `$expand` have to be joined here. */
export function expandIsJoined(placement: Placement, place: ExpandPlace): boolean {
  const { step } = place;
  return (
    crosses(placement, step) ||
    // Nobody knows what is joined where the feed does not say it.
    (step.navigation.join.length > 0 && placement.sourceOf(step.from) !== null && placement.expands?.(place) === false)
  );
}

/**
 * Whether the rows at both ends have to be joined here, because no single source can follow the navigation; or can, and
 * has no place there for the condition on the rows that the reader may see.
 */
export function crosses({ sourceOf, follows }: Placement, { from, navigation, to }: Step): boolean {
  const source = sourceOf(from);
  if (source !== sourceOf(to)) {
    return true;
  }
  if (source === null || navigation.join.length === 0) {
    return false;
  }
  const conditioned = isRestricted(to) && !navigation.collection;
  return conditioned || !follows(from, navigation);
}
