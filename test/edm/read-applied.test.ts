import assert from 'node:assert/strict';
import { readMetadata } from '../../src/edm/read-metadata.ts';

const says = (transformations: readonly string[], term = 'Aggregation.ApplySupported'): string =>
  `<Annotation Term="${term}"><Record><PropertyValue Property="Transformations"><Collection>${transformations
    .map((one) => `<String>${one}</String>`)
    .join('')}</Collection></PropertyValue></Record></Annotation>`;

/** A document of two sets; what stands inside of the first one, of the container, and beside it. */
const document = (
  inside: string,
  container = '',
  beside = '',
): string => `<edmx:Edmx xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx" Version="4.0">
  <edmx:Reference Uri="x"><edmx:Include Namespace="Org.OData.Aggregation.V1" Alias="Aggregation"/></edmx:Reference>
  <edmx:DataServices><Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="N" Alias="S">
  <EntityType Name="T"><Key><PropertyRef Name="Id"/></Key><Property Name="Id" Type="Edm.Int32" Nullable="false"/></EntityType>
  <EntityContainer Name="C"><EntitySet Name="A" EntityType="N.T">${inside}</EntitySet><EntitySet Name="B" EntityType="N.T"/>${container}</EntityContainer>
  ${beside}</Schema></edmx:DataServices></edmx:Edmx>`;

const applied = (...parts: Parameters<typeof document>) => Object.fromEntries(readMetadata(document(...parts)).applied);

describe('what a feed says that it does of $apply', () => {
  it('of a set, inside of it or beside', () => {
    const two = says(['filter', 'aggregate']);
    assert.deepEqual(applied(two), { A: ['filter', 'aggregate'] });
    assert.deepEqual(applied('', '', `<Annotations Target="S.C/B">${two}</Annotations>`), {
      B: ['filter', 'aggregate'],
    });
  });

  it('of all sets, where one does not say otherwise', () => {
    const beside = `<Annotations Target="N.C">${says(['groupby'])}</Annotations>`;
    assert.deepEqual(applied(says(['filter']), says(['groupby'])), { A: ['filter'], B: ['groupby'] });
    assert.deepEqual(applied('', '', beside), { A: ['groupby'], B: ['groupby'] });
  });

  it('nothing, where it names none, or speaks of something else', () => {
    assert.deepEqual(applied(''), {});
    assert.deepEqual(applied('<Annotation Term="Aggregation.ApplySupported"><Record/></Annotation>'), {});
    assert.deepEqual(applied(says(['filter'], 'Aggregation.ApplySupportedDefaults')), {});
  });
});
