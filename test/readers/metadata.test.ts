import assert from 'node:assert/strict';
import { SaxesParser } from 'saxes';
import { metadataXml } from '../../src/edm/metadata-xml.ts';
import type { NavigationProperty } from '../../src/edm/model.ts';
import { type LoadedFeed, loadedFeed } from '../conformance/loaded-feed.ts';
import { entitySet, entityType, modelOf, property, smallCapabilities, smallModel } from '../edm/small-model.ts';

/**
 * What the served document may consist of: elements by the one that holds them, each with its attributes. The readers that the
 * Power Query engine ships (7.4.0 and 6.15.0) refuse the whole document for one thing that they do not know; unknown terms,
 * records and their properties are safe. `metadata-refused.test.ts` gives each of what stands below `refused` to both, and says
 * which of them refuse it: 6.15.0 all, 7.4.0 all but an annotation of an annotation and IncludeInServiceDocument.
 */
const allowed: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  '': { 'edmx:Edmx': ['xmlns:edmx', 'Version'] },
  'edmx:Edmx': { 'edmx:Reference': ['Uri'], 'edmx:DataServices': [] },
  'edmx:Reference': { 'edmx:Include': ['Namespace'] },
  'edmx:DataServices': { Schema: ['xmlns', 'Namespace'] },
  Schema: { EntityType: ['Name'], EntityContainer: ['Name'] },
  EntityType: {
    Key: [],
    Property: ['Name', 'Type', 'Nullable', 'MaxLength', 'Precision', 'Scale'],
    NavigationProperty: ['Name', 'Type', 'Nullable', 'Partner'],
    Annotation: ['Term'],
  },
  Key: { PropertyRef: ['Name'] },
  Property: { Annotation: ['Term'] },
  NavigationProperty: { ReferentialConstraint: ['Property', 'ReferencedProperty'], Annotation: ['Term'] },
  EntityContainer: { EntitySet: ['Name', 'EntityType'], Annotation: ['Term'] },
  EntitySet: { NavigationPropertyBinding: ['Path', 'Target'], Annotation: ['Term'] },
  Annotation: { Collection: [], EnumMember: [], Record: [] },
  Collection: { String: [], PropertyPath: [], NavigationPropertyPath: [] },
  Record: { PropertyValue: ['Property'] },
  PropertyValue: { Collection: [], EnumMember: [], Record: [] },
};
/** Constant expressions as attributes. */
const constants: Readonly<Record<string, readonly string[]>> = {
  Annotation: ['String', 'Bool'],
  PropertyValue: ['String', 'Bool'],
};

function faultsOf(xml: string): readonly string[] {
  const faults: string[] = [];
  const open: string[] = [''];
  const parser = new SaxesParser();
  parser.on('opentag', ({ name, attributes }) => {
    const known = allowed[open.at(-1) ?? '']?.[name];
    open.push(name);
    if (known === undefined) {
      faults.push(`<${name}>`);
    }
    for (const [attribute, value] of Object.entries(attributes)) {
      const place = `${name} ${attribute}="${value}"`;
      if (known !== undefined && ![...known, ...(constants[name] ?? [])].includes(attribute)) {
        faults.push(place);
      }
      if (name === 'edmx:Edmx' && attribute === 'Version' && value !== '4.0') {
        faults.push(place);
      }
      if (attribute === 'Scale' && !/^(\d+|variable)$/.test(value)) {
        faults.push(place);
      }
      if (attribute === 'Precision' && !/^\d+$/.test(value)) {
        faults.push(place);
      }
    }
    if (name === 'NavigationProperty' && /^Collection/.test(attributes['Type'] ?? '') && 'Nullable' in attributes) {
      faults.push('Nullable of a collection');
    }
  });
  parser.on('closetag', () => open.pop());
  parser.on('error', (error) => faults.push(error.message));
  parser.write(xml).close();
  return faults;
}

