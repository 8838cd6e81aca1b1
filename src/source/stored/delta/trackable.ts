import type { Catalogue, StoredSet } from '../../../catalogue/catalogue.ts';
import { readsOtherRows } from '../../../plan/logic/references.ts';
import type { CollectionPlan } from '../../../plan/model/read-plan.ts';

/**
 * The set whose rows' own versions tell every change of a collection; null: they do not. A change elsewhere must not
 * change the collection: nothing expanded, aggregated, cut off by `$top` or `$skip`, or computed from other rows.
 */
export function trackableSet(plan: CollectionPlan, catalogue: Catalogue): StoredSet | null {
  const { source, selection, restriction, apply, references } = plan;
  if (source.kind !== 'Set' || apply !== null || references || readsOtherRows(selection, restriction)) {
    return null;
  }
  if (restriction.top !== null || restriction.skip !== null) {
    return null;
  }
  const stored = catalogue.sets.get(source.set.name);
  return stored?.kind === 'stored' && stored.versionColumn !== null ? stored : null;
}

/** Whether a row says its whole key, so that a client knows which one it is. */
export function saysKey({ selection }: CollectionPlan): boolean {
  return selection.type.key.every((name) => selection.properties.some((property) => property.name === name));
}
