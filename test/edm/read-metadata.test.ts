import assert from 'node:assert/strict';
import fc from 'fast-check';
import { checkModel, type ModelFault } from '../../src/edm/check-model.ts';
import { metadataXml } from '../../src/edm/metadata-xml.ts';
import type { Model } from '../../src/edm/model.ts';
import { readMetadata } from '../../src/edm/read-metadata.ts';
import { GatewayError } from '../../src/errors.ts';
import { randomMetadata } from './random-metadata.ts';
import { smallCapabilities, smallModel } from './small-model.ts';

const edmx = (schemas: string, version = '4.0'): string =>
  `<?xml version="1.0"?><edmx:Edmx xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx" Version="${version}">
   <edmx:Reference Uri="core"><edmx:Include Namespace="Org.OData.Core.V1" Alias="Core"/></edmx:Reference>
   <edmx:DataServices>${schemas}</edmx:DataServices></edmx:Edmx>`;
const schema = (namespace: string, body: string, alias = ''): string =>
  `<Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="${namespace}"${alias && ` Alias="${alias}"`}>${body}</Schema>`;

const tenant = edmx(
  schema(
    'Tenant.Types',
    `<EnumType Name="State"><Member Name="Idle"/><Member Name="Busy"/></EnumType>
     <TypeDefinition Name="Money" UnderlyingType="Edm.Decimal" Precision="9" Scale="2"/>
     <ComplexType Name="Address"><Property Name="City" Type="Edm.String"/></ComplexType>
     <EntityType Name="Base" Abstract="true"><Key><PropertyRef Name="id"/></Key>
       <Property Name="id" Type="Edm.Guid"/></EntityType>
     <EntityType Name="Agent" BaseType="T.Base">
       <Property Name="state" Type="T.State"/><Property Name="pay" Type="T.Money"/>
       <Property Name="home" Type="T.Address"/><Property Name="photo" Type="Edm.Stream"/>
       <Property Name="place" Type="Edm.GeographyPoint"/><Property Name="skills" Type="Collection(Edm.String)"/>
       <Property Name="ID" Type="Edm.String"/><Property Name="é" Type="Edm.String"/>
       <Property Name="rate" Type="Edm.Decimal"/><Property Name="long" Type="Edm.String" MaxLength="max"/>
       <NavigationProperty Name="calls" Type="Collection(Tenant.Types.Call)" Partner="agent"/>
       <NavigationProperty Name="notes" Type="Collection(T.Call)" ContainsTarget="true"/>
     </EntityType>
     <EntityType Name="Call"><Key><PropertyRef Name="no"/></Key>
       <Property Name="no" Type="Edm.Int64" Nullable="false"><Annotation Term="Core.Description" String="Its number"/></Property>
       <Property Name="agentId" Type="Edm.Guid"/>
       <NavigationProperty Name="agent" Type="T.Agent" Partner="calls">
         <ReferentialConstraint Property="agentId" ReferencedProperty="id"/></NavigationProperty>
     </EntityType>
     <EntityType Name="Keyless"><Property Name="a" Type="Edm.String"/></EntityType>`,
    'T',
  ) +
    schema(
      'Tenant.Service',
      `<EntityContainer Name="Default">
        <EntitySet Name="Agents" EntityType="T.Agent"><NavigationPropertyBinding Path="calls" Target="Calls"/></EntitySet>
        <EntitySet Name="Calls" EntityType="Tenant.Types.Call"/>
        <EntitySet Name="Views" EntityType="T.Keyless"/><EntitySet Name="Lost" EntityType="T.Gone"/>
        <EntitySet Name="bad-name" EntityType="T.Call"/><Singleton Name="Me" Type="T.Agent"/>
      </EntityContainer>
      <Annotations Target="T.Call/agentId"><Annotation Term="Core.Description"><String>Who took it</String></Annotation></Annotations>`,
    ),
);

/**
 * The faults of a feed's model that would be faults of ours. The names of its namespace, container and sets are not served,
 * a type gets another name than its properties, and a navigation that is not bound is left out.
 */
const faultsOf = (model: Model): readonly ModelFault[] =>
  checkModel({ ...model, namespace: 'Served', container: 'OurSets' }).filter(
    ({ path, message }) =>
      !(/does not bind|name of its/.test(message) || (path.startsWith('OurSets/') && /in case only/.test(message))),
  );

