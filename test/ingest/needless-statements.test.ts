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

  /** Loads orders of a day; resolves to what it asks of their table, but for reading. */
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
    return statements.flatMap((text) => {
      const [, verb] =
        /^(INSERT INTO|UPDATE|DELETE FROM) feed\."AcmeOrders"/.exec(text.replaceAll('"feed"', 'feed')) ??
        (/^INSERT INTO gateway\.(?:tombstones|removed_rows) .*"AcmeOrders"/.test(text) ? ['', 'note removed'] : []);
      return verb === undefined ? [] : [verb];
    });
  }

  it('of rows that a file does not hold: no change, no removal, no confirmation where none is', async () => {
    deepEqual(
      await load(1, [
        [1, 'Delft'],
        [2, 'Gouda'],
      ]),
      ['INSERT INTO'],
    );
    deepEqual(
      await load(2, [
        [3, 'Delft'],
        [4, 'Gouda'],
      ]),
      ['INSERT INTO'],
    );
    deepEqual(
      await load(2, [
        [3, 'Breda'],
        [4, 'Breda'],
      ]),
      ['UPDATE'],
    );
    deepEqual(
      await load(2, [
        [3, 'Breda'],
        [5, 'Ede'],
      ]),
      ['note removed', 'note removed', 'DELETE FROM', 'INSERT INTO'],
    );
    deepEqual(await feed().rows('SELECT "OrderId"::int AS id, "City" AS city FROM feed."AcmeOrders" ORDER BY 1'), [
      { id: 1, city: 'Delft' },
      { id: 2, city: 'Gouda' },
      { id: 3, city: 'Breda' },
      { id: 5, city: 'Ede' },
    ]);
  });
});
