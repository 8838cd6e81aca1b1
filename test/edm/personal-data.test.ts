import assert from 'node:assert/strict';
import { metadataJson } from '../../src/edm/metadata-json.ts';
import { metadataXml } from '../../src/edm/metadata-xml.ts';
import { catalogue } from '../ingest/support/feed.ts';

const term = 'Gateway.Vocabulary.V1.PersonalDataClass';

describe('$metadata says which properties are personal', () => {
  const { entityTypes } = catalogue.model;
  const personal = [...entityTypes.values()].flatMap(({ properties }) =>
    [...properties.values()].filter(({ personalData = 'none' }) => personalData !== 'none'),
  );

  it('as XML: each of them by its class, and no other', () => {
    const xml = metadataXml(catalogue.model);
    const found = [...xml.matchAll(new RegExp(`<Annotation Term="${term}" String="([a-z]+)"/>`, 'g'))];
    assert.ok(personal.length > 50);
    assert.deepEqual(
      found.map(([, kind]) => kind),
      personal.map(({ personalData }) => personalData),
    );
    const contact = /<EntityType Name="SparkcentralContact">.*?<\/EntityType>/s.exec(xml)?.[0] ?? '';
    assert.match(
      contact,
      new RegExp(
        `<Property Name="PrimaryIdentifier"[^>]*>\\s*(?:<Annotation Term="Org[^>]*>\\s*)?<Annotation Term="${term}" String="direct"/>`,
      ),
    );
    assert.doesNotMatch(metadataXml(catalogue.model, null, 'feed'), new RegExp(term), 'a stand-in for another feed');
  });

  it('as JSON', () => {
    const schema = metadataJson(catalogue.model)['Gateway'] as Record<string, Record<string, Record<string, unknown>>>;
    assert.equal(schema['SparkcentralContact']?.['PrimaryIdentifier']?.[`@${term}`], 'direct');
    assert.ok(!(`@${term}` in (schema['SparkcentralContact']?.['Medium'] ?? {})));
  });
});
