type Mapping = Record<string, unknown>;

export const isMapping = (value: unknown): value is Mapping =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * A document of an extending source laid over the one it extends: mappings meet key by key, `aliases` are joined, every
 * other value replaces the earlier one. New keys follow the old ones, so columns keep their order.
 */
export function mergeDocuments(earlier: unknown, later: unknown, key = ''): unknown {
  if (later === undefined) {
    return earlier;
  }
  if (isMapping(earlier) && isMapping(later)) {
    const merged = new Map(Object.entries(earlier));
    for (const [name, value] of Object.entries(later)) {
      merged.set(name, mergeDocuments(merged.get(name), value, name));
    }
    // Assigning would lose a key named __proto__.
    return Object.fromEntries(merged);
  }
  if (key === 'aliases' && Array.isArray(earlier) && Array.isArray(later)) {
    return [...earlier, ...later];
  }
  return later;
}

/** Whether a document itself has something at the path. */
export function hasPath(value: unknown, path: readonly (string | number)[]): boolean {
  let node: unknown = value;
  for (const part of path) {
    if (Array.isArray(node)) {
      node = node[Number(part)];
    } else if (isMapping(node) && Object.hasOwn(node, part)) {
      node = node[part];
    } else {
      return false;
    }
  }
  return node !== undefined;
}