describe('readers: $metadata that the readers in Power BI and Excel take', () => {
  let feed: LoadedFeed;
  before(async () => {
    feed = await loadedFeed();
  });

  it('E14 the served document has no element or attribute that one of them does not know', async () => {
    assert.deepEqual(faultsOf(await feed.text('$metadata')), []);
  });

  it('E14 the writer makes none of a model that uses all it can say', () => {
    const xml = metadataXml(smallModel(), smallCapabilities());
    for (const part of ['<Record>', '<PropertyPath>', 'NavigationPropertyPath', 'EnumMember', 'Scale=', 'MaxLength=']) {
      assert.ok(xml.includes(part), `the model does not use ${part}`);
    }
    assert.deepEqual(faultsOf(xml), []);
  });

  for (const [refused, place] of [
    ['<AnnotationPath>a</AnnotationPath>', '<Annotation Term="a.B"'],
    ['<ModelElementPath>a</ModelElementPath>', '<Annotation Term="a.B"'],
    ['<And/>', '<Annotation Term="a.B"'],
    ['<Neg/>', '<Annotation Term="a.B"'],
    ['<Annotation Term="a.C" String="x"/>', '<Annotation Term="a.B"'],
    ['<Annotation Term="a.C" String="x"/>', '<edmx:Reference Uri="u"'],
    ['<Singleton Name="S" Type="a.B" Nullable="true"/>', '<EntityContainer Name="C"'],
    ['<TypeDefinition Name="T" UnderlyingType="Edm.String" Precision="3"/>', '<Schema Namespace="a"'],
    ['<PropertyRef Name="a" Alias="b"/>', '<Key'],
    ['<Property Name="a" Type="Edm.Decimal" Scale="floating"/>', '<EntityType Name="T"'],
    ['<Property Name="a" Type="Edm.String" Wide="true"/>', '<EntityType Name="T"'],
    ['<EntitySet Name="a" EntityType="b.c" IncludeInServiceDocument="true"/>', '<EntityContainer Name="C"'],
    ['<Annotation Term="a.C" UrlRef="x"/>', '<EntityType Name="T"'],
    ['<Annotation Term="a.C" AnnotationPath="x"/>', '<EntityType Name="T"'],
    ['<edmx:DataServices/>', '<edmx:Edmx Version="4.01"'],
  ] as const) {
    it(`E14 the check finds ${refused} in ${place}>`, () => {
      const name = /^<([\w:]+)/.exec(place)?.[1] ?? '';
      const path: string[] = [];
      for (let at = name; at !== ''; at = Object.keys(allowed).find((one) => allowed[one]?.[at] !== undefined) ?? '') {
        path.unshift(at);
      }
      const opened = path.slice(0, -1).map((one) => `<${one}>`);
      const closed = path.toReversed().map((one) => `</${one}>`);
      assert.notDeepEqual(faultsOf(`${opened.join('')}${place}>${refused}${closed.join('')}`), []);
    });
  }

  const toOne = (nullable: boolean): NavigationProperty => ({
    kind: 'NavigationProperty',
    name: 'Agent',
    target: 'Agent',
    collection: false,
    nullable,
    join: [{ property: 'AgentId', referencedProperty: 'Id' }],
  });
  const agents = entitySet('Agents', entityType('Agent', ['Id'], [property('Id', 'Edm.Int64', { nullable: false })]));
  const documentOf = (required: boolean, nullable: boolean): string => {
    const own = property('AgentId', 'Edm.Int64', { nullable: !required });
    const type = entityType('Case', ['Id'], [property('Id', 'Edm.Int64', { nullable: false }), own, toOne(nullable)]);
    return metadataXml(modelOf([entitySet('Cases', type, { Agent: 'Agents' }), agents]));
  };

  for (const [required, nullable, constraint] of [
    [true, true, false],
    [true, false, true],
    [false, true, true],
  ] as const) {
    it(`E9 joined property ${required ? 'required' : 'nullable'}, target ${nullable ? 'may be lacking' : 'always there'}: ${constraint ? 'a' : 'no'} constraint`, () => {
      const xml = documentOf(required, nullable);
      assert.equal(xml.includes('<ReferentialConstraint'), constraint);
      assert.equal(/<NavigationProperty[^>]*Nullable="false"/.test(xml), !nullable);
    });
  }

  it('E9 every row of the feed leads somewhere by the navigations that say so', async () => {
    const { model } = feed.catalogue;
    let rows = 0;
    const said: string[] = [];
    for (const set of model.entitySets.values()) {
      for (const navigation of set.entityType.navigationProperties.values()) {
        if (navigation.collection || navigation.nullable) {
          continue;
        }
        said.push(`${set.name}/${navigation.name}`);
        const key = model.entityTypes.get(navigation.target)?.key[0] ?? '';
        const lost = await feed.text(`${set.name}/$count?$filter=${navigation.name}/${key} eq null`);
        assert.equal(lost, '0', `${set.name}/${navigation.name}`);
        rows += Number(await feed.text(`${set.name}/$count`));
      }
    }
    assert.ok(rows > 500, `${rows} rows`);
    assert.ok(said.includes('SparkcentralMessageTags/Message') && said.includes('TracebuzzServiceStatistics/Service'));
    assert.ok(!said.includes('TracebuzzAgentStatistics/Agent'), 'users come from a file of their own');
  });
});
