import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { build, type Reply, read, restoredVersions } from './readers.ts';

/** Where something can be put into a small document that all versions read. */
type Place = 'version' | 'reference' | 'keyRef' | 'property' | 'annotation' | 'type' | 'set' | 'container';

/** A document with one thing in it, in the namespaces and the order of CSDL XML 4.0. */
const documentOf = (place: Place | null, text: string): string => {
  const at = (here: Place): string => (place === here ? text : '');
  return `<edmx:Edmx xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx" Version="${at('version') || '4.0'}">
<edmx:Reference Uri="https://example.org/core.xml"><edmx:Include Namespace="Org.OData.Core.V1"/>${at('reference')}</edmx:Reference>
<edmx:DataServices><Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="N">
<EntityType Name="T"><Key><PropertyRef Name="Id"${at('keyRef')}/></Key>
<Property Name="Id" Type="Edm.Int64" Nullable="false"/>${at('property')}${at('annotation')}</EntityType>${at('type')}
<EntityContainer Name="C"><EntitySet Name="Ts" EntityType="N.T"${at('set')}/>${at('container')}</EntityContainer>
</Schema></edmx:DataServices></edmx:Edmx>`;
};

const annotated = (inner: string): string => `<Annotation Term="A.B">${inner}</Annotation>`;
const all = /./;
const shipped = /^(6\.15|7\.4)\./;
const oldest = /^6\.15\./;

/** What stands in the document, and the versions that then refuse all of it. Of CSDL 4.0 but where something else is said. */
const refused: readonly (readonly [what: string, place: Place, text: string, versions: RegExp])[] = [
  ['<AnnotationPath>', 'annotation', annotated('<AnnotationPath>a</AnnotationPath>'), all],
  ['<ModelElementPath> (4.01)', 'annotation', annotated('<ModelElementPath>N.T</ModelElementPath>'), all],
  ['<And>', 'annotation', annotated('<And><Bool>true</Bool><Bool>false</Bool></And>'), all],
  ['<Eq>', 'annotation', annotated('<Eq><Int>1</Int><Int>2</Int></Eq>'), all],
  ['<Neg> (4.01)', 'annotation', annotated('<Neg><Int>1</Int></Neg>'), all],
  ['<UrlRef>', 'annotation', annotated('<UrlRef><String>a</String></UrlRef>'), all],
  ['UrlRef=', 'annotation', '<Annotation Term="A.B" UrlRef="a"/>', all],
  ['AnnotationPath=', 'annotation', '<Annotation Term="A.B" AnnotationPath="a"/>', shipped],
  [
    'an annotation of an annotation',
    'annotation',
    '<Annotation Term="A.B" String="x"><Annotation Term="A.C" String="y"/></Annotation>',
    oldest,
  ],
  [
    'an annotation of a record',
    'annotation',
    annotated('<Record><Annotation Term="A.C" String="y"/></Record>'),
    oldest,
  ],
  ['an annotation of edmx:Reference', 'reference', '<Annotation Term="A.C" String="y"/>', /^(6\.15|7\.4|7\.7)\./],
  ['Nullable of a singleton (4.01)', 'container', '<Singleton Name="S" Type="N.T" Nullable="true"/>', all],
  [
    'Precision of a type definition',
    'type',
    '<TypeDefinition Name="D" UnderlyingType="Edm.Decimal" Precision="3"/>',
    all,
  ],
  ['Alias of a PropertyRef', 'keyRef', ' Alias="Key"', all],
  ['Scale="floating" (4.01)', 'property', '<Property Name="A" Type="Edm.Decimal" Scale="floating"/>', all],
  ['an attribute that is none of CSDL', 'property', '<Property Name="A" Type="Edm.String" Wide="true"/>', all],
  [
    'Nullable of a navigation to many',
    'property',
    '<NavigationProperty Name="A" Type="Collection(N.T)" Nullable="false"/>',
    all,
  ],
  ['IncludeInServiceDocument', 'set', ' IncludeInServiceDocument="true"', oldest],
  ['Version="4.01"', 'version', '4.01', shipped],
];

/** What all versions read. */
const taken: readonly (readonly [what: string, place: Place, text: string])[] = [
  ['an unknown term', 'annotation', '<Annotation Term="A.B" String="x"/>'],
  ['Qualifier', 'annotation', '<Annotation Term="A.B" Qualifier="Q" String="x"/>'],
  ['a record', 'annotation', annotated('<Record><PropertyValue Property="P" String="x"/></Record>')],
  ['PropertyPath=', 'annotation', '<Annotation Term="A.B" PropertyPath="Id"/>'],
  ['<If>', 'annotation', annotated('<If><Bool>true</Bool><Int>1</Int><Int>2</Int></If>')],
  ['a type definition', 'type', '<TypeDefinition Name="D" UnderlyingType="Edm.String"/>'],
  ['Scale="variable"', 'property', '<Property Name="A" Type="Edm.Decimal" Scale="variable"/>'],
  [
    'an attribute of another namespace',
    'property',
    '<Property Name="A" Type="Edm.String" xmlns:o="urn:o" o:Wide="true"/>',
  ],
];

describe('readers: what makes the versions of Microsoft.OData.Core refuse a whole $metadata', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'gateway-readers-metadata-'));
  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const documents = [['', null, ''] as const, ...refused, ...taken];
  const replies = documents.map(([what, place, text], index): Reply => {
    const file = `document-${index}`;
    writeFileSync(path.join(folder, file), documentOf(place, text));
    return { url: what, kind: 'metadata', contentType: 'application/xml', file };
  });
  const { versions, reason } = restoredVersions();
  if (versions.length === 0) {
    it('runs where the readers are restored', function () {
      console.log(`      skipped: the .NET readers are ${reason}`);
      this.skip();
    });
  }

  for (const version of versions) {
    it(`E14 ${version} refuses these and no others`, () => {
      build(version);
      const found = read(version, folder, replies)
        .filter(({ rows, faults }) => rows === 0 || faults.some((fault) => /Nullable|ExpressionKind/.test(fault)))
        .map(({ url }) => url);
      const expected = refused.filter(([, , , of]) => of.test(version)).map(([what]) => what);
      assert.deepEqual(found, expected);
    });
  }
});
