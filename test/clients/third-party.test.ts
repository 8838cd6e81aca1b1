import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { OData } from '@odata/client';
import { before, describe, it } from 'mocha';
import { xml2json } from 'odata-csdl';
import { csdl2openapi } from 'odata-openapi';
import { validateXML } from 'xmllint-wasm';
import { checkModel } from '../../src/edm/check-model.ts';
import { readMetadata } from '../../src/edm/read-metadata.ts';
import { byDescending, column, type LoadedFeed, loadedFeed, type Row } from '../conformance/loaded-feed.ts';

const require = createRequire(import.meta.url);

interface DigestedModel {
  getEntityTypes(): readonly {
    readonly odataName: string;
    readonly keys: readonly { readonly odataName: string }[];
    readonly props: readonly { readonly odataName: string; readonly odataType: string }[];
  }[];
  getEntityContainer(): { readonly entitySets: Readonly<Record<string, { readonly odataName: string }>> };
}

/** The part of odata2ts that reads a document, as its generator calls it. */
async function digested(xml: string): Promise<DigestedModel> {
  const { digest } = require('@odata2ts/odata2ts/lib/data-model/DataModelDigestionV4');
  const { NamingHelper } = require('@odata2ts/odata2ts/lib/data-model/NamingHelper');
  const { getDefaultConfig } = require('@odata2ts/odata2ts/lib/defaultConfig');
  const { parseStringPromise } = createRequire(require.resolve('@odata2ts/odata2ts/package.json'))('xml2js');
  const document = await parseStringPromise(xml);
  const options = getDefaultConfig();
  const schemas = document['edmx:Edmx']['edmx:DataServices'][0].Schema;
  return digest(schemas, options, new NamingHelper(options, 'Gateway', [['Gateway']]));
}

describe('Third-party readers of the real $metadata', () => {
  let feed: LoadedFeed;
  let xml: string;
  before(async () => {
    feed = await loadedFeed();
    xml = await feed.text('$metadata');
  });

  it('the OASIS schema finds no fault in it', async () => {
    const schema = (name: string) => ({
      fileName: name,
      contents: readFileSync(require.resolve(`odata-csdl/schemas/${name}`), 'utf8'),
    });
    const { errors } = await validateXML({
      xml: { fileName: 'metadata.xml', contents: xml },
      schema: schema('edmx.xsd'),
      preload: [schema('edm.xsd')],
    });
    assert.deepEqual(
      errors.map(({ message }) => message),
      [],
    );
  });

  it('our own reader of $metadata, which knows nothing of the catalogue, finds the same model without a fault', () => {
    const { model } = readMetadata(xml);
    assert.deepEqual(checkModel(model), []);
    assert.deepEqual([...model.entitySets.keys()], [...feed.catalogue.model.entitySets.keys()]);
  });

  it('odata2ts finds every type, key, property and set', async () => {
    const found = await digested(xml);
    const { entityTypes, entitySets } = feed.catalogue.model;
    const types = new Map(found.getEntityTypes().map((type) => [type.odataName, type]));
    assert.deepEqual([...types.keys()].sort(), [...entityTypes.keys()].sort());
    for (const type of entityTypes.values()) {
      const read = types.get(type.name);
      assert.deepEqual(
        read?.keys.map((key) => key.odataName),
        type.key,
        type.name,
      );
      const names = [...type.properties.keys(), ...type.navigationProperties.keys()];
      assert.deepEqual(read?.props.map((property) => property.odataName).sort(), names.sort(), type.name);
    }
    const sets = Object.values(found.getEntityContainer().entitySets).map((set) => set.odataName);
    assert.deepEqual(sets.sort(), [...entitySets.keys()].sort());
  });

  it('odata-openapi describes every set, and that none can be written', () => {
    const { paths } = csdl2openapi(xml2json(xml)) as { paths: Record<string, Record<string, unknown>> };
    for (const name of feed.catalogue.model.entitySets.keys()) {
      assert.ok(paths[`/${name}`]?.['get'] !== undefined, name);
      assert.equal(paths[`/${name}`]?.['post'], undefined, name);
    }
  });
});

describe('@odata/client reads the feed', () => {
  let feed: LoadedFeed;
  let client: ReturnType<typeof OData.New4>;
  let results: readonly Row[];
  let cases: readonly Row[];
  before(async () => {
    feed = await loadedFeed();
    client = OData.New4({ serviceEndpoint: feed.root });
    results = await feed.all('TracebuzzResults');
    cases = await feed.all('TracebuzzCases');
  });

  it('filtered, ordered, cut and selected', async () => {
    const found = await client.newRequest<Row>({
      collection: 'TracebuzzResults',
      params: client
        .newParam()
        .filter(client.newFilter().property('Status').eq(2).property('Likes').gt(5))
        .orderby('TbRank', 'desc')
        .select(['ResultId', 'TbRank'])
        .skip(1)
        .top(4),
    });
    const kept = results.filter((row) => row['Status'] === 2 && Number(row['Likes'] ?? 0) > 5);
    const expected = kept.toSorted(byDescending('TbRank')).slice(1, 5);
    assert.deepEqual(
      found.value,
      expected.map(({ ResultId, TbRank }) => ({ ResultId, TbRank })),
    );
    assert.ok(expected.length > 1);
  });

  it('expanded', async () => {
    const params = client.newParam().select(['CaseId']).expand(['Results']);
    const found = await client.getEntitySet<Row>('TracebuzzCases').query(params);
    const expected = cases.map(({ CaseId }) => ({
      CaseId,
      Results: results.filter((row) => row['CaseId'] === CaseId),
    }));
    assert.deepEqual(found, expected);
  });

  it('by key, and counted', async () => {
    const set = client.getEntitySet<Row>('TracebuzzCases');
    const { '@odata.context': context, ...entity } = await set.retrieve(50123);
    assert.equal(context, `${feed.root}$metadata#TracebuzzCases/$entity`);
    assert.deepEqual(
      entity,
      cases.find((row) => row['CaseId'] === 50123),
    );
    assert.equal(
      await client.getEntitySet('TracebuzzResults').count(client.newFilter().property('Status').eq(2)),
      results.filter((row) => row['Status'] === 2).length,
    );
  });

  it('page by page', async () => {
    const found: unknown[] = [];
    const paging = { Prefer: 'odata.maxpagesize=9' };
    const paged = OData.New4({ serviceEndpoint: feed.root, commonHeaders: paging });
    let page: Row = {
      ...(await paged.newRequest<Row>({
        collection: 'TracebuzzResults',
        params: paged.newParam().select(['ResultId']).orderby('TbRank', 'desc'),
      })),
    };
    for (;;) {
      found.push(...column(page['value'] as readonly Row[], 'ResultId'));
      const next = page['@odata.nextLink'];
      if (typeof next !== 'string') {
        break;
      }
      page = (await (await fetch(next, { headers: paging })).json()) as Row;
    }
    assert.deepEqual(found, column(results.toSorted(byDescending('TbRank')), 'ResultId'));
  });
});
