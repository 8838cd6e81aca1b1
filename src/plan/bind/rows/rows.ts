import type { EntitySet } from '../../../edm/model.ts';
import type { QueryOptions } from '../../../uri/syntax.ts';
import type { RangeVariable, Restriction, Selection } from '../../model/read-plan.ts';
import { type Binding, rowScope, type Scope } from '../scope.ts';
import { bindCompute } from './compute.ts';
import { bindExpands } from './expand.ts';
import { bindRestriction } from './restriction.ts';
import { bindSelect } from './select.ts';

/** One level of the request: the top, or one `$expand`. */
export interface Level {
  readonly binding: Binding;
  /** What `$it` means; null on the top level, where it is the level's own row. */
  readonly it: RangeVariable | null;
  /** Levels of `$expand` above. */
  readonly depth: number;
}

export interface BoundRows {
  readonly selection: Selection;
  readonly restriction: Restriction;
  /** What names mean at this level, `$compute`d ones included. */
  readonly scope: Scope;
}

/** The row of a level, and what names mean in an option about it: `$it` stays the row of the top level. */
export function levelScope(
  { binding, it }: Level,
  set: EntitySet,
  option: string,
): { readonly variable: RangeVariable; readonly scope: Scope } {
  const variable: RangeVariable = { name: it === null ? '$it' : '$this', set };
  return { variable, scope: { ...rowScope(binding, option, variable), it: it ?? variable } };
}

/**
 * All options that shape and restrict the rows of one set: `$compute` first, since the others may name its results
 * (4.01 Protocol 11.2.1). Serves the top level and each level of `$expand`.
 */
export function bindRows(options: QueryOptions, set: EntitySet, level: Level): BoundRows {
  const { variable, scope: plain } = levelScope(level, set, '$compute');
  const compute = bindCompute(options.compute ?? [], plain, 'expression');
  const scope: Scope = { ...plain, computed: compute.names };
  const restriction = bindRestriction(options, set, scope);
  const select = bindSelect(options.select ?? null, compute.properties, scope);
  const expands = bindExpands(options.expand ?? [], { set, selects: select.nested }, { ...level, it: scope.it });
  const expanded = new Set(expands.map((expand) => expand.navigation.name));
  const selection: Selection = {
    set,
    type: set.entityType,
    properties: select.properties,
    computed: select.computed,
    expands,
    selected: options.select !== undefined,
    selectedNavigations: select.navigations.filter((name) => !expanded.has(name)),
    variable,
  };
  return { selection, restriction, scope };
}
