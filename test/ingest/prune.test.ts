import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { buildCatalogue } from '../../src/catalogue/compile/build-catalogue.ts';
import { faultText } from '../../src/catalogue/compile/documents/fault.ts';
import { keptFor, keptSince } from '../../src/catalogue/retention.ts';
import { prunedLines } from '../../src/commands/prune.ts';
import { forgettingWorks } from '../../src/commands/serving/forgetting-works.ts';
import { inspectFile } from '../../src/ingest/load/inspect-file.ts';
import { prune } from '../../src/ingest/prune/prune.ts';
import { rebuildSets } from '../../src/ingest/rebuild/rebuild-sets.ts';
import { csv, useFeed } from './support/feed.ts';
import { shopCatalogue, shopFiles } from './support/shop.ts';

const shop = {
  properties: {
    At: { type: 'DateTimeOffset' },
    Name: { personalData: 'direct' },
    Total: { type: 'Int64' },
  },
  customers: { Name: 'Name', City: 'Name' },
  stays: true,
  more: { retention: { keep: '24 months', by: 'At' } },
};

describe('Retention', () => {
  it('is a number of days, months or years back to a midnight in UTC', () => {
    const since = (text: string, now: string): string =>
      keptSince(keptFor(text) ?? { count: 0, unit: 'days' }, new Date(now)).toISOString();
    equal(since('24 months', '2026-11-29T20:10:00Z'), '2024-11-29T00:00:00.000Z');
    equal(since('1 month', '2026-03-31T00:00:00Z'), '2026-02-28T00:00:00.000Z');
    equal(since('1 year', '2024-02-29T23:59:59Z'), '2023-02-28T00:00:00.000Z');
    equal(since('90 days', '2026-03-01T00:00:00Z'), '2025-12-01T00:00:00.000Z');
    equal(keptFor('0 days'), null);
    equal(keptFor('two months'), null);
  });

  it('is checked: a property that says a time, and that is kept as it is', () => {
    const faults = (more: object): readonly string[] =>
      buildCatalogue(shopFiles({ ...shop, more: more as Record<string, unknown> }), {}).faults.map(faultText);
    match(
      faults({ retention: { keep: '24 months', by: 'Name' } })[0] ?? '',
      /Name is String and says no time\. Name a property/,
    );
    match(faults({ retention: { keep: '24 months', by: 'Nothing' } })[0] ?? '', /There is no property Nothing\./);
    match(faults({ retention: { keep: 'for ever', by: 'At' } })[0] ?? '', /a number of days, months or years/);
    const masked = { ...shop.properties, At: { type: 'DateTimeOffset', personalData: 'indirect', policy: 'mask' } };
    match(
      buildCatalogue(shopFiles({ ...shop, properties: masked }), {}).faults.map(faultText)[0] ?? '',
      /At is not kept as it is \(mask\)/,
    );
  });

  const catalogue = shopCatalogue(shop);
  const feed = useFeed(catalogue);
  const now = new Date();
  const ago = (months: number): string =>
    new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - months, 1)).toISOString();
  const asked = { source: 'acme', export: 'orders' };
  const run = (dryRun: boolean, at = now) =>
    prune(feed().database, catalogue, { folders: [path.join(feed().folder, 'loaded')], now: at, dryRun });
  const orders = async () =>
    (await feed().rows(`SELECT "OrderId"::int AS id FROM feed."AcmeOrders" ORDER BY 1`)).map((row) => row['id']);
  const customers = async () =>
    (await feed().rows(`SELECT "Name" FROM feed."AcmeCustomers" ORDER BY 1`)).map((row) => row['Name']);
  const header = ['OrderId', 'At', 'Name', 'Total'];

  it('leaves out older rows of files, and says how many: they are part of no count', async () => {
    const text = csv([
      header,
      ['1', ago(30), 'Old', '1'],
      ['2', ago(3), 'New', '2'],
      ['3', '', 'No time', '3'],
      ['4', ago(40), 'Older', 'x'],
    ]);
    const result = await feed().load('orders 1.csv', text, asked);
    ok(result.state === 'loaded');
    deepEqual([result.counts.read, result.counts.inserted, result.counts.rejected], [2, 2, 0]);
    match(result.message ?? '', /^2 rows were left out: At is longer ago than the 24 months that rows are kept\.$/);
    deepEqual(await orders(), [2, 3]);
    const { rows } = await inspectFile(path.join(feed().folder, 'orders 1.csv'), catalogue, asked);
    deepEqual(rows, { read: 2, accepted: 2, rejected: 0 });
  });

  it('removes rows that have become older, tells delta links, and what only they named; a rebuild does not bring them back', async () => {
    await feed().load(
      'orders 2.csv',
      csv([
        header,
        ['5', ago(23), 'Ada', '5'],
        ['6', ago(1), 'Ben', '6'],
        ['7', ago(20), 'Ben', '7'],
        ['8', ago(1), 'Cas', 'many'],
      ]),
      { ...asked, minute: 1 },
    );
    deepEqual(await customers(), ['Ada', 'Ben', 'New', 'No time']);
    const later = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 5, 2));
    const counted = await run(true, later);
    deepEqual(
      [...counted.sets.values()].map(({ removed }) => removed),
      [2],
    );
    deepEqual(await orders(), [2, 3, 5, 6, 7]);
    equal((await run(true)).sets.size, 0);
    const pruned = await run(false, later);
    deepEqual([...pruned.sets], [...counted.sets]);
    deepEqual(await orders(), [2, 3, 6]);
    deepEqual(await customers(), ['Ben', 'New', 'No time']);
    deepEqual(
      (await feed().rows(`SELECT entity_set, key FROM gateway.tombstones ORDER BY 1, key::text`)).map((row) => [
        row['entity_set'],
        row['key'],
      ]),
      [
        ['AcmeCustomers', { Name: 'Ada' }],
        ['AcmeOrders', { OrderId: 5 }],
        ['AcmeOrders', { OrderId: 7 }],
      ],
    );
    deepEqual(
      await feed().rows(
        `SELECT rows_removed::int AS n, sets -> 'AcmeOrders' ->> 'removed' AS orders FROM gateway.pruning`,
      ),
      [{ n: 2, orders: '2' }],
    );
    deepEqual([...(await run(false, later)).sets], []);
    deepEqual((await feed().rows('SELECT FROM gateway.pruning')).length, 1);
  });

  it('is done by every gateway that serves, each night', async () => {
    await feed().database.query(
      `INSERT INTO feed."AcmeOrders" ("OrderId", "At", "Name", _load_id, _line, _stamp) SELECT 99, '2001-01-01', 'Eve', max(load_id), 9, now() FROM gateway.load`,
    );
    const places = { dropDir: feed().folder, uploadDir: path.join(feed().folder, 'uploads') };
    const works = forgettingWorks(places, { database: feed().database, catalogue }, async () => {});
    const work = works.find(({ name }) => name === 'retention');
    equal(work?.expression, '17 3 * * *');
    await work?.run(null);
    ok(!(await orders()).includes(99));
  });

  it('is the same whether rows are left out or removed: a rebuild gives what pruning leaves', async () => {
    let number = 0;
    const row = fc.record({
      id: fc.integer({ min: 1, max: 9 }),
      months: fc.integer({ min: 20, max: 28 }),
    });
    // An order keeps its customer: one that no row names any more stays known until the set is made anew.
    const nameOf = (id: number): string => ['Ada', 'Ben', 'Cas'][id % 3] ?? '';
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(row, { maxLength: 5 }), { minLength: 1, maxLength: 3 }), async (files) => {
        await feed().database.query(
          'DELETE FROM feed."AcmeOrders"; DELETE FROM feed."AcmeCustomers"; DELETE FROM gateway.reject; DELETE FROM gateway.drift; DELETE FROM gateway.load; DELETE FROM gateway.confirmation',
        );
        for (const [minute, rows] of files.entries()) {
          const lines = rows.map(({ id, months }) => [String(id), ago(months), nameOf(id), '1']);
          const result = await feed().load(`orders x${number++}.csv`, csv([header, ...lines]), { ...asked, minute });
          ok(result.state === 'loaded' || result.state === 'duplicate');
        }
        const state = async () => [await orders(), await customers()];
        await run(false);
        const left = await state();
        await rebuildSets({ database: feed().database, catalogue, sets: ['AcmeOrders', 'AcmeCustomers'], folders: [] });
        deepEqual(await state(), left);
      }),
      { numRuns: 2 },
    );
  });

  it('of one export that cannot be pruned keeps nothing of the others: it is told when they are done', async () => {
    await feed().database.query('DELETE FROM feed."AcmeOrders"; DELETE FROM gateway.load; DELETE FROM gateway.pruning');
    await feed().load('orders 1.csv', csv([header, ['1', ago(3), 'New', '1']]), asked);
    await feed().database.query(`UPDATE feed."AcmeOrders" SET "At" = now() - interval '3 years'`);
    const [orders] = catalogue.exports;
    ok(orders !== undefined && orders.retention !== null);
    const broken = { ...orders, name: 'broken', retention: { ...orders.retention, by: 'Name' } };
    const both = { ...catalogue, exports: [broken, orders] };
    await rejects(prune(feed().database, both, { folders: [], now, dryRun: false }));
    deepEqual(await feed().rows(`SELECT rows_removed::int AS n FROM gateway.pruning`), [{ n: 1 }]);
  });

  it('goes on where an export was renamed, whose loads have its former name', async () => {
    await feed().database.query(
      'DELETE FROM feed."AcmeOrders"; DELETE FROM feed."AcmeCustomers"; DELETE FROM gateway.load',
    );
    await feed().load('orders 1.csv', csv([header, ['1', ago(3), 'New', '1'], ['2', ago(1), 'Newer', '2']]), asked);
    await feed().database.query(
      `UPDATE gateway.load SET export = 'sales'; UPDATE feed."AcmeOrders" SET "At" = now() - interval '3 years' WHERE "OrderId" = 1`,
    );
    const { sets } = await run(false);
    equal(sets.get('AcmeOrders')?.removed, 1);
    deepEqual([await orders(), await customers()], [[2], ['Newer']]);
  });

  it('of a source: kept files and the texts of rejected rows', async () => {
    const files = shopFiles({ ...shop, more: {} }).map(({ file, text }) =>
      file.endsWith('source.yaml')
        ? { file, text: JSON.stringify({ ...JSON.parse(text), retention: { files: '30 days', rejects: '10 days' } }) }
        : { file, text },
    );
    const { catalogue: of } = buildCatalogue(files, {});
    ok(of !== null);
    await feed().database.query('DELETE FROM gateway.reject; DELETE FROM gateway.drift; DELETE FROM gateway.load');
    const text = csv([
      [...header, 'Other'],
      ['1', ago(1), 'Ada', 'many', 'x'],
      ['2', ago(1), 'Ben', '2', 'y'],
    ]);
    await feed().load('loaded/orders 1.csv', text, { ...asked, below: 'orders 1.csv' });
    feed().write('loaded/stranger.csv', 'x');
    // Containers have no source of their own, and refused files of which nobody knew what they are have none either.
    const refused = await feed().load('refused/acme/what.csv', 'Nothing\n1\n', { below: 'acme/what.csv' });
    equal(refused.state, 'refused');
    feed().write('loaded/week.zip', 'packed');
    await feed().database.query(
      `INSERT INTO gateway.load (file_name, path, sha256, size_bytes, state, message) SELECT 'week.zip', 'week.zip', sha256, 6, 'unpacked', 'x' FROM gateway.load WHERE state = 'refused';
       INSERT INTO gateway.load (source, export, file_name, path, sha256, size_bytes, state, outcome_code, message, container_sha256, container_bytes, member) SELECT 'acme', 'orders', 'a.csv', 'week.zip/a.csv', repeat('a', 64), 1, 'refused', 'FileEmpty', 'x', sha256, 6, 'a.csv' FROM gateway.load WHERE state = 'unpacked'`,
    );
    await feed().database.query(`UPDATE gateway.load SET started_at = now() - interval '20 days'`);
    const folders = ['loaded', 'refused'].map((name) => path.join(feed().folder, name));
    const first = await prune(feed().database, of, { folders, now, dryRun: false });
    deepEqual([first.rejects, first.files], [2, []]);
    deepEqual(await feed().rows(`SELECT raw_text, state FROM gateway.reject`), [
      { raw_text: null, state: 'dismissed' },
    ]);
    await feed().database.query(`UPDATE gateway.load SET started_at = now() - interval '40 days'`);
    const counted = await prune(feed().database, of, { folders, now, dryRun: true });
    deepEqual(
      counted.files.map((file) => path.basename(file)),
      ['orders 1.csv', 'week.zip', 'what.csv'],
    );
    await prune(feed().database, of, { folders, now, dryRun: false });
    ok(!existsSync(path.join(feed().folder, 'loaded/orders 1.csv')));
    ok(existsSync(path.join(feed().folder, 'loaded/stranger.csv')));
    // A file that came as `daily (1).csv` is not the second one of `daily.csv`, which lies under that name, too.
    const day = (id: string) => csv([header, [id, ago(1), 'Ada', '1']]);
    await feed().load('loaded/daily.csv', day('3'), { ...asked, below: 'daily.csv' });
    await feed().load('loaded/second (1).csv', day('4'), { ...asked, below: 'second.csv' });
    await feed().database.query(`UPDATE gateway.load SET started_at = now() - interval '40 days'`);
    await feed().load('loaded/daily (1).csv', day('5'), { ...asked, below: 'daily (1).csv' });
    const { files: old } = await prune(feed().database, of, { folders, now, dryRun: false });
    deepEqual(old.map((file) => path.basename(file)).toSorted(), ['daily.csv', 'second (1).csv']);
  });

  it('is said in words', () => {
    const nothing = { sets: new Map(), rejects: 0, files: [] };
    deepEqual(prunedLines(nothing, { dropDir: '/d', dryRun: true }), ['Nothing is older than it is kept.']);
    const some = {
      sets: new Map([['Orders', { removed: 2, since: '2024-11-29T00:00:00.000Z' }]]),
      rejects: 1,
      files: ['/d/loaded/a.csv'],
    };
    deepEqual(prunedLines(some, { dropDir: '/d', dryRun: false }), [
      'Orders: 2 rows before 2024-11-29 removed',
      'texts of rejected rows and samples removed: 1',
      'loaded/a.csv: removed',
    ]);
  });
});
