import { deepEqual, equal } from 'node:assert/strict';
import fc from 'fast-check';
import type { Catalogue, ExportColumn } from '../../src/catalogue/catalogue.ts';
import { requireCatalogue } from '../../src/catalogue/read-metadata.ts';
import type { Property } from '../../src/edm/model.ts';
import { type LoadOptions, type LoadResult, loadFile } from '../../src/ingest/load/load-file.ts';
import { provision } from '../../src/warehouse/tables/provision.ts';
import { catalogue, exportFile, useFeed } from './support/feed.ts';
import { filesOf, loadFaulty, mended, modes, servedRows } from './support/random-files.ts';

describe('B1 The same bytes loaded anew give what loading them with the metadata of now gives', () => {
  const feed = useFeed();
  for (const [title, name, row, sets] of modes) {
    it(title, async () => {
      const [source = '', short = ''] = name.split('/');
      await fc.assert(
        fc.asyncProperty(filesOf(row), fc.infiniteStream(fc.nat()), async (files, chances) => {
          const expected = await loadFaulty(feed(), { name, sets, files });
          // In any order, and some of them twice: each keeps its place.
          const order = [...files, ...files.slice(1)].map((file) => ({ file, rank: chances.next().value ?? 0 }));
          for (const { file } of order.sort((a, b) => a.rank - b.rank)) {
            const period = short.endsWith('-metrics') ? { period: '2026-01-01..2026-01-02' } : {};
            const options = { source, export: short, force: true, again: true, ...period };
            const context = { catalogue: mended, database: feed().database };
            const result = await loadFile(context, `${feed().folder}/${short} ${file.name}.csv`, options);
            equal(result.state, 'loaded');
          }
          for (const [index, set] of sets.entries()) {
            deepEqual(await servedRows(feed(), set), expected[index], set);
          }
          equal((await feed().rows(`SELECT FROM gateway.reject WHERE state = 'open'`)).length, 0);
          deepEqual(await untrueLoads(), []);
        }),
        { numRuns: 3 },
      );
    });
  }

  const untrueLoads = () =>
    feed().rows(
      `SELECT * FROM gateway.load WHERE state = 'loaded' AND rows_read <> rows_inserted + rows_updated + rows_unchanged + rows_rejected + rows_duplicate`,
    );
});

