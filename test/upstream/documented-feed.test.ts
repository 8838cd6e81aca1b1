import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Catalogue } from '../../src/catalogue/catalogue.ts';
import { mergeUpstreamModel } from '../../src/catalogue/compile/upstream/merge-upstream-model.ts';
import { requireCatalogue } from '../../src/catalogue/read-metadata.ts';
import { checkModel } from '../../src/edm/check-model.ts';
import { type SampleRow, sampleRows } from '../../src/sandbox/sample-rows.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { connectUpstream } from '../../src/upstream/connect.ts';
import type { Upstream } from '../../src/upstream/upstream.ts';
import { planOf, readOptions } from './tenant.ts';

const size = { rows: 12, seed: 1 };
const documented = requireCatalogue(fileURLToPath(new URL('../../metadata', import.meta.url)), {});

for (const source of [...documented.sources.values()].filter((one) => one.kind === 'odata')) {
  describe(`the documented sets of ${source.title}, from the sandbox`, () => {
    let sandbox: Sandbox;
    let upstream: Upstream;
    let dataDir: string;
    let served: Catalogue = documented;
    const samples = sampleRows(documented, source.name, size);

    before(async () => {
      dataDir = await mkdtemp(join(tmpdir(), 'documented-'));
      sandbox = await startSandbox(documented, source.name, size);
      const { upstream: settings } = source;
      assert.ok(settings !== undefined);
      upstream = await connectUpstream({
        source: { ...source, upstream: { ...settings, url: sandbox.url, signIn: { kind: 'none' } } },
        dataDir,
        catalogue: () => served,
        adopt: ({ model }) => {
          const merged = mergeUpstreamModel(documented, source.name, model);
          served = merged.catalogue;
          return merged.differences.map(({ set, message }) => `${set}: ${message}`);
        },
      });
    });
    after(async () => {
      await upstream?.close();
      await sandbox?.close();
      await rm(dataDir, { recursive: true, force: true });
    });

    async function rowsOf(request: string): Promise<SampleRow[]> {
      const reply = await upstream.read(planOf(request, served), readOptions());
      assert.equal(reply.kind, 'collection');
      if (reply.kind !== 'collection') {
        throw new Error();
      }
      const objects: string[] = [];
      for await (const object of reply.objects) {
        objects.push(object);
      }
      return JSON.parse(`[${objects.join(',')}]`) as SampleRow[];
    }

    it('has all of them, none different from the documents', () => {
      assert.deepEqual(upstream.state().failure, null);
      assert.deepEqual(upstream.state().differences, []);
      assert.equal(samples.size, 26);
      for (const name of samples.keys()) {
        assert.ok(served.model.entitySets.has(name), name);
      }
      assert.deepEqual(checkModel(served.model), []);
    });

    for (const [name, rows] of samples) {
      it(`${name} has every row, can be read by key and filtered`, async () => {
        assert.deepEqual(await rowsOf(name), rows);
        const { key, properties } = served.model.entitySets.get(name)?.entityType ?? assert.fail();
        const literal = (row: SampleRow, property: string): string =>
          properties.get(property)?.type === 'Edm.String' ? `'${String(row[property])}'` : String(row[property]);
        const row = rows[5] ?? assert.fail();
        const pairs = key.map((property) => `${property}=${literal(row, property)}`);
        const one = await upstream.read(planOf(`${name}(${pairs.join(',')})`, served), readOptions());
        assert.ok(one.kind === 'entity');
        assert.deepEqual(JSON.parse(Buffer.from(one.json).toString()), row);
        const filter = key.map((property) => `${property} eq ${literal(row, property)}`).join(' and ');
        assert.deepEqual(await rowsOf(`${name}?$filter=${filter}`), [row]);
      });
    }

    it('expands every navigation inside of the feed', async () => {
      let expanded = 0;
      for (const name of samples.keys()) {
        const set = served.model.entitySets.get(name) ?? assert.fail();
        for (const navigation of set.entityType.navigationProperties.values()) {
          const target = served.sets.get(set.navigationPropertyBindings.get(navigation.name) ?? '');
          if (target?.kind !== 'upstream') {
            continue;
          }
          const rows = await rowsOf(`${name}?$expand=${navigation.name}`);
          const theirs = samples.get(target.name) ?? [];
          for (const row of rows) {
            const joined = theirs.filter((other) =>
              navigation.join.every(
                (pair) => row[pair.property] !== null && row[pair.property] === other[pair.referencedProperty],
              ),
            );
            assert.deepEqual(
              row[navigation.name],
              navigation.collection ? joined : (joined[0] ?? null),
              `${name}/${navigation.name}`,
            );
            expanded += joined.length;
          }
        }
      }
      assert.ok(expanded > 100, `only ${expanded} rows were joined`);
    });
  });
}
