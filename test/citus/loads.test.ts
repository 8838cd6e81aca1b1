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
      / LEFT JOIN \(SELECT (.*) FROM (staged_rows s JOIN .*) OFFSET 0\) m /.exec(decided) ?? [];
    match(joined, /^staged_rows s JOIN "feed"\."AcmeOrders" t ON .* WHERE s\._code IS NULL$/);
    match(
      told,
      /^s\._line, t\._row AS _target, CASE .* END AS _action, coalesce\(t\._place >> 31, t\._load_id\) AS _load/,
    );
    equal(decided.split('AcmeOrders').length, 2);
    equal(/gateway\.load/.test(told), false, 'what the ledger says is not sent to the worker');
  });

  it('bring what is known of things to the coordinator once', async () => {
    await empty();
    await load(true, files[0]);
    const statements = await load(true, [[10, 'Ada', 'Tiel', '2027-02-02T00:00:00Z']]);
    const known = statements.filter(
      (text) => /AcmeCustomers"/.test(text) && /JOIN \(SELECT DISTINCT "Name" FROM "said_/.test(text),
    );
    equal(known.length, 1);
    const settled = statements.filter((text) => text.startsWith('CREATE TEMP TABLE "settled_AcmeCustomers"'));
    equal(settled.length, 1);
    equal(settled[0]?.replace('"settled_AcmeCustomers"', '').includes('feed'), false);
  });
});
