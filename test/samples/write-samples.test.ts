import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'mocha';
import { loadFile } from '../../src/ingest/load/load-file.ts';
import { type SampleReport, writeSamples } from '../../src/samples/write-samples.ts';
import { catalogueOf } from '../support/catalogue-of.ts';
import { metadataFolder, type TestGateway, testGateway } from '../support/gateway.ts';

const order = { rows: 24, days: 3, seed: 5 };

describe('samples', () => {
  const folders: string[] = [];
  const folder = (): string => {
    const made = mkdtempSync(path.join(tmpdir(), 'gateway-samples-'));
    folders.push(made);
    return made;
  };
  after(() => {
    for (const made of folders) {
      rmSync(made, { recursive: true, force: true });
    }
  });

  const digest = (directory: string, report: SampleReport): string => {
    const hash = createHash('sha256');
    for (const file of report.files) {
      hash.update(file.path).update(readFileSync(path.join(directory, file.path)));
    }
    return hash.digest('hex');
  };

  it('the same order gives the same bytes, another seed gives others', async () => {
    const catalogue = catalogueOf(metadataFolder);
    const small = { rows: 5, days: 2, seed: 3 };
    const [a, b, c] = [folder(), folder(), folder()];
    const first = digest(a, await writeSamples(catalogue, a, small));
    assert.equal(digest(b, await writeSamples(catalogue, b, small)), first);
    assert.notEqual(digest(c, await writeSamples(catalogue, c, { ...small, seed: 4 })), first);
  });

  describe('loaded and read back through the feed', () => {
    let gateway: TestGateway;
    let report: SampleReport;
    const loaded = new Set<string>();

    before(async () => {
      gateway = await testGateway();
      const directory = folder();
      report = await writeSamples(gateway.catalogue, directory, order);
      for (const file of report.files) {
        const result = await loadFile(gateway, path.join(directory, file.path), {
          directory: path.dirname(file.path),
        });
        assert.equal(result.state, 'loaded', `${file.path}: ${JSON.stringify(result)}`);
        if (result.state !== 'loaded') {
          continue;
        }
        assert.equal(result.identified.export.set, file.set, file.path);
        assert.equal(result.counts.read, file.rows, file.path);
        assert.equal(result.counts.rejected, 0, file.path);
        assert.deepEqual(result.drift, [], file.path);
        loaded.add(file.set);
      }
    });
    after(() => gateway.close());

    it('every CSV export has files and every one of its rows is taken', () => {
      assert.deepEqual([...loaded].sort(), gateway.catalogue.exports.map((exported) => exported.set).sort());
    });

    it('every stored set answers, and export and derived sets have rows', async () => {
      for (const [name, binding] of gateway.catalogue.sets) {
        if (binding.kind !== 'stored') {
          continue;
        }
        const rows = await gateway.rows(name);
        const mayBeEmpty = binding.role === 'ledger';
        assert.ok(rows.length > 0 || mayBeEmpty, `${name} has no rows`);
      }
    });

    it('every foreign key of a sample row leads to a row', async () => {
      for (const set of gateway.catalogue.model.entitySets.values()) {
        const binding = gateway.catalogue.sets.get(set.name);
        if (binding?.kind !== 'stored' || binding.role === 'ledger') {
          continue;
        }
        for (const navigation of set.entityType.navigationProperties.values()) {
          const target = gateway.catalogue.sets.get(set.navigationPropertyBindings.get(navigation.name) ?? '');
          if (navigation.collection || target?.kind !== 'stored' || target.role === 'ledger') {
            continue;
          }
          const given = navigation.join.map((pair) => `${pair.property} ne null`).join(' and ');
          const lost = await gateway.rows(`${set.name}?$filter=${given} and ${navigation.name} eq null&$top=3`);
          const known = await gateway.rows(`${set.name}?$filter=${navigation.name} ne null&$top=1`);
          const some = await gateway.rows(`${set.name}?$filter=${given}&$top=1`);
          assert.deepEqual(lost, [], `${set.name}.${navigation.name}`);
          assert.equal(known.length, some.length, `${set.name}.${navigation.name} never leads anywhere`);
        }
      }
    });
  });

  it('broken rows on request are rejected and kept, the others load', async () => {
    const gateway = await testGateway();
    try {
      const directory = folder();
      const report = await writeSamples(gateway.catalogue, directory, { rows: 6, days: 1, broken: 2 });
      for (const file of report.files) {
        const result = await loadFile(gateway, path.join(directory, file.path), {
          directory: path.dirname(file.path),
        });
        assert.ok(result.state === 'loaded', `${file.path}: ${JSON.stringify(result)}`);
        assert.equal(result.counts.read, file.rows + 2, file.path);
        assert.equal(result.counts.rejected, 2, file.path);
      }
      assert.equal((await gateway.rows('LoadRejects')).length, report.files.length * 2);
    } finally {
      await gateway.close();
    }
  });
});
