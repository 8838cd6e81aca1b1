import type { EntitySet, PrimitiveTypeName, Property } from '../../src/edm/model.ts';

/** A property that may be null. */
export const property = (name: string, type: PrimitiveTypeName, collection = false): Property => ({
  kind: 'Property',
  name,
  type,
  collection,
  nullable: true,
});

/** A set without relations, whose first property is its key. */
export function entitySet(name: string, properties: readonly Property[], title?: string): EntitySet {
  const [first] = properties;
  return {
    kind: 'EntitySet',
    name,
    ...(title === undefined ? {} : { title }),
    entityType: {
      kind: 'EntityType',
      name: `${name}Type`,
      key: first === undefined ? [] : [first.name],
      properties: new Map(properties.map((one) => [one.name, one])),
      navigationProperties: new Map(),
    },
    navigationPropertyBindings: new Map(),
    searchable: [],
  };
}
