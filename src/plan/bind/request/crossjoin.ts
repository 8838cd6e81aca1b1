import type { EntitySet } from '../../../edm/model.ts';
import type { ExpandItem, ODataUri, PathSegment, SelectItem } from '../../../uri/syntax.ts';
import { crossjoinOf } from '../../model/make.ts';
import type { CrossjoinPlan, OrderKey, RangeVariable, Restriction } from '../../model/read-plan.ts';
import { decodePagePosition } from '../../position/page-position.ts';
import { isCopyText } from '../../value/copy-text.ts';
import { noEntitySet } from '../names.ts';
import { bindRestriction } from '../rows/restriction.ts';
import { bindRows } from '../rows/rows.ts';
import { type Binding, fault, inOption, notImplemented, requestScope, type Scope } from '../scope.ts';
import { allowOptions, type OptionName } from './allowed-options.ts';

const pagedOptions: readonly OptionName[] = ['top', 'skip', 'count', 'skiptoken'];
const joinOptions: readonly OptionName[] = ['filter', 'orderby', 'expand', 'select', ...pagedOptions];
const countOptions: readonly OptionName[] = ['filter'];
const setOptions: readonly OptionName[] = ['select', 'expand', 'compute'];

type Crossjoin = Extract<PathSegment, { kind: 'Crossjoin' }>;

/**
 * `$crossjoin(A,B)` and `$crossjoin(A,B)/$count` (4.01 URL Conventions 4.15): names start with the set. Its skip token
 * holds the order values and then the tie-breakers of the sets in their order, the last of them as `rowId`.
 */
export function bindCrossjoin(segment: Crossjoin, uri: ODataUri, binding: Binding): CrossjoinPlan {
  const scope = requestScope(binding, 'path');
  const countOnly = countedOnly(uri.path.segments.slice(1), scope);
  const what = countOnly ? '/$count of a $crossjoin' : '$crossjoin';
  allowOptions(uri.options, countOnly ? countOptions : joinOptions, { scope, what });
  const sets = joinedSets(segment, scope);
  const variables = sets.map((set): RangeVariable => ({ name: set.name, set }));
  const joined: Scope = { ...scope, variables: new Map(variables.map((variable) => [variable.name, variable])) };
  const restriction = bindRestriction(uri.options, null, joined);
  const after = positionOf(uri, restriction.orderby, { sets: sets.length, binding });
  return crossjoinOf({
    sets,
    variables,
    expands: bindSets(uri, sets, joined),
    restriction: continued(restriction, after?.remaining ?? null, after !== null),
    pageSize: binding.context.pageSize,
    after: after?.values ?? null,
    countOnly,
  });
}

function countedOnly(rest: readonly PathSegment[], scope: Scope): boolean {
  const [next, more] = rest;
  if (next === undefined) {
    return false;
  }
  if (next.kind === 'System' && next.name === '$count' && more === undefined) {
    return true;
  }
  throw fault(scope, 'ResourceNotFound', 'only /$count can follow $crossjoin(...).', next.at);
}

function joinedSets(segment: Crossjoin, scope: Scope): EntitySet[] {
  const { entitySets } = scope.binding.context.model;
  if (new Set(segment.sets).size !== segment.sets.length) {
    throw fault(scope, 'BadRequest', 'a set can stand in $crossjoin(...) once only.', segment.at);
  }
  return segment.sets.map((name) => {
    const set = entitySets.get(name);
    if (set !== undefined) {
      return set;
    }
    throw fault(scope, 'ResourceNotFound', noEntitySet(name, scope.binding.context), segment.at);
  });
}

