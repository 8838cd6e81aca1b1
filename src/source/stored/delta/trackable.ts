import type { Catalogue, StoredSet } from '../../../catalogue/catalogue.ts';
import type { CollectionPlan } from '../../../plan/model/read-plan.ts';

/**
 * The set whose rows' own versions tell every change of a collection; null: they do not. A change elsewhere must not
 * change the collection: nothing expanded, aggregated, cut off by `$top` or `$skip`, or computed from other rows.
 */
export function trackableSet(plan: CollectionPlan, catalogue: Catalogue): StoredSet | null {
  const { source, selection, restriction, apply, references } = plan;
  if (source.kind !== 'Set' || apply !== null || references || selection.expands.length > 0) {
    return null;
  }
  if (restriction.top !== null || restriction.skip !== null) {
    return null;
  }
  if ([restriction.filter, restriction.orderby, selection.computed].some(readsOtherRows)) {
    return null;
  }
  const stored = catalogue.sets.get(source.set.name);
  return stored?.kind === 'stored' && stored.versionColumn !== null ? stored : null;
}

/** Whether an expression speaks of rows reached over a navigation or from `$root`, be they of the same set. */
function readsOtherRows(node: unknown): boolean {
  if (typeof node !== 'object' || node === null || node instanceof Map) {
    return false;
  }
  if (Array.isArray(node)) {
    return node.some(readsOtherRows);
  }
  if ('kind' in node) {
    if (node.kind === 'Lambda' || node.kind === 'CollectionCount' || node.kind === 'RowExists') {
      return true;
    }
    if (node.kind === 'EntitySet' || node.kind === 'Property') {
      return false;
    }
  }
  if ('variable' in node && hasKey(node.variable)) {
    return true;
  }
  if ('steps' in node && Array.isArray(node.steps) && node.steps.length > 0) {
    return true;
  }
  return Object.values(node).some(readsOtherRows);
}

const hasKey = (variable: unknown): boolean => typeof variable === 'object' && variable !== null && 'key' in variable;

/** Whether a row says its whole key, so that a client knows which one it is. */
export function saysKey({ selection }: CollectionPlan): boolean {
  return selection.type.key.every((name) => selection.properties.some((property) => property.name === name));
}
