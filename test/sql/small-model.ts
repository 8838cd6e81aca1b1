import type { Catalogue, Column, SetBinding } from '../../src/catalogue/catalogue.ts';
import type {
  EntitySet,
  EntityType,
  JoinPair,
  Model,
  NavigationProperty,
  PrimitiveTypeName,
  Property,
} from '../../src/edm/model.ts';

/**
 * A small contact-centre model with every property type, a relation in both directions, a set that refers to itself,
 * and one that hides rows; and the tables of it as text. Used by the tests of this room only.
 */

const sqlTypes: Partial<Record<PrimitiveTypeName, string>> = {
  'Edm.Binary': 'bytea',
  'Edm.Boolean': 'boolean',
  'Edm.Date': 'date',
  'Edm.DateTimeOffset': 'timestamp with time zone',
  'Edm.Decimal': 'numeric',
  'Edm.Double': 'double precision',
  'Edm.Duration': 'interval',
  'Edm.Guid': 'uuid',
  'Edm.Int16': 'smallint',
  'Edm.Int32': 'integer',
  'Edm.Int64': 'bigint',
  'Edm.String': 'text',
  'Edm.TimeOfDay': 'time without time zone',
};

interface SetDescription {
  readonly name: string;
  readonly type: string;
  readonly key: readonly string[];
  /** `Name Type` or `Name Type!` for one that is never null; `Edm.` left out. */
  readonly properties: readonly string[];
  readonly navigations: readonly NavigationProperty[];
  readonly bindings: readonly (readonly [string, string])[];
  readonly searchable?: readonly string[];
  readonly hides?: boolean;
}

const to = (name: string, target: string, collection: boolean, ...join: JoinPair[]): NavigationProperty => ({
  kind: 'NavigationProperty',
  name,
  target,
  collection,
  nullable: true,
  join,
});

const sets: readonly SetDescription[] = [
  {
    name: 'Cases',
    type: 'Case',
    key: ['Id'],
    properties: [
      'Id Int64!',
      'Title String',
      'Priority Int32',
      'Small Int16',
      'Cost Decimal',
      'Score Double',
      'Open Boolean',
      'CreatedAt DateTimeOffset',
      'DueOn Date',
      'StartsAt TimeOfDay',
      'Took Duration',
      'Token Guid',
      'Raw Binary',
      'AgentId Int32',
    ],
    navigations: [
      to('Agent', 'Agent', false, { property: 'AgentId', referencedProperty: 'Id' }),
      to('Messages', 'Message', true, { property: 'Id', referencedProperty: 'CaseId' }),
    ],
    bindings: [
      ['Agent', 'Agents'],
      ['Messages', 'Messages'],
    ],
    searchable: ['Title'],
  },
  {
    name: 'Agents',
    type: 'Agent',
    key: ['Id'],
    properties: ['Id Int32!', 'Name String', 'LeaderId Int32', 'City String'],
    navigations: [
      to('Leader', 'Agent', false, { property: 'LeaderId', referencedProperty: 'Id' }),
      to('Team', 'Agent', true, { property: 'Id', referencedProperty: 'LeaderId' }),
      to('Cases', 'Case', true, { property: 'Id', referencedProperty: 'AgentId' }),
    ],
    bindings: [
      ['Leader', 'Agents'],
      ['Team', 'Agents'],
      ['Cases', 'Cases'],
    ],
    hides: true,
  },
  {
    name: 'Messages',
    type: 'Message',
    key: ['CaseId', 'Number'],
    properties: ['CaseId Int64!', 'Number Int32!', 'Body String', 'Length Int32', 'AgentId Int32'],
    navigations: [
      to('Case', 'Case', false, { property: 'CaseId', referencedProperty: 'Id' }),
      to('Agent', 'Agent', false, { property: 'AgentId', referencedProperty: 'Id' }),
    ],
    bindings: [
      ['Case', 'Cases'],
      ['Agent', 'Agents'],
    ],
    searchable: ['Body'],
  },
];

function property(text: string): Property {
  const [name = '', type = ''] = text.split(' ');
  const nullable = !type.endsWith('!');
  return {
    kind: 'Property',
    name,
    type: `Edm.${type.replace('!', '')}` as PrimitiveTypeName,
    collection: false,
    nullable,
  };
}

function entitySet(description: SetDescription): EntitySet {
  const properties = description.properties.map(property);
  const entityType: EntityType = {
    kind: 'EntityType',
    name: description.type,
    key: description.key,
    properties: new Map(properties.map((one) => [one.name, one])),
    navigationProperties: new Map(description.navigations.map((one) => [one.name, one])),
  };
  return {
    kind: 'EntitySet',
    name: description.name,
    entityType,
    navigationPropertyBindings: new Map(description.bindings),
    searchable: description.searchable ?? [],
  };
}

function binding(description: SetDescription): SetBinding {
  const columns = description.properties.map((text): [string, Column] => {
    const { name, type } = property(text);
    return [name, { name, sqlType: sqlTypes[type] ?? 'text' }];
  });
  return {
    kind: 'stored',
    name: description.name,
    source: 'test',
    role: 'export',
    relation: { schema: 'feed', name: description.name },
    columns: new Map(columns),
    rowId: '_row',
    versionColumn: '_version',
    hiddenBy: description.hides === true ? '_deleted_at' : null,
    indexes: description.name === 'Cases' ? [['CreatedAt']] : [],
    derivation: null,
  };
}

const entitySets = new Map(sets.map((description) => [description.name, entitySet(description)]));

export const model: Model = {
  namespace: 'Feed',
  container: 'Container',
  entityTypes: new Map([...entitySets.values()].map(({ entityType }) => [entityType.name, entityType])),
  entitySets,
};

export const catalogue: Catalogue = {
  model,
  sources: new Map(),
  sets: new Map(sets.map((description) => [description.name, binding(description)])),
  exports: [],
};

/** The set of that name; a test that misspells one fails at once. */
export function setNamed(name: string): EntitySet {
  const set = entitySets.get(name);
  if (set === undefined) {
    throw new Error(`no set ${name}`);
  }
  return set;
}

/** CREATE statements as the warehouse makes them, bookkeeping columns included. */
export function createTables(): string {
  const tables = sets.map((description) => {
    const columns = description.properties.map((text) => {
      const { name, type, nullable } = property(text);
      const collate = type === 'Edm.String' ? ' COLLATE "C"' : '';
      return `"${name}" ${sqlTypes[type] ?? 'text'}${collate}${nullable ? '' : ' NOT NULL'}`;
    });
    const key = description.key.map((name) => `"${name}"`).join(', ');
    return `CREATE TABLE feed."${description.name}" (${columns.join(', ')},
      _row bigint GENERATED ALWAYS AS IDENTITY UNIQUE, _version bigint, _deleted_at timestamptz, PRIMARY KEY (${key}));`;
  });
  return `CREATE SCHEMA feed; CREATE SCHEMA gateway;
    CREATE TABLE gateway.tombstones (entity_set text, key jsonb, version bigint, number bigint GENERATED ALWAYS AS IDENTITY, PRIMARY KEY (entity_set, key));
    ${tables.join('\n')}`;
}
