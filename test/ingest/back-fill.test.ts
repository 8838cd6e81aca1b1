import { deepEqual, equal, notEqual } from 'node:assert/strict';
import fc from 'fast-check';
import type { Catalogue } from '../../src/catalogue/catalogue.ts';
import { type FilledProperty, fillFromExtras } from '../../src/ingest/back-fill/fill-from-extras.ts';
import { remakeDerived } from '../../src/ingest/derive/remake-derived.ts';
import { loadFile } from '../../src/ingest/load/load-file.ts';
import { storedTable } from '../../src/ingest/stored/stored-table.ts';
import { quoteIdentifier } from '../../src/sql/identifier.ts';
import { provision } from '../../src/warehouse/tables/provision.ts';
import { wantedTableOf } from '../../src/warehouse/tables/wanted-tables.ts';
import { csv, useFeed } from './support/feed.ts';
import { type Shop, shopCatalogue } from './support/shop.ts';

const id = { type: 'Int64', header: 'Id' };
const shop = (properties: Shop['properties'], more: Partial<Shop> = {}): Catalogue =>
  shopCatalogue({ key: id, properties, ...more });

describe('B1 a property or alias that the metadata gains is filled from Extras', () => {
  const bare = shop({ Title: {} });
  const carries = wantedTableOf(bare, 'AcmeOrders').columns.some(({ name }) => name === '_cells');
  const feed = useFeed(bare);

  beforeEach(async () => {
    await feed().database.query(
      `DROP SCHEMA feed CASCADE; CREATE SCHEMA feed; GRANT USAGE ON SCHEMA feed TO gateway_reader; DELETE FROM gateway.reject; DELETE FROM gateway.drift; DELETE FROM gateway.load; DELETE FROM gateway.tombstones; DELETE FROM gateway.set_versions; DELETE FROM gateway.derivation; DELETE FROM gateway.known_headers`,
    );
  });

  const start = async (of: Catalogue): Promise<readonly FilledProperty[]> => {
    await provision(feed().database, of);
    const filled = await fillFromExtras(feed().database, of);
    await remakeDerived(feed().database, of);
    return filled;
  };
  let number = 0;
  const load = async (of: Catalogue, rows: readonly (readonly (string | null)[])[], minute = 0, of_ = 'orders') => {
    const path = feed().write(`${of_} ${number++}x.csv`, csv(rows), minute);
    const result = await loadFile({ catalogue: of, database: feed().database }, path, {
      source: 'acme',
      export: 'orders',
    });
    equal(result.state, 'loaded', JSON.stringify(result));
    return result;
  };
  const rowsOf = async (of: Catalogue, set = 'AcmeOrders', without: readonly string[] = []) => {
    const table = storedTable(of, set);
    const columns = [...table.columns.values()].map(({ name }) => name).filter((name) => !without.includes(name));
    const rows = await feed().rows<{ v: string[] }>(
      `SELECT ARRAY[${columns.map((name) => `${quoteIdentifier(name)}::text`).join(', ')}] AS v FROM ${table.name} WHERE _deleted_at IS NULL ORDER BY 1`,
    );
    return rows.map((row) => row.v);
  };
  const version = async (set = 'AcmeOrders') =>
    Number((await feed().rows(`SELECT version FROM gateway.set_versions WHERE entity_set = '${set}'`))[0]?.['version']);

  it('a new property, with the number of rows, once', async () => {
    await start(bare);
    await load(bare, [
      ['Id', 'Title', 'Colour'],
      ['1', 'one', 'red'],
      ['2', 'two', ''],
      ['3', 'three', 'blue'],
    ]);
    const before = await version();
    const now = shop({ Title: {}, Colour: {} });
    deepEqual(await start(now), [{ set: 'AcmeOrders', property: 'Colour', rows: 2, left: 0, reason: null }]);
    deepEqual(await rowsOf(now), [
      ['1', 'one', 'red', null],
      ['2', 'two', null, null],
      ['3', 'three', 'blue', null],
    ]);
    equal(await version(), before + 1);
    const versions = await feed().rows(`SELECT _version::int AS v FROM feed."AcmeOrders" ORDER BY "OrderId"`);
    deepEqual(
      versions.map((row) => row['v']),
      [before + 1, before, before + 1],
    );
    deepEqual(await start(now), []);
    equal(await version(), before + 1);
  });

  it('by all rules of headers: aliases, spelling, languages, a blank header by its place', async () => {
    await start(bare);
    await load(bare, [
      ['Id', 'Title', 'kleur_code', '', 'Beste Prijs', 'Left'],
      ['1', 'one', 'red', 'here', '12.5', 'x'],
    ]);
    const now = shop({
      Title: {},
      Colour: { header: 'Colour', aliases: ['Kleur-Code'] },
      Note: { header: 'Note', position: 4 },
      Price: { type: 'Decimal', header: 'Best price', documented: { nl: 'beste prijs' } },
    });
    await start(now);
    deepEqual(await rowsOf(now), [['1', 'one', 'red', 'here', '12.5', '{"Left":"x"}']]);
  });

  it('with the converters of a load: what has no value stays in Extras and is told, and goes when it has one', async () => {
    await start(bare);
    const header = ['Id', 'Title', 'Count', 'Day', 'Clock', 'Kind'];
    await load(bare, [
      header,
      ['1', 'one', '1.0', '2026-01-02', '10:15', 'seven'],
      ['2', 'two', 'many', '03/01/2026', '', '7'],
    ]);
    const properties = {
      Title: {},
      Count: { type: 'Int32' },
      Day: { type: 'Date' },
      At: { type: 'DateTimeOffset', header: 'Clock', encoding: 'moment', joinedTo: 'Day' },
      Kind: { type: 'Int32' },
      KindText: { computed: { kind: 'text-if-not-integer', of: 'Kind' } },
    };
    const now = shop(properties);
    const filled = await start(now);
    deepEqual(
      filled.map(({ property, rows, left, reason }) => [property, rows, left, reason]),
      [
        ['Count', 1, 1, '"many" is not a whole number'],
        ['Day', 1, 1, filled[1]?.reason],
        ['At', 1, 0, null],
        ['Kind', 1, 0, null],
        ['KindText', 1, 0, null],
      ].sort(
        (a, b) => filled.findIndex((one) => one.property === a[0]) - filled.findIndex((one) => one.property === b[0]),
      ),
    );
    const [first, second] = await rowsOf(now);
    deepEqual(first?.slice(2, 4), ['1', '2026-01-02']);
    deepEqual([first?.[5], first?.[6], first?.[7]], [null, 'seven', null]);
    notEqual(first?.[4], null);
    deepEqual([second?.[5], second?.[6], second?.[7]], ['7', null, '{"Count":"many","Day":"03/01/2026"}']);
    const patterns = shop(properties, { more: { fileDefaults: { dateTimePatterns: ['dd/MM/yyyy'] } } });
    await start(patterns);
    const [, again] = await rowsOf(patterns);
    deepEqual([again?.[3], again?.[7]], ['2026-01-03', '{"Count":"many"}']);
  });

  it('a null word is null, and a text too long for an index stays', async () => {
    await start(bare);
    await load(bare, [
      ['Id', 'Title', 'Colour'],
      ['1', 'one', '-'],
      ['2', 'two', 'x'.repeat(2500)],
    ]);
    const now = shop(
      { Title: {}, Colour: { references: 'Customers' } },
      {
        more: { fileDefaults: { nullTokens: ['-'] } },
        customers: { Name: 'Colour', City: 'Title' },
      },
    );
    const filled = await start(now);
    deepEqual(
      filled.map(({ rows, left }) => [rows, left]),
      [[0, 1]],
    );
    deepEqual(
      (await rowsOf(now)).map((row) => [row[2], row.at(-1)?.slice(0, 14) ?? null]),
      [
        [null, null],
        [null, '{"Colour":"xxx'],
      ],
    );
  });

  it('where a file says a property twice, neither cell is guessed', async () => {
    await start(bare);
    await load(bare, [
      ['Id', 'Title', 'Name', 'Heading'],
      ['1', 'one', 'uno', 'eins'],
    ]);
    const now = shop({ Title: { aliases: ['Heading'] }, Colour: { aliases: ['Name', 'Colour'] } });
    await start(now);
    deepEqual(await rowsOf(now), [['1', 'one', 'uno', '{"Heading":"eins"}']]);
  });

  it('a newer file that states the column keeps its word; one that is newer by its row does too', async () => {
    const former = shop({ Title: {}, Colour: {} });
    await start(former);
    await load(
      former,
      [
        ['Id', 'Title', 'Kleur'],
        ['1', 'old', 'red'],
        ['2', 'old', 'red'],
        ['3', 'old', 'red'],
      ],
      1,
    );
    await load(
      former,
      [
        ['Id', 'Title', 'Colour'],
        ['1', 'new', 'green'],
      ],
      2,
    );
    await load(
      former,
      [
        ['Id', 'Title', 'Colour'],
        ['2', 'older', 'blue'],
      ],
      0,
    );
    const now = shop({ Title: {}, Colour: { aliases: ['Kleur'] } });
    await start(now);
    deepEqual(
      (await rowsOf(now)).map((row) => row.slice(0, 3)),
      [
        ['1', 'new', 'green'],
        ['2', 'old', 'red'],
        ['3', 'old', 'red'],
      ],
    );
  });

  it('a cell that an empty one does not overwrite is as new as its file', async () => {
    const properties = { Title: {}, Changed: { type: 'DateTimeOffset' } };
    const write = { mode: 'upsert', winner: 'Changed' };
    const of = (colour: Record<string, unknown>) =>
      shop({ ...properties, Colour: { keepIfEmpty: true, ...colour } }, { write });
    const at = (hour: number) => `2026-01-01T0${hour}:00:00Z`;
    await start(of({}));
    await load(
      of({}),
      [
        ['Id', 'Title', 'Changed', 'Colour'],
        ['1', 'one', at(2), 'green'],
        ['2', 'two', at(2), 'green'],
      ],
      1,
    );
    await load(
      of({}),
      [
        ['Id', 'Title', 'Changed', 'Kleur'],
        ['1', 'one', at(3), 'red'],
      ],
      2,
    );
    const now = of({ aliases: ['Kleur'] });
    await start(now);
    const colours = async () => (await rowsOf(now)).map((row) => row[3]);
    deepEqual(await colours(), ['red', 'green']);
    await load(
      now,
      [
        ['Id', 'Title', 'Changed', 'Colour'],
        ['1', 'late', at(1), 'grey'],
        ['2', 'late', at(1), 'grey'],
      ],
      3,
    );
    deepEqual(await colours(), ['red', 'green']);
    await load(
      now,
      [
        ['Id', 'Title', 'Changed', 'Colour'],
        ['1', 'later', at(4), 'black'],
      ],
      4,
    );
    deepEqual(await colours(), ['black', 'green']);
  });

  it('a property that goes and comes back has what the files said meanwhile', async () => {
    const former = shop({ Title: {}, Colour: {} });
    await start(former);
    const header = ['Id', 'Title', 'Colour'];
    await load(former, [header, ['1', 'one', 'red'], ['2', 'two', 'red'], ['3', 'three', 'red']], 1);
    await start(bare);
    await load(bare, [header, ['1', 'uno', 'blue'], ['2', 'dos', '']], 2);
    await load(
      bare,
      [
        ['Id', 'Title'],
        ['3', 'tres'],
      ],
      3,
    );
    await start(former);
    deepEqual((await rowsOf(former)).slice(0, 2), [
      ['1', 'uno', 'blue', null],
      ['2', 'dos', null, null],
    ]);
    deepEqual(await start(former), []);
  });

  it('what is derived from the property follows, with its version', async () => {
    const customers = { Name: 'Customer', City: 'City' };
    const former = shop({ Title: {}, Customer: { references: 'Customers' }, City: {} }, { customers });
    await start(former);
    await load(former, [
      ['Id', 'Title', 'Klant', 'Stad'],
      ['1', 'one', 'Ann', 'Gent'],
      ['2', 'two', 'Bob', ''],
    ]);
    deepEqual(await rowsOf(former, 'AcmeCustomers'), []);
    const before = await version('AcmeCustomers');
    const now = shop(
      { Title: {}, Customer: { references: 'Customers', aliases: ['Klant'] }, City: { aliases: ['Stad'] } },
      { customers },
    );
    await start(now);
    deepEqual(await rowsOf(now, 'AcmeCustomers'), [
      ['Ann', 'Gent'],
      ['Bob', null],
    ]);
    equal(await version('AcmeCustomers'), before + 1);
  });

  it('what a gateway with the former metadata loads meanwhile is filled at the next start', async () => {
    await start(bare);
    const now = shop({ Title: {}, Colour: {} });
    await start(now);
    await load(bare, [
      ['Id', 'Title', 'Colour'],
      ['1', 'one', 'red'],
    ]);
    deepEqual(
      (await start(now)).map((one) => one.rows),
      [1],
    );
    deepEqual(await rowsOf(now), [['1', 'one', 'red', null]]);
    deepEqual(await start(now), []);
  });

  it('takes one statement where the metadata is as it was', async () => {
    await start(bare);
    const asked: string[] = [];
    const database = Object.create(feed().database, {
      query: {
        value: (text: string) => {
          asked.push(text);
          return feed().database.query(text);
        },
      },
      transaction: { value: () => Promise.reject(new Error('there is nothing to write')) },
    });
    deepEqual(await fillFromExtras(database, bare), []);
    equal(asked.length, 1);
  });

  it('many rows go through in batches, all of them', async () => {
    await start(bare);
    const rows = Array.from({ length: 12_001 }, (_, row) => [String(row), 'title', `c${row % 7}`]);
    await load(bare, [['Id', 'Title', 'Colour'], ...rows]);
    const now = shop({ Title: {}, Colour: {} });
    deepEqual(
      (await start(now)).map((one) => one.rows),
      [12_001],
    );
    const wrong = await feed().rows(
      `SELECT FROM feed."AcmeOrders" WHERE "Colour" IS DISTINCT FROM 'c' || "OrderId" % 7 OR "Extras" IS NOT NULL`,
    );
    equal(wrong.length, 0);
  });

  for (const [title, more] of [
    ['the newer file counts', {}],
    ['the greater winner counts', { winner: true }],
    // What an older file said under a header stays in Extras only where a table notes how new each cell is.
    ...(carries ? [['an empty cell does not overwrite', { kept: true }] as const] : []),
  ] as const) {
    it(`gives what loading all files with the metadata of now gives, whatever columns they have: ${title}`, async () => {
      const { winner = false, kept = false } = more as { winner?: boolean; kept?: boolean };
      const keeping = kept ? { keepIfEmpty: true } : {};
      const changed = winner ? { Changed: { type: 'DateTimeOffset' } } : {};
      const write = { mode: 'upsert', ...(winner ? { winner: 'Changed' } : {}) };
      const of = (properties: Shop['properties']) => shop({ Title: {}, ...changed, ...properties }, { write });
      const now = of({ Colour: { aliases: ['Kleur'], ...keeping }, Count: { type: 'Int32' } });
      const poorer = [of({}), of({ Colour: keeping }), of({ Count: { type: 'Int32' } })];
      const row = fc.record({
        Id: fc.constantFrom('1', '2'),
        Title: fc.constantFrom('', 'a', 'b'),
        Colour: fc.constantFrom('red', 'blue'),
        Count: fc.constantFrom('1', '2'),
        Changed: fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z', '2026-01-02T00:00:00.5Z'),
      });
      const file = fc.record({
        minute: fc.integer({ min: 0, max: 9 }),
        colour: fc.constantFrom('Colour', 'Kleur', null),
        count: fc.boolean(),
        title: fc.boolean(),
        rows: fc.uniqueArray(row, { selector: ({ Id }) => Id, minLength: 1 }),
      });
      type File = typeof file extends fc.Arbitrary<infer T> ? T : never;
      const loadAll = async (catalogue: Catalogue, all: readonly File[]): Promise<void> => {
        for (const { minute, colour, count, title, rows } of all) {
          const columns = [
            ['Id', 'Id'],
            ...(winner ? [['Changed', 'Changed']] : []),
            ...(title ? [['Title', 'Title']] : []),
            ...(colour === null ? [] : [[colour, 'Colour']]),
            ...(count ? [['Count', 'Count']] : []),
          ] as unknown as readonly (readonly [string, keyof File['rows'][number]])[];
          const cells = rows.map((one) => columns.map(([, property]) => one[property]));
          const path = feed().write(
            `orders ${number++}x.csv`,
            csv([columns.map(([header]) => header), ...cells]),
            minute,
          );
          await loadFile({ catalogue, database: feed().database }, path, { source: 'acme', export: 'orders' });
        }
      };
      const empty = async (): Promise<void> => {
        await feed().database.query(
          `DROP SCHEMA feed CASCADE; CREATE SCHEMA feed; GRANT USAGE ON SCHEMA feed TO gateway_reader; DELETE FROM gateway.drift; DELETE FROM gateway.load; DELETE FROM gateway.known_headers`,
        );
      };
      await fc.assert(
        fc.asyncProperty(
          fc
            .uniqueArray(file, { selector: ({ minute }) => minute, minLength: 1, maxLength: 4 })
            .map((all) => [...new Map(all.map((one) => [JSON.stringify({ ...one, minute: 0 }), one])).values()]),
          fc.constantFrom(...poorer),
          fc.nat(4),
          async (all, former, when) => {
            await empty();
            await start(now);
            await loadAll(now, all);
            const expected = await rowsOf(now);
            await empty();
            await start(former);
            await loadAll(former, all.slice(0, when));
            await start(now);
            await loadAll(now, all.slice(when));
            deepEqual(await rowsOf(now), expected);
          },
        ),
        { numRuns: 6 },
      );
    });
  }
});
