import type { Catalogue, Derivation, StoredSet } from '../../src/catalogue/catalogue.ts';
import type { EntitySet, PrimitiveTypeName, Property } from '../../src/edm/model.ts';
import { primitiveType } from '../../src/edm/primitive-types.ts';

export interface SmallSet {
  /** Property name to type; a trailing `!` says that it may not be null. */
  readonly properties: Readonly<Record<string, PrimitiveTypeName | `${PrimitiveTypeName}!`>>;
  readonly key: readonly string[];
  readonly indexes?: readonly (readonly string[])[];
  readonly searchable?: readonly string[];
  readonly rows?: readonly (readonly (string | null)[])[];
  readonly seedRows?: readonly (readonly (string | null)[])[];
}

/** A catalogue of stored sets, without exports: what the warehouse reads of one. */
export function smallCatalogue(sets: Readonly<Record<string, SmallSet>>): Catalogue {
  const entitySets = Object.entries(sets).map(([name, set]) => entitySet(name, set));
  return {
    model: {
      namespace: 'Small',
      container: 'Container',
      entityTypes: new Map(entitySets.map((set) => [set.entityType.name, set.entityType])),
      entitySets: new Map(entitySets.map((set) => [set.name, set])),
    },
    sources: new Map(),
    sets: new Map(Object.entries(sets).map(([name, set]) => [name, binding(name, set)])),
    exports: [],
  };
}

function entitySet(name: string, set: SmallSet): EntitySet {
  const properties = new Map(
    Object.entries(set.properties).map(([property, type]): [string, Property] => [
      property,
      { kind: 'Property', name: property, type: bare(type), collection: false, nullable: !type.endsWith('!') },
    ]),
  );
  return {
    kind: 'EntitySet',
    name,
    entityType: { kind: 'EntityType', name: `${name}Type`, key: set.key, properties, navigationProperties: new Map() },
    navigationPropertyBindings: new Map(),
    searchable: set.searchable ?? [],
  };
}

const bare = (type: string): PrimitiveTypeName => type.replace('!', '') as PrimitiveTypeName;

function binding(name: string, set: SmallSet): StoredSet {
  const derivation: Derivation | null = set.rows === undefined ? null : { kind: 'rows', rows: set.rows };
  return {
    kind: 'stored',
    name,
    source: 'small',
    role: set.rows === undefined ? 'export' : 'codeList',
    relation: { schema: 'feed', name },
    columns: new Map(
      Object.entries(set.properties).map(([property, type]) => [
        property,
        { name: property, sqlType: primitiveType(bare(type)).postgres },
      ]),
    ),
    rowId: '_row',
    versionColumn: '_version',
    hiddenBy: null,
    indexes: set.indexes ?? [],
    derivation,
    ...(set.seedRows === undefined ? {} : { seedRows: set.seedRows }),
  };
}
