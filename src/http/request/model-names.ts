import type { Model } from '../../edm/model.ts';

const known = new WeakMap<Model, ReadonlySet<string>>();

/** All names of sets, properties and navigation properties: what may stand in a log. Made once for a model. */
export function namesOf(model: Model): ReadonlySet<string> {
  const found = known.get(model);
  if (found !== undefined) {
    return found;
  }
  const names = new Set<string>(model.entitySets.keys());
  for (const { properties, navigationProperties } of model.entityTypes.values()) {
    for (const name of [...properties.keys(), ...navigationProperties.keys()]) {
      names.add(name);
    }
  }
  known.set(model, names);
  return names;
}