describe('readMetadata', () => {
  const read = readMetadata(tenant);
  const agent = read.model.entityTypes.get('Agent');
  const call = read.model.entityTypes.get('Call');

  it('reads its own document back', () => {
    const model = smallModel();
    const again = readMetadata(metadataXml(model, smallCapabilities())).model;
    assert.equal(metadataXml(again), metadataXml(model));
  });

  it('gives a model that passes checkModel', () => {
    assert.deepEqual(checkModel(read.model), []);
  });

  it('finds the container in another schema, and its sets', () => {
    assert.equal(read.model.namespace, 'Tenant.Service');
    assert.deepEqual([...read.model.entitySets.keys()], ['Agents', 'Calls']);
  });

  it('flattens base types and makes keys non-null', () => {
    assert.deepEqual(agent?.key, ['id']);
    assert.equal(agent?.properties.get('id')?.nullable, false);
  });

  it('serves enumerations as strings and remembers their type', () => {
    assert.equal(agent?.properties.get('state')?.type, 'Edm.String');
    assert.equal(read.enumTypes.get('Agent/state'), 'Tenant.Types.State');
  });

  it('resolves type definitions with their facets, and keeps fractions where no scale is given', () => {
    const pay = agent?.properties.get('pay');
    assert.deepEqual([pay?.type, pay?.precision, pay?.scale], ['Edm.Decimal', 9, 2]);
    assert.equal(agent?.properties.get('rate')?.scale, 'variable');
  });

  it('keeps collections of primitives', () => {
    assert.deepEqual(
      [agent?.properties.get('skills')?.collection, agent?.properties.get('skills')?.type],
      [true, 'Edm.String'],
    );
  });

  it('takes a join from the partner constraint, and an only set where a binding is missing', () => {
    assert.deepEqual(agent?.navigationProperties.get('calls')?.join, [
      { property: 'id', referencedProperty: 'agentId' },
    ]);
    assert.equal(read.model.entitySets.get('Calls')?.navigationPropertyBindings.get('agent'), 'Agents');
  });

  it('reads descriptions inside and outside of elements', () => {
    assert.equal(call?.properties.get('no')?.description, 'Its number');
    assert.equal(call?.properties.get('agentId')?.description, 'Who took it');
  });

  it('says what it dropped and why', () => {
    assert.deepEqual(
      read.dropped.map(({ path, reason }) => `${path}: ${reason.replace(/does not match.*/, 'unsafe')}`),
      [
        'Me: a Singleton is not served',
        'bad-name: the name unsafe',
        'Tenant.Types.Agent/home: Tenant.Types.Address is a complex type',
        'Tenant.Types.Agent/photo: Edm.Stream is not served',
        'Tenant.Types.Agent/place: Edm.GeographyPoint is not served',
        'Tenant.Types.Agent/ID: another property has the same name in another case',
        'Tenant.Types.Agent/é: the name unsafe',
        'Tenant.Types.Agent/notes: contained entities are not served',
        'Tenant.Types.Keyless: it has no key of plain properties',
        'Views: its entity type is not served',
        'Lost: its entity type is not served',
      ],
    );
  });

  const refused: readonly (readonly [string, string, RegExp])[] = [
    ['empty text', '', /not well-formed/],
    ['HTML', '<html><body>Sign in<br></body></html>', /not well-formed/],
    ['well-formed HTML', '<html><body>Sign in</body></html>', /root element is html/],
    ['version 2', edmx(schema('A', ''), '1.0'), /version is 1\.0/],
    ['no container', edmx(schema('A', '')), /no entity container/],
    ['no schema', edmx(''), /no schema/],
    ['an entity of a DTD', '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', /not well-formed/],
    ['deep nesting', '<a>'.repeat(5000), /nest deeper/],
    ['a type twice', edmx(schema('A', '<EntityType Name="T"/><EntityType Name="T"/>')), /twice/],
  ];
  for (const [what, text, message] of refused) {
    it(`refuses ${what}`, () => {
      assert.throws(
        () => readMetadata(text),
        (error) => error instanceof GatewayError && error.code === 'UpstreamRefused' && message.test(error.message),
      );
    });
  }

  it('ends a cycle of base types', () => {
    const cycle = edmx(
      schema(
        'A',
        `<EntityType Name="X" BaseType="A.Y"><Key><PropertyRef Name="i"/></Key><Property Name="i" Type="Edm.Int32"/></EntityType>
         <EntityType Name="Y" BaseType="A.X"/><EntityContainer Name="C"><EntitySet Name="Xs" EntityType="A.X"/></EntityContainer>`,
      ),
    );
    assert.deepEqual([...readMetadata(cycle).model.entitySets.keys()], ['Xs']);
  });

  it('a set whose type another set shares is not bound over a partner that leads back to the other', () => {
    const shared = tenant.replace(
      /<EntitySet Name="Calls"/,
      (set) =>
        `<EntitySet Name="OldCalls" EntityType="${/Name="Calls" EntityType="([^"]*)"/.exec(tenant)?.[1] ?? ''}"><NavigationPropertyBinding Path="agent" Target="Agents"/></EntitySet>${set}`,
    );
    assert.notEqual(shared, tenant);
    const { model } = readMetadata(shared);
    assert.deepEqual(
      [...(model.entitySets.get('Calls')?.navigationPropertyBindings ?? [])].filter(([name]) => name === 'agent'),
      [['agent', 'Agents']],
    );
    assert.equal(model.entitySets.get('OldCalls')?.navigationPropertyBindings.has('agent'), false);
  });

  // Each of them was a fault of the whole feed, which was refused for it.
  const careless: readonly (readonly [string, string, (model: Model) => unknown, unknown])[] = [
    [
      'a container whose name has a dot',
      tenant.replace('Name="Default"', 'Name="Default."'),
      ({ namespace, container }) => [namespace, container],
      ['Tenant.Service', 'Default.'],
    ],
    [
      'a precision that no time can have',
      tenant.replace('Name="ID" Type="Edm.String"', 'Name="at" Type="Edm.DateTimeOffset" Precision="13"'),
      (model) => model.entityTypes.get('Agent')?.properties.get('at')?.precision,
      12,
    ],
    [
      'F6 no precision of a time, whose values have seven digits',
      tenant.replace('Name="ID" Type="Edm.String"', 'Name="at" Type="Edm.DateTimeOffset"'),
      (model) => model.entityTypes.get('Agent')?.properties.get('at')?.precision,
      7,
    ],
    [
      'a key that names a property twice',
      tenant.replace('<PropertyRef Name="no"/>', '<PropertyRef Name="no"/><PropertyRef Name="no"/>'),
      (model) => model.entityTypes.get('Call')?.key,
      ['no'],
    ],
    [
      'a navigation that has the name of a property in another case',
      tenant.replace('Name="calls" Type', 'Name="State" Type'),
      (model) => [...(model.entityTypes.get('Agent')?.navigationProperties.keys() ?? [])],
      [],
    ],
    [
      'a navigation that has the name of a property, and a partner',
      tenant.replace('Name="agentId"', 'Name="agent"'),
      (model) => model.entityTypes.get('Agent')?.navigationProperties.get('calls')?.partner,
      undefined,
    ],
    [
      'a partner that has another partner',
      tenant.replace(
        '<NavigationProperty Name="agent"',
        '<NavigationProperty Name="first" Type="T.Agent" Partner="calls"/><NavigationProperty Name="agent"',
      ),
      (model) => model.entityTypes.get('Call')?.navigationProperties.get('first')?.partner,
      undefined,
    ],
    [
      'a set that is there twice, with another type',
      tenant.replace('<Singleton Name="Me" Type="T.Agent"/>', '<EntitySet Name="Calls" EntityType="T.Agent"/>'),
      (model) => [...model.entityTypes.keys()],
      ['Agent'],
    ],
  ];
  for (const [what, text, of, expected] of careless) {
    it(`takes ${what}`, () => {
      assert.notEqual(text, tenant);
      const { model } = readMetadata(text);
      assert.deepEqual(of(model), expected);
      assert.deepEqual(faultsOf(model), []);
    });
  }

  it('numbers a type whose name is taken with its namespace, too', () => {
    const type = (name: string) =>
      `<EntityType Name="${name}"><Key><PropertyRef Name="i"/></Key><Property Name="i" Type="Edm.Int32"/></EntityType>`;
    const sets = ['B.Call', 'B.A_Call', 'A.Call'].map((name, at) => `<EntitySet Name="s${at}" EntityType="${name}"/>`);
    const text = edmx(
      schema('A', type('Call')) +
        schema('B', `${type('Call')}${type('A_Call')}<EntityContainer Name="C">${sets.join('')}</EntityContainer>`),
    );
    const { model } = readMetadata(text);
    assert.deepEqual(faultsOf(model), []);
    assert.deepEqual([...model.entityTypes.keys()], ['Call', 'A_Call', 'Call_2']);
  });

  it('gives a model that may be served, whatever is declared', () => {
    fc.assert(
      fc.property(randomMetadata, (text) => {
        assert.deepEqual(faultsOf(readMetadata(text).model), []);
      }),
      { numRuns: 1500 },
    );
  });

  it('never fails but with a GatewayError, whatever is cut out or put in', () => {
    const edit = fc.tuple(
      fc.nat(tenant.length),
      fc.nat(60),
      fc.constantFrom('', '<', '"', '/>', 'Edm.', 'T.', 'Name="id"'),
    );
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        const text = edits.reduce((now, [at, cut, put]) => now.slice(0, at) + put + now.slice(at + cut), tenant);
        try {
          assert.deepEqual(faultsOf(readMetadata(text).model), []);
        } catch (error) {
          if (!(error instanceof GatewayError)) {
            throw error;
          }
        }
      }),
      { numRuns: 1500 },
    );
  });
});
