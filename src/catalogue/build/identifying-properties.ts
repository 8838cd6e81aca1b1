import { type DraftIndex, resolveSetName, type SetDraft } from './draft.ts';

/**
 * Properties whose values name something: parts of the own key, of references, and what becomes the key of a set derived
 * from this one. A cell there that is not what the vendor wrote leads rows astray without a trace.
 */
export function identifyingProperties(draft: SetDraft, index: DraftIndex): ReadonlySet<string> {
  const names = new Set(draft.entry.key);
  for (const [name, entry] of Object.entries(draft.entry.properties)) {
    if (entry.references !== undefined) names.add(name);
  }
  for (const { join } of Object.values(draft.entry.navigation ?? {})) {
    for (const name of Object.keys(join)) names.add(name);
  }
  for (const other of index.sets.values()) {
    for (const name of namesOf(other, draft, index)) names.add(name);
  }
  return names;
}

/** Properties of `draft` that the key, or a reference, of a set derived from it is made of. */
function namesOf(other: SetDraft, draft: SetDraft, index: DraftIndex): readonly string[] {
  const isOurs = (set: string): boolean => resolveSetName(index, other.source, set) === draft.setName;
  const identifies = (name: string): boolean =>
    other.entry.key.includes(name) || other.entry.properties[name]?.references !== undefined;
  const { bridge, dimension = [] } = other.entry;
  const lists =
    bridge === undefined || !isOurs(bridge.from) ? [] : [bridge.list, ...(bridge.paired ? [bridge.paired] : [])];
  const columns = dimension
    .filter((from) => isOurs(from.set))
    .flatMap((from) => other.entry.key.map((name) => from.columns?.[name] ?? name));
  return [...columns, ...lists.filter((list) => identifies(list.as)).map((list) => list.property)];
}
