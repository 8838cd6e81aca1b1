import type { Property } from '../../../edm/model.ts';
import type { QueryOptions, SelectItem } from '../../../uri/syntax.ts';
import type { ComputedProperty } from '../../model/read-plan.ts';
import { perhaps } from '../names.ts';
import { fault, inOption, isOwnType, notImplemented, type Scope } from '../scope.ts';

export interface Select {
  /** In declared order. */
  readonly properties: readonly Property[];
  readonly computed: readonly ComputedProperty[];
  /** Navigation properties named, each once. */
  readonly navigations: readonly string[];
  /** `Nav/Prop`: what is selected of an expanded navigation property, by its name. */
  readonly nested: ReadonlyMap<string, readonly SelectItem[]>;
}

interface Picked {
  all: boolean;
  readonly properties: Set<string>;
  readonly computed: Set<string>;
  readonly navigations: Set<string>;
  readonly nested: Map<string, SelectItem[]>;
}

/**
 * `$select` (4.01 Protocol 11.2.5.1): exactly what is asked, keys not added. Null: everything, `$compute`d properties too.
 * @throws GatewayError `UnknownProperty` with the nearest names
 */
export function bindSelect(
  items: readonly SelectItem[] | null,
  computed: readonly ComputedProperty[],
  scope: Scope,
): Select {
  const inSelect = inOption(scope, '$select');
  const picked: Picked = {
    all: items === null,
    properties: new Set(),
    computed: new Set(),
    navigations: new Set(),
    nested: new Map(),
  };
  for (const item of items ?? []) {
    pick(item, picked, inSelect);
  }
  const declared = [...(scope.row?.set.entityType.properties.values() ?? [])];
  return {
    properties: picked.all ? declared : declared.filter((property) => picked.properties.has(property.name)),
    computed: picked.all ? computed : computed.filter((property) => picked.computed.has(property.name)),
    navigations: [...picked.navigations],
    nested: picked.nested,
  };
}

function pick(item: SelectItem, picked: Picked, scope: Scope): void {
  const { row, binding } = scope;
  if (row === null) {
    return;
  }
  const own = item.path[0] !== undefined && isOwnType(binding.context.model, row.set, item.path[0]);
  const path = own ? item.path.slice(1) : item.path;
  if (item.wildcard) {
    // `Ns.*` names the bound actions and functions of a schema: this feed has none to add.
    if (path.length === 0) {
      picked.all = true;
    } else if (path.length !== 1 || path[0] !== binding.context.model.namespace) {
      pickNested(item, path, { picked, scope });
    }
    return;
  }
  const { options } = item;
  if (options !== null) {
    pickInside(options, { ...item, path }, { picked, scope });
  } else if (path.length === 1) {
    pickName(path[0] ?? '', item.at, { picked, scope });
  } else {
    pickNested(item, path, { picked, scope });
  }
}

/** `Nav($select=A,B)` is `Nav/A,Nav/B` (4.01 URL Conventions 5.1.4); a plain value has nothing inside it. */
function pickInside(options: QueryOptions, item: SelectItem, place: Place): void {
  const { select, ...others } = options;
  if (Object.keys(others).length > 0 || select === undefined) {
    refuseOptions(item, place.scope);
  }
  for (const inner of select) {
    pickNested({ ...inner, at: item.at }, [...item.path, ...inner.path], place);
  }
}

interface Place {
  readonly picked: Picked;
  readonly scope: Scope;
}

function refuseOptions(item: SelectItem, scope: Scope): never {
  const message = `options in parentheses after '${item.path.join('/')}' are not supported; use them in $expand.`;
  throw notImplemented(scope, 'nested-select-options', message, item.at);
}

function pickName(name: string, at: number, { picked, scope }: Place): void {
  const type = scope.row?.set.entityType;
  if (type?.properties.has(name)) {
    picked.properties.add(name);
  } else if (type?.navigationProperties.has(name)) {
    picked.navigations.add(name);
  } else if (scope.computed.has(name)) {
    picked.computed.add(name);
  } else {
    const names = [...(type?.properties.keys() ?? []), ...(type?.navigationProperties.keys() ?? [])];
    const message = `'${type?.name ?? 'the row'}' has no property '${name}'.${perhaps(name, names)}`;
    throw fault(scope, 'UnknownProperty', message, at);
  }
}

function pickNested(item: SelectItem, path: readonly string[], { picked, scope }: Place): void {
  const [first, ...rest] = path;
  if (first === undefined) {
    throw fault(scope, 'InvalidOption', 'an empty path.', item.at);
  }
  pickName(first, item.at, { picked, scope });
  if (!picked.navigations.has(first)) {
    const message = `'${first}' is a plain value; nothing can follow it.`;
    throw fault(scope, 'UnknownProperty', message, item.at);
  }
  const nested = picked.nested.get(first) ?? [];
  picked.nested.set(first, [...nested, { ...item, path: rest }]);
}
