import type { StoredSet } from '../catalogue/catalogue.ts';
import { type Contribution, productOf, type UnifiedDerivation } from '../catalogue/unified.ts';
import { storedSet } from '../sql/scope.ts';
import { type BoundContribution, entitySet } from './bind-contribution.ts';
import type { BoundUnified } from './bind-unified.ts';
import { columnOf } from './column-of.ts';

/** Where the rows are looked up that a reference leads to. */
export interface Leads {
  readonly set: StoredSet;
  /** Column of its key, and of what the reference holds of the row found. */
  readonly key: string;
  readonly value: string;
  /** Sources under which the thing may stand there, first the reference's own where that is to be looked up. */
  readonly sources: readonly string[];
}

/**
 * How a reference of a contribution is looked up; null: it is its own key. Another source of the same product may have the row that counts
 * for the thing, and a row may belong to another thing.
 */
export function leadsOf(
  { catalogue, derivation }: Pick<BoundUnified, 'catalogue' | 'derivation'>,
  { contribution }: Pick<BoundContribution, 'contribution'>,
  property: string,
): Leads | null {
  const rule = derivation.rules.get(property);
  const to = rule?.kind === 'reference' ? rule.to : null;
  const target = to === null ? undefined : catalogue.sets.get(to);
  // Keys of another unified set were looked up when its rows were made.
  if (
    contribution.keyed !== null ||
    rule?.kind !== 'reference' ||
    to === null ||
    target?.kind !== 'stored' ||
    target.derivation?.kind !== 'unified'
  ) {
    return null;
  }
  const others = relatives(target.derivation, contribution);
  const sources = rule.through === null ? others : [contribution.source, ...others];
  if (sources.length === 0) {
    return null;
  }
  const entity = entitySet(catalogue, to);
  const set = storedSet(catalogue, entity);
  const [key = ''] = entity.entityType.key;
  return { set, key: columnOf(set, key), value: columnOf(set, rule.through ?? key), sources };
}

/** Other sources of the same product with rows in a set. */
function relatives({ from }: UnifiedDerivation, { source, space }: Contribution): readonly string[] {
  const others = from.filter((one) => one.source !== source && productOf(one.space) === productOf(space));
  return [...new Set(others.map((one) => one.source))];
}
