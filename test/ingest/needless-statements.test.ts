import { deepEqual, equal } from 'node:assert/strict';
import { loadFile } from '../../src/ingest/load/load-file.ts';
import { openDatabase } from '../../src/warehouse/postgres-database.ts';
import { csv, useFeed } from './support/feed.ts';
import { shopCatalogue } from './support/shop.ts';

/** With Citus each statement about rows of a set goes to a worker. */
describe('Loads write nothing', () => {
  const feed = useFeed(
    shopCatalogue({
      properties: { Day: { type: 'Int64' }, Name: {}, City: {} },
      customers: { Name: 'Name', City: 'City' },
      write: { mode: 'restate', period: ['Day'] },
      more: { key: ['OrderId', 'Day'] },
    }),
  );
  let number = 0;

  /** Loads orders of a day; resolves to its statements. */
  async function load(day: number, rows: readonly (readonly [id: number, city: string])[]): Promise<readonly string[]> {
    const statements: string[] = [];
    const database = await openDatabase({
      connection: feed().connectionString,
      observe: (one) => one.event === 'statement' && statements.push(one.sql('shown')),
    });
    number += 1;
    const cells = [['OrderId', 'Day', 'Name', 'City'], ...rows.map(([id, city]) => [id, day, `name ${id}`, city])];
    const file = feed().write(`orders ${number}.csv`, csv(cells), number);
    const result = await loadFile({ ...feed(), database }, file, { source: 'acme', export: 'orders', force: true });
    await database.close();
    equal(result.state, 'loaded');
    return statements.map((text) => text.replaceAll('"feed"', 'feed'));
  }

  /** What they ask of the orders' table, but for reading. */
  const ofOrders = (statements: readonly string[]): readonly string[] =>
    statements.flatMap((text) => {
      const [, verb] =
        /^(INSERT INTO|UPDATE|DELETE FROM) feed\."AcmeOrders"/.exec(text) ??
        (/^INSERT INTO gateway\.(?:tombstones|removed_rows) .*"AcmeOrders"/.test(text) ? ['', 'note removed'] : []);
      return verb === undefined ? [] : [verb];
    });

  it('but the rows of a derived set that holds none', async () => {
    const statements = await load(0, [
      [8, 'Delft'],
      [9, 'Gouda'],
    ]);
    const verb = /^(INSERT INTO|UPDATE|DELETE FROM|ANALYZE|CREATE TEMP TABLE) (?:feed\."AcmeCustomers"|"made_)/;
    deepEqual(
      statements.flatMap((text) => verb.exec(text)?.[1] ?? []),
      ['INSERT INTO'],
    );
    deepEqual(await feed().rows('SELECT "Name" AS name, "City" AS city FROM feed."AcmeCustomers" ORDER BY 1'), [
      { name: 'name 8', city: 'Delft' },
      { name: 'name 9', city: 'Gouda' },
    ]);
  });

  it('of rows that a file does not hold: no change, no removal, no confirmation where none is', async () => {
    deepEqual(
      ofOrders(
        await load(1, [
          [1, 'Delft'],
          [2, 'Gouda'],
        ]),
      ),
      ['INSERT INTO'],
    );
    deepEqual(
      ofOrders(
        await load(2, [
          [3, 'Delft'],
          [4, 'Gouda'],
        ]),
      ),
      ['INSERT INTO'],
    );
    deepEqual(
      ofOrders(
        await load(2, [
          [3, 'Breda'],
          [4, 'Breda'],
        ]),
      ),
      ['UPDATE'],
    );
    deepEqual(
      ofOrders(
        await load(2, [
          [3, 'Breda'],
          [5, 'Ede'],
        ]),
      ),
      ['note removed', 'note removed', 'DELETE FROM', 'INSERT INTO'],
    );
    deepEqual(
      await feed().rows(
        'SELECT "OrderId"::int AS id, "City" AS city FROM feed."AcmeOrders" WHERE "Day" > 0 ORDER BY 1',
      ),
      [
        { id: 1, city: 'Delft' },
        { id: 2, city: 'Gouda' },
        { id: 3, city: 'Breda' },
        { id: 5, city: 'Ede' },
      ],
    );
  });
});
