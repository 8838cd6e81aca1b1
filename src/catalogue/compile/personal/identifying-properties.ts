import { type DraftIndex, resolveSetName, type SetDraft } from '../documents/draft.ts';

/**
 * Properties whose values name something: parts of the own key, of references and code lists, and what becomes one of these in a
 * set derived from this one, over any number of steps. A cell there that is not what the vendor wrote leads rows astray
 * without a trace.
 */
export function identifyingProperties(draft: SetDraft, index: DraftIndex): ReadonlySet<string> {
  return collect(draft, index, new Set());
}

function collect(draft: SetDraft, index: DraftIndex, seen: ReadonlySet<SetDraft>): ReadonlySet<string> {
  const names = new Set(draft.entry.key);
  for (const [name, entry] of Object.entries(draft.entry.properties)) {
    if (entry.references !== undefined || entry.codeList !== undefined) {
      names.add(name);
    }
  }
  for (const { join } of Object.values(draft.entry.navigation ?? {})) {
    for (const name of Object.keys(join)) {
      names.add(name);
    }
  }
  const path = new Set([...seen, draft]);
  for (const other of index.sets.values()) {
    const pairs = path.has(other) ? [] : derivedPairs(other, draft, index);
    if (pairs.length === 0) {
      continue;
    }
    const theirs = collect(other, index, path);
    for (const [own, derived] of pairs) {
      if (theirs.has(derived)) {
        names.add(own);
      }
    }
  }
  return names;
}

/** Properties of `draft` with the property of a set derived from it that takes their values. */
function derivedPairs(other: SetDraft, draft: SetDraft, index: DraftIndex): readonly (readonly [string, string])[] {
  const isOurs = (set: string): boolean => resolveSetName(index, other.source, set) === draft.setName;
  const { bridge, dimension = [], properties } = other.entry;
  const columns = dimension
    .filter((from) => isOurs(from.set))
    .flatMap((from) =>
      from.columns === undefined
        ? Object.keys(properties).map((name) => [name, name] as const)
        : Object.entries(from.columns).map(([ours, theirs]) => [theirs, ours] as const),
    );
  if (bridge === undefined || !isOurs(bridge.from)) {
    return columns;
  }
  const lists = [bridge.list, ...(bridge.paired === undefined ? [] : [bridge.paired])];
  return [
    ...columns,
    ...Object.entries(bridge.parent),
    ...Object.entries(bridge.carries ?? {}),
    ...lists.map((list) => [list.property, list.as] as const),
  ];
}
