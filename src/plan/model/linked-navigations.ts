import type { Selection } from './read-plan.ts';

/**
 * The navigation properties of which `odata.metadata=full` gives links (OData JSON 4.4): without `$select` every one,
 * else those that are named or expanded.
 */
export function linkedNavigations({ type, selected, selectedNavigations, expands }: Selection): string[] {
  const names = [...type.navigationProperties.keys()];
  if (!selected) {
    return names;
  }
  const wanted = new Set([...selectedNavigations, ...expands.map(({ navigation }) => navigation.name)]);
  return names.filter((name) => wanted.has(name));
}
