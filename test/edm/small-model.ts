import type { FeedCapabilities, SetCapabilities } from '../../src/edm/capabilities.ts';
import type { EntitySet, EntityType, Model, NavigationProperty, Property } from '../../src/edm/model.ts';

/** A property with the defaults of the model's records. */
export function property(name: string, type: Property['type'], more: Partial<Property> = {}): Property {
  return { kind: 'Property', name, type, collection: false, nullable: true, ...more };
}

export function entityType(
  name: string,
  key: readonly string[],
  members: readonly (Property | NavigationProperty)[],
): EntityType {
  return {
    kind: 'EntityType',
    name,
    key,
    properties: new Map(members.filter((m) => m.kind === 'Property').map((m) => [m.name, m])),
    navigationProperties: new Map(members.filter((m) => m.kind === 'NavigationProperty').map((m) => [m.name, m])),
    description: `One ${name} of the "small" model, <escaped> & kept`,
  };
}

export function entitySet(name: string, type: EntityType, bindings: Readonly<Record<string, string>> = {}): EntitySet {
  return {
    kind: 'EntitySet',
    name,
    entityType: type,
    navigationPropertyBindings: new Map(Object.entries(bindings)),
    searchable: [],
  };
}

export function modelOf(sets: readonly EntitySet[]): Model {
  return {
    namespace: 'Small.Feed',
    container: 'Container',
    entityTypes: new Map(sets.map((set) => [set.entityType.name, set.entityType])),
    entitySets: new Map(sets.map((set) => [set.name, set])),
  };
}

/** Cases with every primitive type, and Agents; joined by key in both directions. */
export function smallModel(): Model {
  const agent = entityType(
    'Agent',
    ['id'],
    [
      property('id', 'Edm.String', { nullable: false, maxLength: 36 }),
      property('name', 'Edm.String', { description: 'First line\nsecond "line"' }),
      {
        kind: 'NavigationProperty',
        name: 'Cases',
        target: 'Case',
        collection: true,
        nullable: false,
        partner: 'Agent',
        join: [{ property: 'id', referencedProperty: 'agentId' }],
      },
    ],
  );
  const record = entityType(
    'Case',
    ['CaseId', 'Day'],
    [
      property('CaseId', 'Edm.Int64', { nullable: false }),
      property('Day', 'Edm.Date', { nullable: false }),
      property('agentId', 'Edm.String', { maxLength: 36 }),
      property('Flag', 'Edm.Boolean'),
      property('Small', 'Edm.SByte'),
      property('Tiny', 'Edm.Byte'),
      property('Short', 'Edm.Int16'),
      property('Count', 'Edm.Int32'),
      property('Amount', 'Edm.Decimal', { precision: 12, scale: 2 }),
      property('Ratio', 'Edm.Decimal'),
      property('Score', 'Edm.Double'),
      property('Weight', 'Edm.Single'),
      property('At', 'Edm.DateTimeOffset', { precision: 3 }),
      property('Clock', 'Edm.TimeOfDay'),
      property('Wait', 'Edm.Duration'),
      property('Ref', 'Edm.Guid'),
      property('Bytes', 'Edm.Binary', { maxLength: 16 }),
      property('Labels', 'Edm.String', { collection: true, nullable: false }),
      {
        kind: 'NavigationProperty',
        name: 'Agent',
        target: 'Agent',
        collection: false,
        nullable: true,
        partner: 'Cases',
        join: [{ property: 'agentId', referencedProperty: 'id' }],
        description: 'Who answered',
      },
    ],
  );
  return modelOf([entitySet('Cases', record, { Agent: 'Agents' }), entitySet('Agents', agent, { Cases: 'Cases' })]);
}

const everything: SetCapabilities = {
  top: true,
  skip: true,
  count: true,
  filter: true,
  nonFilterable: [],
  sort: true,
  nonSortable: [],
  expand: true,
  nonExpandable: [],
  search: false,
  changeTracking: true,
  filterFunctions: null,
  apply: ['aggregate', 'groupby', 'filter'],
};

/** Cases can do everything but `$search`, Agents (as a proxied set might) less. */
export function smallCapabilities(): FeedCapabilities {
  return {
    conformance: 'Intermediate',
    versions: '4.0',
    batch: false,
    asynchronous: false,
    crossJoin: true,
    formats: ['application/json', 'text/csv'],
    filterFunctions: ['contains', 'startswith'],
    sets: new Map([
      ['Cases', { ...everything, nonFilterable: ['Labels'], nonSortable: ['Labels'] }],
      ['Agents', { ...everything, expand: true, nonExpandable: ['Cases'], filterFunctions: ['contains'], apply: [] }],
    ]),
  };
}
