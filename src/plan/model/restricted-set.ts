import type { EntitySet } from '../../edm/model.ts';
import type { BoundExpression, RangeVariable } from './expression.ts';

/** Which rows of a set there are for somebody: those for which the condition is true. */
export interface RowCondition {
  /** The row that the condition speaks of. */
  readonly variable: RangeVariable;
  /** Names what the whole model has, also what the reader does not see; it is the rule's and not the request's. */
  readonly condition: BoundExpression;
  /** The condition as it was written: two of one text let the same rows through. */
  readonly text: string;
  /** Other sets that the condition looks into, in alphabetical order: where they change, other rows may be there. */
  readonly reads: readonly string[];
}

/** A property that is not shown as it is, or not of all rows that there are. The first case that holds of a row counts; where none does, it is null. */
export interface PropertyView {
  readonly cases: readonly ViewCase[];
}

export interface ViewCase {
  /** The rows of the case; null: all that are left. */
  readonly rows: RowCondition | null;
  readonly as: 'value' | 'mask';
}

/**
 * A set in a plan that was restricted. It stands wherever the set stood, so that whatever becomes of the plan, rows of the
 * set come only through the condition, and values only as they may be seen.
 */
export interface RestrictedSet extends EntitySet {
  /** The set with all its rows. */
  readonly whole: EntitySet;
  /** True of every row where properties alone are restricted. */
  readonly rows: RowCondition;
  /** By name of the property; those that are not there are shown as they are. */
  readonly views: ReadonlyMap<string, PropertyView>;
  /** The rule as text: what two of one text let through looks the same. */
  readonly rule: string;
  /**
   * The request computes what can fail, and says of the value that it failed for. Nothing of it may be computed for other
   * rows then, whatever order is the quickest.
   */
  readonly sealed: boolean;
}

export const isRestricted = (set: EntitySet): set is RestrictedSet => 'whole' in set;

/** The set with all its rows. */
export const wholeSet = (set: EntitySet): EntitySet => (isRestricted(set) ? set.whole : set);

/** All conditions that say what of a set is seen: of its rows, and of the rows of its properties. */
export const conditionsOf = ({ rows, views }: Pick<RestrictedSet, 'rows' | 'views'>): readonly RowCondition[] => [
  rows,
  ...[...views.values()].flatMap(({ cases }) => cases.flatMap((one) => (one.rows === null ? [] : [one.rows]))),
];

/** The set with its conditions made others; the same set where none changes. */
export function mapConditions(set: RestrictedSet, map: (condition: BoundExpression) => BoundExpression): RestrictedSet {
  let changed = false;
  const mapped = (rows: RowCondition): RowCondition => {
    const condition = map(rows.condition);
    changed ||= condition !== rows.condition;
    return { ...rows, condition };
  };
  const rows = mapped(set.rows);
  const views = [...set.views].map(([name, { cases }]) => {
    const all = cases.map((one): ViewCase => ({ ...one, rows: one.rows === null ? null : mapped(one.rows) }));
    return [name, { cases: all }] as const;
  });
  return changed ? { ...set, rows, views: new Map(views) } : set;
}
