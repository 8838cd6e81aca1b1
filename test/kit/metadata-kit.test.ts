import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { examineFile, readHead } from '../../src/ingest/csv/file-facts.ts';
import { identifyExport } from '../../src/ingest/identify/identify-export.ts';
import { loadFile } from '../../src/ingest/load/load-file.ts';
import { catalogueOf } from '../support/catalogue-of.ts';
import { metadataFolder, type TestGateway, testGateway } from '../support/gateway.ts';
import { writeExampleFile } from './example-file.ts';
import { expectedValue } from './expected-value.ts';

const catalogue = catalogueOf(metadataFolder);

describe('kit: every metadata file', () => {
  let gateway: TestGateway;
  before(async () => {
    gateway = await testGateway();
  });
  after(() => gateway.close());

  for (const exported of catalogue.exports) {
    it(`${exported.source}/${exported.name}: its examples load and come back equal`, async () => {
      const file = writeExampleFile(exported, (column) => column.headers[0]?.text ?? '');
      const result = await loadFile(gateway, file.path, { directory: file.directory });
      assert.equal(result.state, 'loaded', JSON.stringify(result));
      if (result.state !== 'loaded') {
        return;
      }
      assert.equal(result.identified.export.set, exported.set);
      assert.deepEqual(result.drift, []);
      const [row, ...others] = await gateway.rows(`${exported.set}?$filter=LoadId eq ${result.loadId}`);
      assert.deepEqual(others, []);
      assert.ok(row !== undefined);
      const type = gateway.catalogue.model.entitySets.get(exported.set)?.entityType;
      const date = exported.columns.find((column) => column.encoding === 'date')?.example;
      for (const column of exported.columns) {
        const property = type?.properties.get(column.property);
        assert.ok(property !== undefined, column.property);
        const expected = expectedValue(column, property.type, {
          zone: exported.files.timeZone,
          date,
          nullable: property.nullable,
        });
        assert.deepEqual(row[column.property], expected, `${column.property}: ${column.example}`);
      }
    });

    const languages = new Set(exported.columns.flatMap((column) => column.headers.map((header) => header.language)));
    for (const language of languages) {
      it(`${exported.source}/${exported.name}: every header in ${language} is recognised, and every alias`, async () => {
        const spellings = Math.max(
          ...exported.columns.map((column) => column.headers.filter((header) => header.language === language).length),
        );
        for (let spelling = 0; spelling < spellings; spelling++) {
          const file = writeExampleFile(exported, (column) => {
            const known = column.headers.filter((header) => header.language === language);
            return (known[spelling] ?? known[0] ?? column.headers[0])?.text ?? '';
          });
          const identified = identifyExport(
            catalogue,
            { facts: await examineFile(file.path), head: await readHead(file.path) },
            { directory: file.directory },
          );
          assert.equal(identified.export, exported);
          assert.deepEqual(identified.match.missing, []);
          assert.deepEqual(identified.match.unknown, []);
          assert.deepEqual(identified.match.duplicates, []);
        }
      });
    }
  }
});
