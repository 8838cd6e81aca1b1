import type { SetBinding, StoredSet } from '../../src/catalogue/catalogue.ts';
import type {
  EntitySet,
  EntityType,
  JoinPair,
  Model,
  NavigationProperty,
  PrimitiveTypeName,
  Property,
} from '../../src/edm/model.ts';

/** A small model with every primitive type, a composite key, a recursive and a cross-source navigation property. */

const property = (name: string, type: PrimitiveTypeName, nullable = true, collection = false): Property => ({
  kind: 'Property',
  name,
  type,
  collection,
  nullable,
});

const navigation = (name: string, target: string, collection: boolean, join: JoinPair[]): NavigationProperty => ({
  kind: 'NavigationProperty',
  name,
  target,
  collection,
  nullable: true,
  join,
});

const pair = (from: string, to: string): JoinPair => ({ property: from, referencedProperty: to });

function entityType(name: string, key: string[], members: (Property | NavigationProperty)[]): EntityType {
  const properties = members.filter((member) => member.kind === 'Property');
  const navigations = members.filter((member) => member.kind === 'NavigationProperty');
  return {
    kind: 'EntityType',
    name,
    key,
    properties: new Map(properties.map((member) => [member.name, member])),
    navigationProperties: new Map(navigations.map((member) => [member.name, member])),
  };
}

const agent = entityType(
  'Agent',
  ['Id'],
  [
    property('Id', 'Edm.Int32', false),
    property('Name', 'Edm.String'),
    property('Level', 'Edm.Byte'),
    navigation('Cases', 'Case', true, [pair('Id', 'AgentId')]),
  ],
);

const caseType = entityType(
  'Case',
  ['Id'],
  [
    property('Id', 'Edm.Int64', false),
    property('Title', 'Edm.String'),
    property('Open', 'Edm.Boolean'),
    property('Amount', 'Edm.Decimal'),
    property('Rate', 'Edm.Double'),
    property('Ratio', 'Edm.Single'),
    property('Small', 'Edm.Int16'),
    property('Opened', 'Edm.DateTimeOffset'),
    property('Due', 'Edm.Date'),
    property('At', 'Edm.TimeOfDay'),
    property('Took', 'Edm.Duration'),
    property('Ref', 'Edm.Guid'),
    property('Photo', 'Edm.Binary'),
    property('AgentId', 'Edm.Int32'),
    property('ParentId', 'Edm.Int64'),
    navigation('Agent', 'Agent', false, [pair('AgentId', 'Id')]),
    navigation('Parent', 'Case', false, [pair('ParentId', 'Id')]),
    navigation('Children', 'Case', true, [pair('Id', 'ParentId')]),
    navigation('Messages', 'Message', true, [pair('Id', 'CaseId')]),
  ],
);

const message = entityType(
  'Message',
  ['CaseId', 'No'],
  [
    property('CaseId', 'Edm.Int64', false),
    property('No', 'Edm.Int32', false),
    property('Text', 'Edm.String'),
    navigation('Case', 'Case', false, [pair('CaseId', 'Id')]),
  ],
);

const tag = entityType(
  'Tag',
  ['Code'],
  [
    property('Code', 'Edm.String', false),
    property('Words', 'Edm.String', true, true),
    property('Seen', 'Edm.DateTimeOffset'),
    navigation('Agent', 'Agent', false, [pair('Code', 'Name')]),
    navigation('Lost', 'Agent', false, [pair('Code', 'Name')]),
  ],
);

const entitySet = (name: string, type: EntityType, bindings: [string, string][], searchable: string[]): EntitySet => ({
  kind: 'EntitySet',
  name,
  entityType: type,
  navigationPropertyBindings: new Map(bindings),
  searchable,
});

const sets = [
  entitySet('Agents', agent, [['Cases', 'Cases']], []),
  entitySet(
    'Cases',
    caseType,
    [
      ['Agent', 'Agents'],
      ['Parent', 'Cases'],
      ['Children', 'Cases'],
      ['Messages', 'Messages'],
    ],
    ['Title'],
  ),
  entitySet('Messages', message, [['Case', 'Cases']], ['Text']),
  entitySet('Tags', tag, [['Agent', 'Agents']], []),
];

export const sampleModel: Model = {
  namespace: 'Feed',
  container: 'Container',
  entityTypes: new Map([agent, caseType, message, tag].map((type) => [type.name, type])),
  entitySets: new Map(sets.map((set) => [set.name, set])),
};

const stored = (name: string, versionColumn: string | null): StoredSet => ({
  kind: 'stored',
  name,
  source: 'sample',
  role: 'export',
  relation: { schema: 'feed', name },
  columns: new Map(),
  rowId: '_row',
  versionColumn,
  hiddenBy: null,
  indexes: [],
  derivation: null,
});

export const sampleSets: ReadonlyMap<string, SetBinding> = new Map<string, SetBinding>([
  ['Agents', stored('Agents', null)],
  ['Cases', stored('Cases', '_version')],
  ['Messages', stored('Messages', '_version')],
  ['Tags', { kind: 'upstream', name: 'Tags', source: 'far', upstreamName: 'Tags', title: 'Tags' }],
]);
