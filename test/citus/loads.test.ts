import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { loadFile } from '../../src/ingest/load/load-file.ts';
import type { DatabaseRow } from '../../src/warehouse/database.ts';
import { csv, useFeed } from '../ingest/support/feed.ts';
import { shopCatalogue } from '../ingest/support/shop.ts';
import { asDistributed } from './support/as-distributed.ts';

/** The forms of statements for tables on workers run on any PostgreSQL. */
describe('Loads into tables on workers', () => {
  const feed = useFeed(
    shopCatalogue({
      properties: { Name: {}, City: {}, At: { type: 'DateTimeOffset' } },
      customers: { Name: 'Name', City: 'City' },
    }),
  );
  let number = 0;

  /** Loads orders as into distributed tables, or as into others. Resolves to the statements. */
  async function load(
    isDistributed: boolean,
    rows: readonly (readonly (string | number)[])[],
  ): Promise<readonly string[]> {
    const { database, catalogue, write } = feed();
    const statements: string[] = [];
    const watched = asDistributed(database, isDistributed, (text) => statements.push(text));
    number += 1;
    const file = write(`orders ${number}.csv`, csv([['OrderId', 'Name', 'City', 'At'], ...rows]), number);
    const options = { source: 'acme', export: 'orders', force: true } as const;
    equal((await loadFile({ catalogue, database: watched }, file, options)).state, 'loaded');
    return statements;
  }

  const files = [
    [
      [1, 'Ada', 'Delft', '2026-01-01T00:00:00Z'],
      [2, 'Bob', 'Gouda', '2026-01-01T00:00:00Z'],
      [3, 'Ada', 'Delft', '2026-01-01T00:00:00Z'],
    ],
    [
      [1, 'Ada', 'Breda', '2026-01-02T00:00:00Z'],
      [2, 'Bob', 'Gouda', '2026-01-02T00:00:00Z'],
      [4, 'Cas', 'Ede', '2026-01-02T00:00:00Z'],
    ],
    [[5, 'Ada', 'Assen', '2026-01-03T00:00:00Z']],
  ] as const;

  async function empty(): Promise<void> {
    for (const table of ['feed."AcmeOrders"', 'feed."AcmeCustomers"', 'gateway.load CASCADE']) {
      await feed().rows(`TRUNCATE ${table}`);
    }
  }

  async function stored(isDistributed: boolean): Promise<readonly (readonly DatabaseRow[])[]> {
    await empty();
    for (const rows of files) {
      await load(isDistributed, rows);
    }
    return Promise.all(
      ['Orders" ORDER BY "OrderId"', 'Customers" ORDER BY "Name"'].map((set) =>
        feed().rows(
          `SELECT to_jsonb(t) - '{_row,_version,_load_id,_loaded_at,_stamp}'::text[] AS row FROM feed."Acme${set}`.replace(
            ' ORDER',
            ' t ORDER',
          ),
        ),
      ),
    );
  }

  it('bring the rows that others do', async () => {
    const plain = await stored(false);
    deepEqual(
      plain.map((rows) => rows.length),
      [5, 3],
    );
    deepEqual(await stored(true), plain);
  });

  it('send a worker no more of the file than it needs', async () => {
    await empty();
    await load(true, files[0]);
    const statements = await load(true, [
      [1, 'Ada', 'Ede', '2027-01-02T00:00:00Z'],
      [9, 'Dan', 'Ede', '2027-01-02T00:00:00Z'],
    ]);
    const first = (start: string): string => statements.find((text) => text.startsWith(start)) ?? '';
    match(first('INSERT INTO staged_rows'), /JOIN \(SELECT "OrderId" FROM straight_rows\) o/);
    const update = first('UPDATE feed."AcmeOrders"') || first('UPDATE "feed"."AcmeOrders"');
    ok(update !== '');
    equal(update.replaceAll(/\(SELECT (?:[^()]|\([^()]*\))* OFFSET 0\)/g, '').includes('_rows'), false, update);
  });

  it('are told by the worker what becomes of rows, and not what these hold', async () => {
    await empty();
    await load(true, files[0]);
    const statements = await load(true, [
      [1, 'Ada', 'Ede', '2027-01-02T00:00:00Z'],
      [9, 'Dan', 'Ede', '2027-01-02T00:00:00Z'],
    ]);
    const decided = statements.find((text) => text.startsWith('CREATE TEMP TABLE decided_rows')) ?? '';
    const [, told = '', joined = ''] =
      / LEFT JOIN \(SELECT (.*) FROM (staged_rows s CROSS JOIN .*) OFFSET 0\) m /.exec(decided) ?? [];
    match(
      joined,
      /^staged_rows s CROSS JOIN LATERAL \(SELECT \* FROM "feed"\."AcmeOrders" k WHERE s\."OrderId" = k\."OrderId" OFFSET 0\) t WHERE s\._code IS NULL$/,
    );
    match(
      told,
      /^s\._line, t\._row AS _target, CASE .* END AS _action, coalesce\(t\._place >> 31, t\._load_id\) AS _load/,
    );
    equal(decided.split('AcmeOrders').length, 2);
    equal(/gateway\.load/.test(told), false, 'what the ledger says is not sent to the worker');
  });

  it('ask for a set to which some of the changed rows say something else', async () => {
    const again = [
      [1, 'Ada', 'Delft', '2027-01-02T00:00:00Z'],
      [3, 'Ada', 'Ede', '2027-01-03T00:00:00Z'],
    ] as const;
    const cities = async (isDistributed: boolean): Promise<readonly DatabaseRow[]> => {
      await empty();
      await load(isDistributed, files[0]);
      await load(isDistributed, again);
      return feed().rows('SELECT "Name", "City" FROM feed."AcmeCustomers" ORDER BY 1');
    };
    const expected = [
      { Name: 'Ada', City: 'Ede' },
      { Name: 'Bob', City: 'Gouda' },
    ];
    deepEqual(await cities(false), expected);
    deepEqual(await cities(true), expected);
  });

  it('bring rows that change, and what is known of things, to the coordinator once', async () => {
    await empty();
    await load(true, files[0]);
    const statements = await load(true, [[10, 'Ada', 'Tiel', '2027-02-02T00:00:00Z']]);
    const known = statements.filter(
      (text) => /AcmeCustomers"/.test(text) && /JOIN \(SELECT DISTINCT "Name" FROM "said_/.test(text),
    );
    equal(known.length, 1);
    const rows = statements.filter((text) => /AcmeOrders" t WHERE t\._version/.test(text));
    equal(rows.length, 1, rows.join('\n'));
    match(
      rows[0] ?? '',
      /^CREATE TEMP TABLE "after_AcmeOrders" ON COMMIT DROP AS SELECT t\."Name", t\."City", t\."OrderId", t\."_row"/,
    );
    const settled = statements.filter((text) => text.startsWith('CREATE TEMP TABLE "settled_AcmeCustomers"'));
    equal(settled.length, 1);
    equal(settled[0]?.replace('"settled_AcmeCustomers"', '').includes('feed'), false);
  });

  it('write things whose new row is known from where that was found out, without a table more', async () => {
    for (const isDistributed of [false, true]) {
      await empty();
      await load(isDistributed, files[0]);
      const statements = await load(isDistributed, [[10, 'Ada', 'Tiel', '2027-02-02T00:00:00Z']]);
      const written = statements.filter((text) => text.startsWith('UPDATE "feed"."AcmeCustomers"'));
      equal(written.length, 1);
      match(written[0] ?? '', / FROM "settled_AcmeCustomers" m WHERE /);
      deepEqual(
        statements.filter((text) => text.includes('"made_AcmeCustomers"')),
        [],
      );
      deepEqual(await feed().rows(`SELECT "City" FROM feed."AcmeCustomers" WHERE "Name" = 'Ada'`), [{ City: 'Tiel' }]);
    }
  });

  it('ask nothing of a dimension that holds nothing, and add its rows', async () => {
    await empty();
    const statements = await load(true, files[0]);
    const asked = statements.filter((text) => text.includes('"AcmeCustomers"') && !text.includes('_AcmeCustomers"'));
    deepEqual(
      asked.filter((text) => !/^(?:INSERT INTO|SELECT 1 FROM|SELECT ARRAY\[EXISTS)/.test(text)),
      [],
    );
    const added = statements.filter((text) => text.startsWith('INSERT INTO "feed"."AcmeCustomers"'));
    equal(added.length, 1);
    match(added[0] ?? '', / FROM "made_AcmeCustomers" m ORDER BY /);
  });

  it('leave tables of the session until the transaction ends, and publish all versions beside the rows at once', async () => {
    await empty();
    await load(true, files[0]);
    const statements = await load(true, files[1]);
    const place = (start: string): number => statements.findIndex((text) => text.startsWith(start));
    deepEqual(
      statements.filter((text) => text.startsWith('DROP TABLE')),
      [],
    );
    const published = statements.filter((text) => text.startsWith('INSERT INTO gateway.set_versions'));
    equal(published.length, 2);
    equal(statements.filter((text) => text.startsWith('UPDATE gateway.set_versions')).length, 1);
    const order = [
      "SET LOCAL gateway.copied_later = 'on'",
      'INSERT INTO gateway.set_versions',
      "SET LOCAL gateway.copied_later = 'off'",
      'UPDATE gateway.set_versions',
    ].map(place);
    deepEqual(
      order,
      [...order].sort((a, b) => a - b),
    );
    ok(order.every((one) => one >= 0));
    const others = await load(false, [[11, 'Eva', 'Goes', '2027-03-02T00:00:00Z']]);
    equal(
      others.some((text) => text.startsWith('SET LOCAL gateway.') || text.startsWith('UPDATE gateway.set_versions')),
      false,
    );
  });

  it('ask of all workers no lock for a table that is placed, which cannot be filled beside itself', async () => {
    const { rows } = feed();
    const long = 'x'.repeat(2000);
    const many = (first: number) =>
      Array.from({ length: 600 }, (_, index) => [first + index, long, 'Ede', '2027-01-02T00:00:00Z'] as const);
    const locks = async (first: number): Promise<number> => {
      await empty();
      return (await load(true, many(first))).filter((text) => text.startsWith('LOCK TABLE')).length;
    };
    await rows('CREATE TABLE pg_dist_partition (logicalrelid regclass)');
    try {
      ok((await locks(1000)) > 0);
      await rows(`INSERT INTO pg_dist_partition VALUES ('feed."AcmeOrders"'), ('feed."AcmeCustomers"')`);
      equal(await locks(2000), 0);
    } finally {
      await rows('DROP TABLE pg_dist_partition');
    }
  });
});