describe('B1 `ingest --again`', () => {
  const feed = useFeed();
  const file = (rows: readonly (readonly [id: string, name: string, colour: string])[]) => {
    const [header, ...lines] = exportFile(
      'tracebuzz/labels',
      rows.map(([LabelId, Name]) => ({ LabelId, Name })),
    )
      .trimEnd()
      .split('\n');
    return [`${header},Colour`, ...lines.map((line, index) => `${line},${rows[index]?.[2] ?? ''}`)].join('\n');
  };
  /** Labels with a property that the product's metadata lacks. */
  const coloured: Catalogue = requireColour();
  const load = (path: string, options: LoadOptions = {}, of: Catalogue = coloured): Promise<LoadResult> =>
    loadFile({ catalogue: of, database: feed().database }, path, { source: 'tracebuzz', export: 'labels', ...options });
  const shown = () =>
    feed().rows<{ v: string }>(
      `SELECT concat_ws('|', "LabelId", "Name", coalesce("Colour", '-'), coalesce("Extras", '-')) AS v FROM feed."TracebuzzLabels" WHERE _load_id IS NOT NULL AND _deleted_at IS NULL ORDER BY 1`,
    );
  const lines = async () => (await shown()).map((row) => row.v);

  it('reads the file with the metadata of now, notes a load of its own and keeps the ledger true', async () => {
    const path = feed().write(
      'raw-labels-1750000100.csv',
      file([
        ['1', 'one', 'red'],
        ['x', 'bad', 'blue'],
      ]),
    );
    const first = await load(path, {}, catalogue);
    await provision(feed().database, coloured);
    deepEqual(await lines(), ['1|one|-|{"Colour":"red"}']);
    equal((await load(path)).state, 'duplicate');
    equal((await load(path, { force: true })).state, 'duplicate');
    const again = await load(path, { again: true });
    deepEqual(await lines(), ['1|one|red|-']);
    deepEqual(again.state === 'loaded' && [again.again, again.counts], [
      first.loadId,
      { read: 2, inserted: 0, updated: 1, unchanged: 0, rejected: 1, duplicate: 0, removed: 0 },
    ]);
    const rejects = await feed().rows(`SELECT load_id::text, state FROM gateway.reject ORDER BY reject_id`);
    deepEqual(rejects, [
      { load_id: first.loadId, state: 'dismissed' },
      { load_id: again.loadId, state: 'open' },
    ]);
    equal((await load(path)).state, 'duplicate');
  });

  it('changes nothing where nothing is new, and can be repeated', async () => {
    const path = feed().write(
      'raw-labels-1750000100.csv',
      file([
        ['1', 'one', 'red'],
        ['x', 'bad', 'blue'],
      ]),
    );
    for (let round = 0; round < 2; round++) {
      const again = await load(path, { again: true });
      deepEqual(again.state === 'loaded' && [again.counts.unchanged, again.counts.rejected], [1, 1]);
    }
    equal((await feed().rows(`SELECT FROM gateway.reject WHERE state = 'open'`)).length, 1);
  });

  it('leaves a newer file its word, under whatever name and time the bytes lie now', async () => {
    await load(feed().write('raw-labels-1750000200.csv', file([['1', 'newer', 'green']])));
    const bytes = file([
      ['1', 'one', 'red'],
      ['x', 'bad', 'blue'],
    ]);
    const again = await load(feed().write('copy.csv', bytes, 900), { again: true });
    equal(again.state, 'loaded');
    deepEqual(await lines(), ['1|newer|green|-']);
    const rows = await feed().rows(
      `SELECT file_name, file_time = to_timestamp(1750000100) AS same FROM gateway.load WHERE load_id = ${again.loadId}`,
    );
    deepEqual(rows, [{ file_name: 'raw-labels-1750000100.csv', same: true }]);
  });

  it('loads bytes that were never loaded as it would without', async () => {
    const result = await load(feed().write('raw-labels-1750000300.csv', file([['2', 'two', 'blue']])), { again: true });
    deepEqual(result.state === 'loaded' && [result.again, result.counts.inserted], [null, 1]);
  });
});

function requireColour(): Catalogue {
  const of = requireCatalogue('metadata', {});
  const target = of.exports.find((one) => one.source === 'tracebuzz' && one.name === 'labels');
  const set = of.sets.get('TracebuzzLabels');
  const entitySet = of.model.entitySets.get('TracebuzzLabels');
  const name = target?.columns.find((column) => column.property === 'Name');
  if (target === undefined || set?.kind !== 'stored' || entitySet === undefined || name === undefined) {
    throw new Error('no labels');
  }
  const property: Property = {
    kind: 'Property',
    name: 'Colour',
    type: 'Edm.String',
    collection: false,
    nullable: true,
  };
  const colour: ExportColumn = {
    ...name,
    property: 'Colour',
    required: false,
    headers: [{ text: 'Colour', language: 'en', basis: 'alias' }],
  };
  const properties = new Map([...entitySet.entityType.properties, ['Colour', property]]);
  const typed = { ...entitySet, entityType: { ...entitySet.entityType, properties } };
  const columns = new Map([...set.columns, ['Colour', { name: 'Colour', sqlType: 'text' }] as const]);
  return {
    ...of,
    model: { ...of.model, entitySets: new Map([...of.model.entitySets, ['TracebuzzLabels', typed]]) },
    sets: new Map([...of.sets, ['TracebuzzLabels', { ...set, columns }]]),
    exports: of.exports.map((one) => (one === target ? { ...one, columns: [...one.columns, colour] } : one)),
  };
}
