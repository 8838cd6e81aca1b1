import assert from 'node:assert/strict';
import fc from 'fast-check';
import { mergeUpstreamModel } from '../../src/catalogue/compile/upstream/merge-upstream-model.ts';
import { requireCatalogue } from '../../src/catalogue/read-metadata.ts';
import { checkModel } from '../../src/edm/check-model.ts';
import { metadataXml } from '../../src/edm/metadata-xml.ts';
import { readMetadata } from '../../src/edm/read-metadata.ts';
import { randomMetadata } from '../edm/random-metadata.ts';

const catalogue = requireCatalogue(new URL('../../metadata', import.meta.url).pathname, {});

/** `$metadata` of a feed that names, types and keys some things otherwise than its document. */
const feed = readMetadata(`<?xml version="1.0"?>
<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>
<Schema Namespace="Tenant" xmlns="http://docs.oasis-open.org/odata/ns/edm">
  <EntityType Name="Agent"><Key><PropertyRef Name="id"/></Key>
    <Property Name="id" Type="Edm.Guid" Nullable="false"/><Property Name="Name" Type="Edm.String"/>
    <Property Name="shift" Type="Edm.String"/>
    <NavigationProperty Name="States" Type="Collection(Tenant.AgentState)"/></EntityType>
  <EntityType Name="AgentState"><Key><PropertyRef Name="id"/></Key>
    <Property Name="id" Type="Edm.String" Nullable="false"/><Property Name="agentId" Type="Edm.Guid"/>
    <Property Name="state" Type="Edm.String"/></EntityType>
  <EntityType Name="Queue"><Key><PropertyRef Name="id"/></Key>
    <Property Name="id" Type="Edm.String" Nullable="false"/><Property Name="channelID" Type="Edm.String"/></EntityType>
  <EntityType Name="Channel"><Key><PropertyRef Name="id"/></Key>
    <Property Name="id" Type="Edm.String" Nullable="false"/></EntityType>
  <EntityType Name="QueueSegment"><Key><PropertyRef Name="segmentId"/></Key>
    <Property Name="segmentId" Type="Edm.Int64" Nullable="false"/><Property Name="queueId" Type="Edm.String"/></EntityType>
  <EntityType Name="Shift"><Key><PropertyRef Name="id"/></Key>
    <Property Name="id" Type="Edm.Int32" Nullable="false"/></EntityType>
  <EntityContainer Name="Default">
    <EntitySet Name="agents" EntityType="Tenant.Agent">
      <NavigationPropertyBinding Path="States" Target="agent_states"/></EntitySet>
    <EntitySet Name="agent_states" EntityType="Tenant.AgentState"/>
    <EntitySet Name="queues" EntityType="Tenant.Queue"/>
    <EntitySet Name="ChannelLookup" EntityType="Tenant.Channel"/>
    <EntitySet Name="QueueSegment" EntityType="Tenant.QueueSegment"/>
    <EntitySet Name="shifts" EntityType="Tenant.Shift"/>
    <EntitySet Name="LogoutReasons" EntityType="Tenant.Shift"/>
  </EntityContainer>
</Schema></edmx:DataServices></edmx:Edmx>`).model;

