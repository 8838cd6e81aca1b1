import { deepEqual, equal } from 'node:assert/strict';
import fc from 'fast-check';
import type { Catalogue } from '../../src/catalogue/catalogue.ts';
import { fillFromExtras } from '../../src/ingest/back-fill/fill-from-extras.ts';
import { loadFile } from '../../src/ingest/load/load-file.ts';
import { storedTable } from '../../src/ingest/stored/stored-table.ts';
import { quoteIdentifier } from '../../src/sql/identifier.ts';
import { provision } from '../../src/warehouse/tables/provision.ts';
import { csv, useFeed } from './support/feed.ts';
import { type Shop, shopCatalogue } from './support/shop.ts';

const shop = (properties: Shop['properties'], winner = false): Catalogue =>
  shopCatalogue({
    key: { type: 'Int64', header: 'Id' },
    properties: { ...properties, ...(winner ? { At: { type: 'DateTimeOffset' } } : {}) },
    write: { mode: 'upsert', ...(winner ? { winner: 'At' } : {}) },
  });

interface File {
  readonly minute: number;
  /** No two alike. */
  readonly name: number;
  readonly header: readonly string[];
  readonly rows: readonly Readonly<Record<string, string>>[];
}

describe('B4 what is filled from Extras is as new as the file that said it', () => {
  const bare = shop({ Title: {} });
  const feed = useFeed(bare);

  const start = async (of: Catalogue): Promise<void> => {
    await provision(feed().database, of);
    await fillFromExtras(feed().database, of);
  };
  const empty = async () => {
    await feed().database.query(
      `TRUNCATE feed."AcmeOrders"; DELETE FROM gateway.drift; DELETE FROM gateway.load; DELETE FROM gateway.known_headers`,
    );
  };
  const loadAll = async (of: Catalogue, files: readonly File[]) => {
    for (const { minute, name, header, rows } of files) {
      const text = csv([['Id', ...header], ...rows.map((row) => ['Id', ...header].map((one) => row[one] ?? ''))]);
      // Blank lines keep files of the same rows from being the same bytes.
      const path = feed().write(`orders ${name}.csv`, text.replace('\n', '\n'.repeat(name + 1)), minute);
      const options = { source: 'acme', export: 'orders' };
      const result = await loadFile({ catalogue: of, database: feed().database }, path, options);
      equal(result.state, 'loaded', JSON.stringify(result));
    }
  };
  const rowsOf = async (of: Catalogue) => {
    const table = storedTable(of, 'AcmeOrders');
    const columns = [...table.columns.values()].map(({ name }) => `${quoteIdentifier(name)}::text`);
    const rows = await feed().rows<{ v: string[] }>(
      `SELECT ARRAY[${columns.join(', ')}] AS v FROM ${table.name} ORDER BY 1`,
    );
    return rows.map((row) => row.v);
  };
  /** The rows when the metadata changes behind `when` files, and when it is what it becomes from the start. */
  const compare = async (former: Catalogue, now: Catalogue, files: readonly File[], when: number) => {
    await start(now);
    await empty();
    await start(now);
    await loadAll(now, files);
    const expected = await rowsOf(now);
    await empty();
    await start(former);
    await loadAll(former, files.slice(0, when));
    await start(now);
    await loadAll(now, files.slice(when));
    deepEqual(await rowsOf(now), expected);
  };
  const one = (minute: number, cells: Readonly<Record<string, string>>): File => ({
    minute,
    name: minute,
    header: Object.keys(cells),
    rows: [{ Id: '1', ...cells }],
  });
  const full = { Title: {}, Colour: { aliases: ['Kleur', 'Farbe'] }, Count: { type: 'Int32' } };

  it('a still older file that has the column does not override it, one between does', async () => {
    const files = [one(2, { Kleur: 'red' }), one(4, { Title: 'a' }), one(1, { Colour: 'old' })];
    await compare(bare, shop(full), files, 2);
    deepEqual((await rowsOf(shop(full)))[0], ['1', 'a', 'red', null, null]);
    await loadAll(shop(full), [one(3, { Farbe: 'blue' })]);
    deepEqual((await rowsOf(shop(full)))[0], ['1', 'a', 'blue', null, null]);
  });

  it('of several cells that older files left the newest counts, an empty one and that of the column itself too', async () => {
    const coloured = shop({ Title: {}, Colour: {} });
    const last = one(5, { Title: 'a' });
    const cases: readonly (readonly [string | null, ...File[]])[] = [
      ['blue', one(1, { Kleur: 'red' }), one(2, { Farbe: 'blue' })],
      ['red', one(1, { Farbe: 'blue' }), one(2, { Kleur: 'red' })],
      ['green', one(1, { Kleur: 'red' }), one(2, { Colour: 'green' })],
      ['red', one(1, { Colour: 'green' }), one(2, { Kleur: 'red' })],
      [null, one(1, { Colour: 'green' }), one(2, { Kleur: 'red' }), one(3, { Kleur: '' })],
      ['red', { ...one(2, { Kleur: 'red' }), name: 10 }, { ...one(2, { Farbe: 'blue' }), name: 9 }],
      ['red', { ...one(2, { Kleur: 'red' }), name: 10 }, { ...one(2, { Colour: 'blue' }), name: 9 }],
    ];
    for (const [colour, ...files] of cases) {
      await compare(coloured, shop(full), [...files, last], files.length + 1);
      deepEqual((await rowsOf(shop(full)))[0], ['1', 'a', colour, null, null]);
    }
  });

  const formers = [
    { Title: {} },
    { Title: {}, Colour: {} },
    { Title: {}, Colour: { aliases: ['Farbe'] } },
    { Title: {}, Count: { type: 'Int32' } },
  ];
  const cells = {
    Title: ['', 'a', 'b'],
    Count: ['', '1', '2'],
    X: ['', 'x'],
    At: ['', '2026-01-01T00:00:00Z', '2026-01-02T00:00:00.5Z'],
  };
  const colours = ['', 'red', 'blue'];
  const anyFiles = (given: { readonly colours: readonly string[]; readonly winner: boolean }) => {
    const cell = (values: readonly string[]) => fc.constantFrom(...values);
    const names = ['Title', 'Count', 'X', ...(given.winner ? ['At'] : [])];
    const file = fc.record({
      minute: fc.integer({ min: 0, max: 4 }),
      name: fc.integer({ min: 1, max: 12 }),
      header: fc
        .tuple(fc.subarray(names), fc.constantFrom([], ['Colour'], ['Kleur'], ['Farbe']))
        .map((columns) => columns.flat()),
      rows: fc.uniqueArray(
        fc.record({
          Id: fc.constantFrom('1', '1', '2'),
          ...Object.fromEntries(Object.entries(cells).map(([name, values]) => [name, cell(values)])),
          ...Object.fromEntries(['Colour', 'Kleur', 'Farbe'].map((name) => [name, cell(given.colours)])),
        }),
        { selector: (row) => row.Id, minLength: 1 },
      ),
    });
    return fc.uniqueArray(file, { selector: ({ name }) => name, minLength: 1, maxLength: 5 });
  };
  for (const winner of [false, true]) {
    it(`files with some of their columns, in any order, the metadata changed between: ${winner ? 'a winner' : 'the newest file'}`, async () => {
      await fc.assert(
        fc.asyncProperty(
          anyFiles({ colours, winner }),
          fc.constantFrom(...formers),
          fc.nat(5),
          async (files, properties, when) => compare(shop(properties, winner), shop(full, winner), files, when),
        ),
        { numRuns: 5 },
      );
    });
  }
});