function bindSets(uri: ODataUri, sets: readonly EntitySet[], scope: Scope): CrossjoinPlan['expands'] {
  const items = new Map<string, ExpandItem>();
  for (const item of uri.options.expand ?? []) {
    for (const name of item.wildcard ? sets.map((set) => set.name) : [expandedSet(item, sets, scope)]) {
      if (items.has(name) && !item.wildcard) {
        throw fault(inOption(scope, '$expand'), 'InvalidOption', `'${name}' is expanded twice.`, item.at);
      }
      if (!items.has(name)) {
        items.set(name, item);
      }
    }
  }
  const selects = selectsOf(uri.options.select ?? null, { sets, items }, inOption(scope, '$select'));
  const expanded = sets.filter((set) => items.has(set.name));
  return expanded.map((set) => {
    const own = items.get(set.name)?.options ?? {};
    const what = `$expand of '${set.name}'`;
    allowOptions(own, setOptions, { scope: inOption(scope, '$expand'), what });
    const named = selects.get(set.name) ?? [];
    const options = named.length === 0 ? own : { ...own, select: [...(own.select ?? []), ...named] };
    return { set, selection: bindRows(options, set, { binding: scope.binding, it: null, depth: 1 }).selection };
  });
}

function expandedSet(item: ExpandItem, sets: readonly EntitySet[], scope: Scope): string {
  const [name, second] = item.path;
  const inExpand = inOption(scope, '$expand');
  if (second !== undefined || item.suffix !== null) {
    throw notImplemented(
      inExpand,
      'crossjoin-expand',
      'only the sets themselves can be expanded in a $crossjoin.',
      item.at,
    );
  }
  if (name !== undefined && sets.some((set) => set.name === name)) {
    return name;
  }
  throw fault(inExpand, 'UnknownProperty', `'${name ?? ''}' is no set of this $crossjoin.`, item.at);
}

interface Joined {
  readonly sets: readonly EntitySet[];
  readonly items: ReadonlyMap<string, ExpandItem>;
}

/** `$select=A/Name,B` narrows an expanded set. A set that it leaves out would have to vanish from the rows: refused. */
function selectsOf(items: readonly SelectItem[] | null, joined: Joined, scope: Scope): Map<string, SelectItem[]> {
  const selects = new Map<string, SelectItem[]>();
  if (items === null || items.some((item) => item.wildcard && item.path.length === 0)) {
    return selects;
  }
  for (const item of items) {
    const [name, ...rest] = item.path;
    if (name === undefined || !joined.sets.some((set) => set.name === name)) {
      throw fault(scope, 'UnknownProperty', `'${name ?? ''}' is no set of this $crossjoin.`, item.at);
    }
    const narrowed = rest.length > 0 || item.wildcard;
    if (narrowed && !joined.items.has(name)) {
      throw fault(scope, 'InvalidOption', `$select names a property of '${name}': add $expand=${name}.`, item.at);
    }
    selects.set(name, [...(selects.get(name) ?? []), ...(narrowed ? [{ ...item, path: rest }] : [])]);
  }
  const left = joined.sets.find((set) => !selects.has(set.name));
  if (left === undefined) {
    return selects;
  }
  throw notImplemented(scope, 'crossjoin-select', `it leaves out '${left.name}'; name every set of the $crossjoin.`);
}

interface JoinedPosition {
  readonly values: readonly (string | null)[];
  readonly remaining: number | null;
}

function positionOf(
  uri: ODataUri,
  orderby: readonly OrderKey[],
  { sets, binding }: { readonly sets: number; readonly binding: Binding },
): JoinedPosition | null {
  const { skiptoken } = uri.options;
  if (skiptoken === undefined) {
    return null;
  }
  const { values, rowId, remaining } = decodePagePosition(skiptoken, binding.fingerprint);
  const position = [...values, rowId];
  const fitting = position.every((value, index) => {
    const key = orderby[index];
    if (key === undefined) {
      return value !== null && isCopyText(value, 'Edm.Int64');
    }
    return value === null || key.expression.type === 'null' || isCopyText(value, key.expression.type);
  });
  if (fitting && position.length === orderby.length + sets) {
    return { values: position, remaining };
  }
  throw fault({ option: '$skiptoken' }, 'InvalidSkipToken', 'the token belongs to another query.');
}

function continued(restriction: Restriction, remaining: number | null, further: boolean): Restriction {
  return further ? { ...restriction, skip: null, top: remaining ?? restriction.top } : restriction;
}
