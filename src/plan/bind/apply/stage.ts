import type { ApplyPlan, OutputProperty, RangeVariable } from '../../model/read-plan.ts';
import type { Scope } from '../scope.ts';

/** A pipeline so far: what was bound, what names mean after it, and what it gives. */
export interface Stage extends ApplyPlan {
  readonly scope: Scope;
  /** What `$expand` may name besides navigation properties: entities grouped by or joined. Absent: nothing. */
  readonly joined?: ReadonlyMap<string, Joined>;
}

/** An entity, served without being asked for where it was grouped by; or a joined row that is no entity any more. */
export type Joined =
  | { readonly kind: 'entity'; readonly variable: RangeVariable; readonly byDefault: boolean }
  | { readonly kind: 'row'; readonly output: readonly OutputProperty[] };

/** The input of a pipeline: the rows of a set with all their properties. */
export function firstStage(scope: Scope): Stage {
  const properties = [...(scope.row?.set.entityType.properties.values() ?? [])];
  const output = properties
    .filter((property) => !property.collection)
    .map(({ name, type, nullable }): OutputProperty => ({ path: [name], type, nullable }));
  return { scope, transformations: [], output, keepsEntities: true };
}

/** Whether the rows have entities that are served without being asked for. */
export const hasEntities = ({ joined = new Map() }: Stage): boolean =>
  [...joined.values()].some((one) => one.kind === 'entity' && one.byDefault);
