import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { metadataXml } from '../../src/edm/metadata-xml.ts';
import { smallCapabilities, smallModel } from './small-model.ts';

const require = createRequire(import.meta.url);

interface DigestedModel {
  getEntityTypes(): readonly { readonly odataName: string; readonly keys: readonly { readonly odataName: string }[] }[];
  getEntityContainer(): { readonly entitySets: Readonly<Record<string, { readonly odataName: string }>> };
}

/** The part of odata2ts that reads a document; its generator needs the compiler API that TypeScript 7 no longer has. */
const { digest } = require('@odata2ts/odata2ts/lib/data-model/DataModelDigestionV4') as {
  digest(schemas: unknown[], options: unknown, naming: unknown): Promise<DigestedModel>;
};
const { NamingHelper } = require('@odata2ts/odata2ts/lib/data-model/NamingHelper') as {
  NamingHelper: new (options: unknown, service: string, namespaces: readonly (readonly string[])[]) => unknown;
};
const { getDefaultConfig } = require('@odata2ts/odata2ts/lib/defaultConfig') as { getDefaultConfig(): object };

/** The XML reader that odata2ts itself uses. */
const { parseStringPromise } = createRequire(require.resolve('@odata2ts/odata2ts/package.json'))('xml2js') as {
  parseStringPromise(xml: string): Promise<{ 'edmx:Edmx': { 'edmx:DataServices': { Schema: unknown[] }[] } }>;
};

describe('third-party readers of $metadata', () => {
  it('odata2ts finds every type, key and set', async () => {
    const document = await parseStringPromise(metadataXml(smallModel(), smallCapabilities()));
    const schemas = document['edmx:Edmx']['edmx:DataServices'][0]?.Schema ?? [];
    const options = getDefaultConfig();
    const model = await digest(schemas, options, new NamingHelper(options, 'Small', [['Small.Feed']]));
    assert.deepEqual(
      model.getEntityTypes().map((type) => [type.odataName, type.keys.map((key) => key.odataName)]),
      [
        ['Case', ['CaseId', 'Day']],
        ['Agent', ['id']],
      ],
    );
    const sets = Object.values(model.getEntityContainer().entitySets).map((set) => set.odataName);
    assert.deepEqual(sets, ['Cases', 'Agents']);
  });
});
