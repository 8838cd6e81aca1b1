import { equal } from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import type { Catalogue } from '../../src/catalogue/catalogue.ts';
import { erasePersons } from '../../src/ingest/erase/erase-persons.ts';
import { loadFile } from '../../src/ingest/load/load-file.ts';
import { personalKey } from '../../src/ingest/personal/personal-key.ts';
import { prune } from '../../src/ingest/prune/prune.ts';
import { rebuildSets } from '../../src/ingest/rebuild/rebuild-sets.ts';
import { KeptCounts } from '../../src/source/stored/kept-counts.ts';
import { ResultCache } from '../../src/source/stored/result-cache.ts';
import { chunkBits } from '../../src/sql/row-chunk.ts';
import { type TestGateway, testGateway } from '../support/gateway.ts';
import { runs } from '../support/runs.ts';
import { anchor, csv } from './support/feed.ts';
import { shopFiles } from './support/shop.ts';

interface Order {
  readonly id: number;
  readonly day: number;
  readonly name: string;
  readonly total: number;
}

const names = ['Ada Berg', 'Ben Cole', 'Cas Dorn'];
const order: fc.Arbitrary<Order> = fc.record({
  id: fc.integer({ min: 1, max: 40 }),
  day: fc.integer({ min: 1, max: 4 }),
  name: fc.constantFrom(...names),
  total: fc.integer({ min: 0, max: 3 }),
});

type Step =
  | { readonly kind: 'load'; readonly rows: readonly Order[]; readonly minute: number }
  | { readonly kind: 'erase'; readonly name: string }
  | { readonly kind: 'prune'; readonly day: number }
  | { readonly kind: 'rebuild' };

const load = fc.record({
  kind: fc.constant('load' as const),
  rows: fc.array(order, { minLength: 1, maxLength: 6 }),
  minute: fc.integer({ min: 0, max: 50 }),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: load },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('erase' as const), name: fc.constantFrom(...names) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('prune' as const), day: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('rebuild' as const) }) },
);

/** Requests for a count, and what they count. */
const counts = [
  ['AcmeOrders/$count?$filter=Total ge 2', `"AcmeOrders" WHERE "Total" >= 2`],
  [
    "AcmeOrders?$count=true&$top=0&$filter=Name eq 'Ada Berg' or Total eq 0",
    `"AcmeOrders" WHERE "Name" = 'Ada Berg' OR "Total" = 0`,
  ],
  ['AcmeOrders/$count?$filter=OrderId gt 20', `"AcmeOrders" WHERE "OrderId" > 20`],
  ['AcmeCustomers/$count?$filter=City ne null', `"AcmeCustomers" WHERE "City" IS NOT NULL`],
] as const;

/** So late that no file's rows are too old to be kept. */
const at = (day: number): string => `2090-01-0${day}T00:00:00Z`;

/** Every third row number is of another chunk: a few rows are as many blocks as millions would be. */
const spread = ['AcmeOrders', 'AcmeCustomers']
  .map((set) => `ALTER TABLE feed."${set}" ALTER COLUMN _row SET INCREMENT BY 400`)
  .join('; ');