describe('mergeUpstreamModel', () => {
  const { catalogue: merged, differences } = mergeUpstreamModel(catalogue, 'buzzeasy', feed);
  const upstreamNames = [...merged.sets.values()]
    .filter((set) => set.kind === 'upstream')
    .map((set) => [set.name, set.upstreamName]);

  it('keeps documented names by title, set name or type name, and prefixes the others', () => {
    assert.deepEqual(Object.fromEntries(upstreamNames), {
      BuzzeasyAgents: 'agents',
      BuzzeasyAgentStates: 'agent_states',
      BuzzeasyQueues: 'queues',
      BuzzeasyChannels: 'ChannelLookup',
      BuzzeasyQueueSegments: 'QueueSegment',
      BuzzeasyShifts: 'shifts',
      BuzzeasyLogoutReasons2: 'LogoutReasons',
    });
  });

  it('leaves a model that may be published and written', () => {
    assert.deepEqual(checkModel(merged.model), []);
    assert.match(metadataXml(merged.model), /EntitySet Name="BuzzeasyShifts"/);
    assert.deepEqual([...merged.model.entitySets.keys()], [...merged.sets.keys()]);
  });

  it('takes properties, types and keys as the feed has them, with the documented descriptions', () => {
    const agents = merged.model.entitySets.get('BuzzeasyAgents');
    const properties = [...(agents?.entityType.properties.values() ?? [])];
    assert.deepEqual(
      properties.map((property) => [property.name, property.type, property.personalData]),
      [
        ['id', 'Edm.Guid', 'none'],
        ['Name', 'Edm.String', 'employee'],
        ['shift', 'Edm.String', 'content'],
      ],
    );
    assert.equal(properties[1]?.description, 'Agent name.');
    assert.deepEqual(merged.model.entitySets.get('BuzzeasyQueueSegments')?.entityType.key, ['segmentId']);
  });

  it('keeps the feed’s navigations, and documented ones whose properties are there', () => {
    const agents = merged.model.entitySets.get('BuzzeasyAgents');
    assert.equal(agents?.navigationPropertyBindings.get('States'), 'BuzzeasyAgentStates');
    const queue = merged.model.entitySets.get('BuzzeasyQueueSegments')?.entityType.navigationProperties.get('Queue');
    assert.deepEqual(queue?.join, [{ property: 'queueId', referencedProperty: 'id' }]);
    assert.equal(queue?.partner, 'QueueSegments');
    // agentId is a Guid on both sides here: the documented relation holds under the feed's own spelling.
    const agent = merged.model.entitySets.get('BuzzeasyAgentStates')?.entityType.navigationProperties.get('Agent');
    assert.deepEqual(agent?.join, [{ property: 'agentId', referencedProperty: 'id' }]);
  });

  it('lists every difference', () => {
    const of = (set: string): string[] => differences.filter((one) => one.set === set).map((one) => one.kind);
    assert.deepEqual(of('BuzzeasyAgents').sort(), [
      'property-added',
      'property-missing',
      'property-missing',
      'property-renamed',
      'property-renamed',
      'property-type',
    ]);
    assert.deepEqual(of('BuzzeasyCalls'), ['set-missing']);
    assert.deepEqual(of('BuzzeasyShifts'), ['set-added']);
    assert.ok(of('BuzzeasyQueueSegments').includes('key'));
    assert.equal(differences.filter((one) => one.kind === 'set-missing').length, 21);
  });

  it('finds no difference in a key whose parts are named in another order', () => {
    const set = catalogue.model.entitySets.get('BuzzeasyQueueSegments') ?? assert.fail();
    assert.ok(set.entityType.key.length > 1);
    const entityType = { ...set.entityType, key: set.entityType.key.toReversed() };
    const model = { ...feed, entitySets: new Map([['QueueSegments', { ...set, name: 'QueueSegments', entityType }]]) };
    const found = mergeUpstreamModel(catalogue, 'buzzeasy', model);
    assert.deepEqual(
      found.differences.filter((one) => one.set === set.name),
      [],
    );
  });

  it('leaves every other set, the exports and the given catalogue as they are', () => {
    assert.equal(merged.model.entitySets.get('TracebuzzCases'), catalogue.model.entitySets.get('TracebuzzCases'));
    assert.equal(merged.exports, catalogue.exports);
    assert.ok(merged.sets.has('BuzzeasyLogoutReasons'));
    assert.equal([...catalogue.sets.values()].filter((set) => set.kind === 'upstream').length, 26);
  });

  it('can be repeated: the same feed changes nothing more', () => {
    const again = mergeUpstreamModel(merged, 'buzzeasy', feed);
    assert.deepEqual(again.differences, []);
    assert.deepEqual(again.catalogue.model, merged.model);
  });

  it('reads back what the catalogue itself publishes, without a difference', () => {
    const own = readMetadata(metadataXml(catalogue.model)).model;
    const named = new Map(
      [...own.entitySets.values()]
        .filter((set) => catalogue.sets.get(set.name)?.kind === 'upstream')
        .map((set) => [set.name, set]),
    );
    const again = mergeUpstreamModel(catalogue, 'buzzeasy', { ...own, entitySets: named });
    assert.deepEqual(again.differences, []);
  });

  it('refuses a source that is not proxied', () => {
    assert.throws(() => mergeUpstreamModel(catalogue, 'tracebuzz', feed), { code: 'MetadataInvalid' });
  });
});

