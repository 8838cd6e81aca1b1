import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { xml2json } from 'odata-csdl';
import { csdl2openapi } from 'odata-openapi';
import { validateXML } from 'xmllint-wasm';
import { requireCatalogue } from '../../src/catalogue/read-metadata.ts';
import { checkModel } from '../../src/edm/check-model.ts';
import { metadataJson } from '../../src/edm/metadata-json.ts';
import { metadataXml } from '../../src/edm/metadata-xml.ts';
import { writesGolden } from '../support/golden.ts';
import { smallCapabilities, smallModel } from './small-model.ts';
import { withoutDefaults } from './without-defaults.ts';

const resolve = createRequire(import.meta.url).resolve;
const schemaFile = (name: string) => ({
  fileName: name,
  contents: readFileSync(resolve(`odata-csdl/schemas/${name}`), 'utf8'),
});
const goldenFile = new URL('golden/small-metadata.xml', import.meta.url);

/** What `xmllint` says against the OASIS schemas; empty when valid. */
async function schemaFaults(xml: string): Promise<readonly string[]> {
  const result = await validateXML({
    xml: { fileName: 'metadata.xml', contents: xml },
    schema: schemaFile('edmx.xsd'),
    preload: [schemaFile('edm.xsd')],
  });
  return result.errors.map((error) => error.message);
}

describe('$metadata', () => {
  const xml = metadataXml(smallModel(), smallCapabilities());

  it('is the golden document', () => {
    if (writesGolden()) {
      writeFileSync(goldenFile, xml);
    }
    assert.equal(xml, readFileSync(goldenFile, 'utf8'));
  });

  it('is valid against the OASIS schema, with and without capabilities', async () => {
    assert.deepEqual(await schemaFaults(xml), []);
    assert.deepEqual(await schemaFaults(metadataXml(smallModel())), []);
  });

  it('is valid and sound for everything that metadata/ documents', async () => {
    const { model } = requireCatalogue(fileURLToPath(new URL('../../metadata', import.meta.url)), {});
    assert.ok(model.entitySets.size > 60);
    assert.deepEqual(checkModel(model), []);
    assert.deepEqual(await schemaFaults(metadataXml(model)), []);
  });

  it('the schema check can fail', async () => {
    assert.notDeepEqual(await schemaFaults(xml.replace('<EntityType Name="Agent">', '<EntityType Nam="Agent">')), []);
  });

  it('says 4.0 and holds no 4.01 construct', () => {
    assert.match(xml, /<edmx:Edmx [^>]*Version="4\.0"/);
    assert.doesNotMatch(xml, /4\.01"|floating|ContainsTarget|Edm\.PrimitiveType/);
  });

  it('gives every decimal precision and scale, and facets only to types that have them', () => {
    for (const line of xml.match(/<Property .*?>/g) ?? []) {
      const type = /Type="(?:Collection\()?Edm\.(\w+)/.exec(line)?.[1] ?? '';
      if (type === 'Decimal') {
        assert.match(line, /Precision="\d+" Scale="(\d+|variable)"/);
      } else {
        assert.doesNotMatch(line, /Scale=/);
      }
      if (!['String', 'Binary'].includes(type)) {
        assert.doesNotMatch(line, /MaxLength=/);
      }
      if (!['Decimal', 'DateTimeOffset', 'TimeOfDay', 'Duration'].includes(type)) {
        assert.doesNotMatch(line, /Precision=/);
      }
    }
  });

  it('keeps line breaks and quotes of descriptions', () => {
    const type = (xml2json(xml)['Small.Feed'] as { Agent: { name: Record<string, string> } }).Agent;
    assert.equal(type.name['@Org.OData.Core.V1.Description'], 'First line\nsecond "line"');
  });

  it('as JSON says the same as the OASIS translation of the XML', () => {
    const translated = xml2json(xml);
    const ours = JSON.parse(JSON.stringify(metadataJson(smallModel(), smallCapabilities()), withoutDefaults)) as Record<
      string,
      unknown
    >;
    assert.deepEqual(ours, { ...translated, $Version: '4.01' });
  });

  it('says in JSON of each navigation to one row whether it may lead to none, as .NET takes an absent $Nullable for true', () => {
    const { namespace, entityTypes } = smallModel();
    const agent = [...entityTypes.values()].find((type) => type.navigationProperties.size > 0);
    assert.ok(agent !== undefined);
    const [navigation] = [...agent.navigationProperties.values()].filter((each) => !each.collection);
    assert.ok(navigation !== undefined);
    for (const nullable of [true, false]) {
      const navigationProperties = new Map([[navigation.name, { ...navigation, nullable }]]);
      const model = { ...smallModel(), entityTypes: new Map([[agent.name, { ...agent, navigationProperties }]]) };
      const json = JSON.parse(JSON.stringify(metadataJson(model, null))) as Record<
        string,
        Record<string, Record<string, { $Nullable: unknown }>>
      >;
      assert.equal(json[namespace]?.[agent.name]?.[navigation.name]?.$Nullable, nullable);
    }
  });

  it('is read by odata-openapi', () => {
    const api = csdl2openapi(xml2json(xml)) as { paths: Record<string, unknown> };
    assert.ok('/Cases' in api.paths && '/Agents' in api.paths, Object.keys(api.paths).join());
  });
});
