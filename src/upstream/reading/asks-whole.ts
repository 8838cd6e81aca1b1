import type { EntitySet, EntityType } from '../../edm/model.ts';
import { readObject } from '../../json/reading/json-scan.ts';
import { ownNames } from '../../json/reading/own-names.ts';
import type { UpstreamPlan } from '../upstream.ts';
import { upstreamType } from '../url/upstream-map.ts';
import type { ReplyContext } from './reply-context.ts';

/** Rows of one reply from which on it matters what each of them costs the feed. */
export const manyRows = 1000;

/** The set of which a plan asks for many rows, with all properties that the feed has and nothing else; null: it asks for something else. */
export function manyRowsOf(plan: UpstreamPlan, map: ReplyContext['map']): EntitySet | null {
  if (plan.kind !== 'Collection' || plan.source.kind !== 'Set' || plan.references) {
    return null;
  }
  const { set } = plan.source;
  const { properties } = set.entityType;
  const { top } = plan.restriction;
  const isMany = top === null || top >= manyRows;
  const isAll = plan.selection.expands.length === 0 && plan.selection.properties.length === properties.size;
  // A property that is not served is not asked for either.
  return isMany && isAll && upstreamType(map, set)?.properties.size === properties.size ? set : null;
}

/** Whether rows of a plan are asked for without `$select` because the feed has shown that they come whole. */
export function asksWhole(plan: UpstreamPlan, { map }: Pick<ReplyContext, 'map'>): boolean {
  const set = manyRowsOf(plan, map);
  return set !== null && map.whole?.has(set.name) === true;
}

/** Whether a row has every property of its set. */
export const isWholeRow = (raw: string, { entityType }: EntitySet): boolean =>
  hasAll(ownNames(entityType)(readObject(raw)), entityType);

/** Whether members of a row are all properties of its type. */
export const hasAll = (members: ReadonlyMap<string, string>, { properties }: EntityType): boolean =>
  [...properties.keys()].every((name) => members.has(name));
