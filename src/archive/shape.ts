import { z } from 'zod';
import type { EntitySet, EntityType, Property } from '../edm/model.ts';
import { isPrimitiveTypeName } from '../edm/primitive-types.ts';

/** An entity type as it stands in the ledger, so that archived rows can be read where nobody reaches their feed. */
const shapeSchema = z.object({
  type: z.string(),
  key: z.array(z.string()),
  properties: z.array(
    z.object({
      name: z.string(),
      type: z.string().refine(isPrimitiveTypeName),
      collection: z.boolean(),
      nullable: z.boolean(),
      maxLength: z.number().optional(),
      precision: z.number().optional(),
      scale: z.union([z.number(), z.literal('variable')]).optional(),
      description: z.string().optional(),
      personalData: z.enum(['none', 'direct', 'indirect', 'pseudonym', 'content', 'employee']).optional(),
      enumeration: z
        .object({ name: z.string(), flags: z.boolean(), members: z.array(z.tuple([z.string(), z.string()])) })
        .optional(),
    }),
  ),
});

export type Shape = z.infer<typeof shapeSchema>;

type Facets = Pick<Shape['properties'][number], 'maxLength' | 'precision' | 'scale' | 'description' | 'personalData'>;

/** Those that are stated: a type keeps no members without a value. */
function statedFacets({ maxLength, precision, scale, description, personalData }: Facets) {
  return {
    ...(maxLength === undefined ? {} : { maxLength }),
    ...(precision === undefined ? {} : { precision }),
    ...(scale === undefined ? {} : { scale }),
    ...(description === undefined ? {} : { description }),
    ...(personalData === undefined ? {} : { personalData }),
  };
}

/** What the ledger keeps of a set's type: the same text of JSON for the same type. */
export function shapeOf({ entityType }: EntitySet): Shape {
  const properties = [...entityType.properties.values()].map((property) => {
    const { name, type, collection, nullable, enumeration } = property;
    return {
      ...{ name, type, collection, nullable },
      ...statedFacets(property),
      ...(enumeration === undefined
        ? {}
        : {
            enumeration: {
              name: enumeration.name,
              flags: enumeration.flags,
              members: [...enumeration.members].map(([member, value]): [string, string] => [member, String(value)]),
            },
          }),
    };
  });
  return { type: entityType.name, key: [...entityType.key], properties };
}

/** The set with the type that its archive has; navigation stays where its properties are. `documented` null: no document names it. */
export function shapedSet(name: string, value: unknown, documented: EntitySet | null): EntitySet {
  const shape = shapeSchema.parse(value);
  const properties = new Map(shape.properties.map((property) => [property.name, propertyOf(property)]));
  const navigations = [...(documented?.entityType.navigationProperties ?? [])].filter(([, { join }]) =>
    join.every(({ property }) => properties.has(property)),
  );
  const names = new Set(navigations.map(([navigation]) => navigation));
  const entityType: EntityType = {
    kind: 'EntityType',
    name: documented?.entityType.name ?? shape.type,
    key: shape.key,
    properties,
    navigationProperties: new Map(navigations),
    ...(documented?.entityType.description === undefined ? {} : { description: documented.entityType.description }),
  };
  const bindings = [...(documented?.navigationPropertyBindings ?? [])].filter(([navigation]) => names.has(navigation));
  return {
    kind: 'EntitySet',
    name,
    searchable: (documented?.searchable ?? []).filter((property) => properties.has(property)),
    navigationPropertyBindings: new Map(bindings),
    entityType,
    ...(documented?.title === undefined ? {} : { title: documented.title }),
    ...(documented?.description === undefined ? {} : { description: documented.description }),
  };
}

function propertyOf({ type, enumeration, ...facets }: Shape['properties'][number]): Property {
  const { name, collection, nullable } = facets;
  return {
    kind: 'Property',
    ...{ name, collection, nullable },
    type: isPrimitiveTypeName(type) ? type : 'Edm.String',
    ...statedFacets(facets),
    ...(enumeration === undefined
      ? {}
      : {
          enumeration: {
            ...enumeration,
            members: new Map(enumeration.members.map(([member, value]) => [member, BigInt(value)])),
          },
        }),
  };
}