describe('mergeUpstreamModel of feeds that a whole model is refused for', () => {
  const merge = (xml: string) => {
    const { model } = mergeUpstreamModel(catalogue, 'buzzeasy', readMetadata(xml).model).catalogue;
    assert.deepEqual(checkModel(model), []);
    return model.entitySets;
  };
  const document = (agent: string, visit: string, sets: string): string => `<?xml version="1.0"?>
<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>
<Schema Namespace="Tenant" xmlns="http://docs.oasis-open.org/odata/ns/edm">
  <EntityType Name="Agent"><Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.Guid"/>${agent}</EntityType>
  <EntityType Name="Visit"><Key><PropertyRef Name="no"/></Key><Property Name="no" Type="Edm.Int64"/>${visit}</EntityType>
  <EntityContainer Name="Default"><EntitySet Name="Agents" EntityType="Tenant.Agent"/>${sets}</EntityContainer>
</Schema></edmx:DataServices></edmx:Edmx>`;

  it('a property that has the name of the type that ours gets', () => {
    const sets = merge(document('<Property Name="BuzzeasyAgent" Type="Edm.String"/>', '', ''));
    assert.equal(sets.get('BuzzeasyAgents')?.entityType.name, 'BuzzeasyAgent2');
  });

  it('two sets of one type, whose navigation leads somewhere from one of them only', () => {
    const visits = '<NavigationProperty Name="visits" Type="Collection(Tenant.Visit)" Partner="agent"/>';
    const agent = '<NavigationProperty Name="agent" Type="Tenant.Agent" Partner="visits"/>';
    const both =
      '<EntitySet Name="Visits" EntityType="Tenant.Visit"/><EntitySet Name="OldVisits" EntityType="Tenant.Visit"/>';
    const bound = document(visits, agent, both).replace(
      '<EntitySet Name="Agents" EntityType="Tenant.Agent"/>',
      '<EntitySet Name="Agents" EntityType="Tenant.Agent"><NavigationPropertyBinding Path="visits" Target="Visits"/></EntitySet>',
    );
    const sets = merge(bound);
    const own = ['BuzzeasyVisits', 'BuzzeasyOldVisits'].map((name) => sets.get(name) ?? assert.fail(name));
    assert.deepEqual(
      own.map(({ entityType, navigationPropertyBindings }) => [entityType.name, [...navigationPropertyBindings]]),
      [
        ['BuzzeasyVisit', [['agent', 'BuzzeasyAgents']]],
        ['BuzzeasyVisit2', []],
      ],
    );
    assert.equal(sets.get('BuzzeasyAgents')?.entityType.navigationProperties.get('visits')?.target, 'BuzzeasyVisit');
  });

  it('property: whatever a feed declares', () => {
    fc.assert(
      fc.property(randomMetadata, (xml) => void merge(xml)),
      { numRuns: 1000 },
    );
  });
});

describe('mergeUpstreamModel of a feed that does not say which properties its navigations join', () => {
  const merge = (agentId: string) => {
    const xml = `<?xml version="1.0"?>
<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>
<Schema Namespace="Tenant" xmlns="http://docs.oasis-open.org/odata/ns/edm">
  <EntityType Name="Agent"><Key><PropertyRef Name="Id"/></Key><Property Name="Id" Type="Edm.Guid" Nullable="false"/>
    <NavigationProperty Name="agentStates" Type="Collection(Tenant.State)"/>
    <NavigationProperty Name="Others" Type="Collection(Tenant.State)"/></EntityType>
  <EntityType Name="State"><Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.String" Nullable="false"/>
    <Property Name="AgentId" Type="${agentId}"/><NavigationProperty Name="Agent" Type="Tenant.Agent"/></EntityType>
  <EntityContainer Name="Default">
    <EntitySet Name="Agents" EntityType="Tenant.Agent">
      <NavigationPropertyBinding Path="agentStates" Target="AgentStates"/>
      <NavigationPropertyBinding Path="Others" Target="AgentStates"/></EntitySet>
    <EntitySet Name="AgentStates" EntityType="Tenant.State">
      <NavigationPropertyBinding Path="Agent" Target="Agents"/></EntitySet>
  </EntityContainer>
</Schema></edmx:DataServices></edmx:Edmx>`;
    const { model } = mergeUpstreamModel(catalogue, 'buzzeasy', readMetadata(xml).model).catalogue;
    assert.deepEqual(checkModel(model), []);
    const joinsOf = (set: string) =>
      [...(model.entitySets.get(set)?.entityType.navigationProperties.values() ?? [])]
        .filter(({ target }) => target.startsWith('Buzzeasy'))
        .map(({ name, join }) => [name, join.map((pair) => `${pair.property}=${pair.referencedProperty}`).join()]);
    return { model, joins: [...joinsOf('BuzzeasyAgents'), ...joinsOf('BuzzeasyAgentStates')] };
  };

  it('takes them from the documents, in the feed’s own names, both ways; $metadata says so', () => {
    const { model, joins } = merge('Edm.Guid');
    assert.deepEqual(joins, [
      ['agentStates', 'Id=AgentId'],
      ['Others', ''],
      ['Agent', 'AgentId=Id'],
    ]);
    assert.match(metadataXml(model), /<ReferentialConstraint Property="AgentId" ReferencedProperty="Id"/);
  });

  it('not where the properties have other types there', () => {
    assert.deepEqual(
      merge('Edm.String').joins.filter(([, join]) => join !== ''),
      [],
    );
  });
});