for (const [title, write] of [
  ['upserted', { mode: 'upsert' }],
  ['restated', { mode: 'restate', period: ['Day'] }],
  ['a snapshot', { mode: 'snapshot', missing: 'hide' }],
] as const) {
  describe(`A count that is kept, of rows that are ${title}`, () => {
    let gateway: TestGateway;
    let folder: string;
    let catalogue: Catalogue;
    let number = 0;
    /** Number of the row that was changed past all loads. */
    let byHand = '';

    before(async () => {
      folder = mkdtempSync(path.join(tmpdir(), 'gateway-counts-'));
      const shop = {
        properties: {
          Day: { type: 'Int64' },
          At: { type: 'DateTimeOffset' },
          Name: { personalData: 'direct' },
          Total: { type: 'Int64' },
        },
        customers: { Name: 'Name', City: 'Name' },
        customerKinds: { Name: 'direct', City: 'direct' },
        write,
        more: { retention: { keep: '1 day', by: 'At' }, key: ['OrderId', 'Day'] },
      };
      for (const { file, text } of shopFiles(shop)) {
        mkdirSync(path.join(folder, 'metadata', path.dirname(file)), { recursive: true });
        writeFileSync(path.join(folder, 'metadata', file), text);
      }
      const always = new KeptCounts({ fewestRows: 0, slow: 0 });
      gateway = await testGateway(path.join(folder, 'metadata'), { results: new ResultCache(undefined, always) });
      catalogue = { ...gateway.catalogue, personalKey: personalKey('0123456789abcdef0123456789abcdef') };
    });
    after(async () => {
      await gateway.close();
      rmSync(folder, { recursive: true, force: true });
    });

    const loadRows = async (rows: readonly Order[], minute: number): Promise<void> => {
      number += 1;
      const file = path.join(folder, `orders ${number}.csv`);
      const lines = rows.map(({ id, day, name, total }) => [id, day, at(day), name, total]);
      // A column of its own keeps files of the same rows from being the same bytes.
      writeFileSync(
        file,
        csv([['OrderId', 'Day', 'At', 'Name', 'Total', `N${number}`], ...lines.map((line) => [...line, ''])]),
      );
      const time = new Date(anchor + minute * 60_000);
      utimesSync(file, time, time);
      const result = await loadFile({ catalogue, database: gateway.database }, file, {
        source: 'acme',
        export: 'orders',
        force: true,
      });
      equal(result.state, 'loaded', JSON.stringify(result));
    };

    const take = async (one: Step): Promise<void> => {
      const { database } = gateway;
      switch (one.kind) {
        case 'load':
          return loadRows(one.rows, one.minute);
        case 'erase':
          await erasePersons(database, catalogue, {
            persons: [one.name],
            source: null,
            folders: [folder],
            dryRun: false,
          });
          return;
        case 'prune':
          await prune(database, catalogue, { folders: [folder], now: new Date(at(one.day + 1)), dryRun: false });
          return;
        case 'rebuild':
          await rebuildSets({ database, catalogue, sets: ['AcmeOrders'], folders: [folder] });
      }
    };

    const counted = async (url: string): Promise<number> => {
      const reply = await gateway.get(url);
      const text = await reply.text();
      equal(reply.status, 200, text);
      return url.includes('/$count')
        ? Number(text)
        : Number((JSON.parse(text) as Record<string, unknown>)['@odata.count']);
    };

    const expected = async (from: string): Promise<number> => {
      const served = from.includes('AcmeOrders') && write.mode === 'snapshot' ? ' AND _deleted_at IS NULL' : '';
      const [table = '', condition = ''] = from.split(' WHERE ');
      const { rows } = await gateway.database.query<{ n: number }>(
        `SELECT count(*)::int AS n FROM feed.${table} WHERE (${condition})${served}`,
      );
      return rows[0]?.n ?? -1;
    };

    const agree = async (when: string): Promise<void> => {
      for (const [url, from] of counts) {
        equal(await counted(url), await expected(from), `${url} after ${when}`);
      }
    };

    it('is what PostgreSQL counts, whatever happened to the rows in between', async function () {
      this.timeout(runs(1) * 120_000);
      await gateway.database.query(spread);
      await loadRows(
        [...Array(40).keys()].map((id) => ({
          id: id + 1,
          day: 1 + (id % 4),
          name: names[id % 3] ?? '',
          total: id % 4,
        })),
        0,
      );
      await gateway.database.query(spread);
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 4 }), async (steps) => {
          await agree('before');
          for (const one of steps) {
            await take(one);
            await gateway.database.query(spread);
            await agree(JSON.stringify(one));
          }
        }),
        { numRuns: runs(3) },
      );
    });

    if (write.mode === 'snapshot') {
      return;
    }
    it('is not made again of rows in which nothing changed', async () => {
      const { database } = gateway;
      const [url, from] = counts[0];
      // Rows of their own: those that the random steps left may all be of one block, of which a quarter is soon changed.
      const rows = [...Array(50).keys()].map((id) => ({
        id: id + 1001,
        day: id < 47 ? 5 : 6,
        name: 'Ada Berg',
        total: 3,
      }));
      await loadRows(rows, 60);
      equal(await counted(url), await expected(from));
      // Only the second time it is made by blocks.
      await loadRows(
        rows.map((row) => ({ ...row, total: 2 })),
        61,
      );
      equal(await counted(url), await expected(from));
      // No load changes rows without a new version: only a count that is kept does not see it.
      // Whatever happened before, only rows of the first day lie beside this one, and the next file says nothing of these.
      const beside = `SELECT FROM feed."AcmeOrders" o WHERE o."Day" <> 5 AND o._row >> ${chunkBits} = t._row >> ${chunkBits}`;
      const { rows: changed } = await database.query<{ row: string }>(
        `UPDATE feed."AcmeOrders" SET "Total" = 0 WHERE _row = (SELECT min(t._row) FROM feed."AcmeOrders" t WHERE t."Day" = 5 AND t."Total" = 2 AND NOT EXISTS (${beside})) RETURNING _row::text AS row`,
      );
      equal(changed.length, 1);
      byHand = changed[0]?.row ?? '';
      const before = await expected(from);
      await loadRows([{ id: 1048, day: 6, name: 'Ada Berg', total: 3 }], 62);
      equal(await expected(from), before - (write.mode === 'restate' ? 2 : 0));
      equal(await counted(url), (await expected(from)) + 1);
    });

    it('is made anew where a program of before removed rows, also after a rebuild', async () => {
      const { database } = gateway;
      const [url, from] = counts[0];
      // What was changed by hand is as it was.
      await database.query('UPDATE feed."AcmeOrders" SET "Total" = 2 WHERE _row = $1', [byHand]);
      await take({ kind: 'rebuild' });
      for (const _ of [1, 2]) {
        await loadRows([{ id: 40, day: 4, name: 'Ada Berg', total: 3 + number }], 58);
        equal(await counted(url), await expected(from));
      }
      await take({ kind: 'rebuild' });
      equal(await counted(url), await expected(from));
      // It publishes versions, as many as it takes, and says nothing of what it removes.
      await database.query(`DELETE FROM feed."AcmeOrders" WHERE "OrderId" = 40 AND "Day" = 4`);
      await database.query(
        `UPDATE gateway.set_versions SET version = greatest(version + 1, removals_noted) WHERE entity_set = 'AcmeOrders'`,
      );
      equal(await counted(url), await expected(from));
    });

    it('is made anew where another table took the place of this one, as a restore by hand has it', async () => {
      const { database } = gateway;
      const [url, from] = counts[0];
      for (const total of [3, 2]) {
        await loadRows([{ id: 39, day: 4, name: 'Ada Berg', total }], 59);
        equal(await counted(url), await expected(from));
      }
      await database.query(
        `CREATE TABLE feed.restored (LIKE feed."AcmeOrders" INCLUDING ALL);
         INSERT INTO feed.restored OVERRIDING SYSTEM VALUE SELECT * FROM feed."AcmeOrders" WHERE "OrderId" <> 39;
         DROP TABLE feed."AcmeOrders"; ALTER TABLE feed.restored RENAME TO "AcmeOrders"; GRANT SELECT ON feed."AcmeOrders" TO gateway_reader;
         UPDATE gateway.set_versions SET version = version + 1, removals_noted = version + 1 WHERE entity_set = 'AcmeOrders'`,
      );
      equal(await counted(url), await expected(from));
    });
  });
}
