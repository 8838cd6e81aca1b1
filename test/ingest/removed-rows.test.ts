import { deepEqual, notDeepEqual } from 'node:assert/strict';
import { loadFile } from '../../src/ingest/load/load-file.ts';
import type { DatabaseRow } from '../../src/warehouse/database.ts';
import { openDatabase } from '../../src/warehouse/postgres-database.ts';
import { csv, useFeed } from './support/feed.ts';
import { shopCatalogue } from './support/shop.ts';

describe('Rows that leave a set', () => {
  const feed = useFeed(
    shopCatalogue({
      properties: { Day: { type: 'Int64' }, Name: {}, City: {} },
      customers: { Name: 'Name', City: 'City' },
      write: { mode: 'restate', period: ['Day'] },
      more: { key: ['OrderId', 'Day'] },
    }),
  );
  let number = 0;

  const load = (day: number, ids: readonly number[]) => {
    number += 1;
    const rows = ids.map((id) => [id, day, `name ${id}`, 'x']);
    const options = { source: 'acme', export: 'orders', force: true, minute: number };
    return feed().load(`orders ${number}.csv`, csv([['OrderId', 'Day', 'Name', 'City'], ...rows]), options);
  };
  const noted = (): Promise<readonly DatabaseRow[]> =>
    feed().rows(
      `SELECT entity_set AS set, chunk::int, version::int FROM gateway.removed_rows ORDER BY entity_set DESC, chunk`,
    );
  const versions = (): Promise<readonly DatabaseRow[]> =>
    feed().rows(
      `SELECT version::int, removals_noted::int AS noted, removals_since::int AS since FROM gateway.set_versions WHERE entity_set = 'AcmeOrders'`,
    );

  it('are noted by their numbers, with the version that they left with, and so are rows made of them', async () => {
    await load(1, [1, 2]);
    await feed().rows(`ALTER TABLE feed."AcmeOrders" ALTER COLUMN _row RESTART WITH 3000`);
    await load(2, [3, 4, 5]);
    deepEqual(await noted(), []);
    await load(1, [1]);
    await load(2, [3]);
    deepEqual(await noted(), [
      { set: 'AcmeOrders', chunk: 0, version: 3 },
      { set: 'AcmeOrders', chunk: 2, version: 4 },
      { set: 'AcmeCustomers', chunk: 0, version: 4 },
    ]);
  });

  it('are not known of versions up to one that a program of before has published', async () => {
    deepEqual(await versions(), [{ version: 4, noted: 4, since: 0 }]);
    await feed().rows(
      `INSERT INTO gateway.set_versions (entity_set, version, changed_at) VALUES ('AcmeOrders', 5, now()) ON CONFLICT (entity_set) DO UPDATE SET version = excluded.version, changed_at = excluded.changed_at`,
    );
    deepEqual(await versions(), [{ version: 5, noted: 4, since: 0 }]);
    await load(3, [6]);
    await load(3, [7]);
    deepEqual(await versions(), [{ version: 7, noted: 7, since: 5 }]);
  });

  it('cost no statement where none left', async () => {
    const statements: string[] = [];
    const database = await openDatabase({
      connection: feed().connectionString,
      observe: (one) => one.event === 'statement' && statements.push(one.sql('shown')),
    });
    const load = async (name: string, city: string): Promise<readonly string[]> => {
      number += 1;
      const file = feed().write(
        `orders ${number}.csv`,
        csv([
          ['OrderId', 'Day', 'Name', 'City'],
          [90, 9, name, city],
        ]),
        number,
      );
      await loadFile({ ...feed(), database }, file, { source: 'acme', export: 'orders', force: true });
      return statements
        .splice(0)
        .filter((text) => text.includes('"AcmeCustomers"') && /removed_rows|tombstones|^DELETE/.test(text));
    };
    deepEqual(await load('Ada', 'Delft'), []);
    deepEqual(await load('Ada', 'Gouda'), []);
    notDeepEqual(await load('Bob', 'Gouda'), []);
    await database.close();
  });
});
