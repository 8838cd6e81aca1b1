import { deepEqual, equal, match, notEqual, ok, rejects } from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Catalogue } from '../../src/catalogue/catalogue.ts';
import type { GatewayError } from '../../src/errors.ts';
import { fillFromExtras } from '../../src/ingest/back-fill/fill-from-extras.ts';
import { scanDropFolder } from '../../src/ingest/delivery/folder/drop-folder.ts';
import { remakeDerived } from '../../src/ingest/derive/remake-derived.ts';
import { loadFile } from '../../src/ingest/load/load-file.ts';
import { type RebuildOptions, rebuildSets } from '../../src/ingest/rebuild/rebuild-sets.ts';
import { storedTable } from '../../src/ingest/stored/stored-table.ts';
import type { IngestEvent } from '../../src/observation/events/ingest.ts';
import { quoteIdentifier } from '../../src/sql/identifier.ts';
import { provision } from '../../src/warehouse/tables/provision.ts';
import { until } from '../support/until.ts';
import { csv, exportFile, useFeed } from './support/feed.ts';
import { servedRows } from './support/random-files.ts';
import { type Shop, shopCatalogue } from './support/shop.ts';

describe('B2 A rebuild reads files as loads do', () => {
  const feed = useFeed();
  const rebuild = (...sets: string[]) =>
    rebuildSets({ database: feed().database, catalogue: feed().catalogue, sets, folders: [] });

  it('A2 A4 A6 A13 what is no row in a load is none in a rebuild, and a habit is one', async () => {
    const [header = '', row = ''] = exportFile('sparkcentral/contact-attributes', [
      { ContactProfileId: 'cp-1', AttributeId: 'x', AttributeName: 'a' },
    ]).split('\n');
    const lines = [
      header,
      header.replaceAll(/[^,]/g, '-'),
      `${row},`,
      header,
      '',
      ',,,',
      `${row.replace('cp-1', 'cp-2')},`,
    ];
    const text = `${lines.join('\r\n')}\r\n(2 rows affected)\r\n\0\0\u001a`;
    await feed().load('joined.csv', text, { source: 'sparkcentral', export: 'contact-attributes' });
    const state = async () => [
      await servedRows(feed(), 'SparkcentralContactAttributes'),
      await servedRows(feed(), 'SparkcentralContacts'),
      await feed().rows(`SELECT rows_read::int, rows_rejected::int, message FROM gateway.load`),
    ];
    const before = await state();
    deepEqual(
      [before[0]?.length, before[2]?.[0]],
      [
        2,
        {
          rows_read: 2,
          rows_rejected: 0,
          message: 'One line that repeats the header was passed over: several files seem to be joined to this one.',
        },
      ],
    );
    deepEqual(await rebuild('SparkcentralContactAttributes'), [
      { set: 'SparkcentralContactAttributes', files: 1, rows: 2, rejected: 0, replaced: false },
    ]);
    deepEqual(await state(), before);
  });

  it('B4 what an older file of a restated period says of a column that the newer one lacks stays', async () => {
    const metrics = { source: 'sparkcentral', export: 'team-metrics', period: '2026-01-01..2026-01-02' };
    const whole = exportFile('sparkcentral/team-metrics', [
      { TeamId: 't', TeamName: 'Web', ResolvesWithReplyCount: 4 },
    ]);
    await feed().load('metrics 1.csv', whole, { ...metrics, minute: 1 });
    await feed().load(
      'metrics 2.csv',
      csv([
        ['Team ID', 'Team Name'],
        ['t', 'Web 2'],
      ]),
      { ...metrics, minute: 2 },
    );
    const before = await servedRows(feed(), 'SparkcentralTeamMetrics');
    await rebuild('SparkcentralTeamMetrics');
    deepEqual(await servedRows(feed(), 'SparkcentralTeamMetrics'), before);
    deepEqual(
      await feed().rows(
        `SELECT "TeamName" AS name, "ResolvesWithReplyCount"::int AS n FROM feed."SparkcentralTeamMetrics"`,
      ),
      [{ name: 'Web 2', n: 4 }],
    );
  });
});

describe('B2 `gateway rebuild`', () => {
  const id = { type: 'Int64', header: 'Id' };
  const shop = (properties: Shop['properties'], more: Partial<Shop> = {}): Catalogue =>
    shopCatalogue({ key: id, properties, ...more });
  const former = shop({ Title: {}, Count: {} });
  const now = shop({ Title: {}, Count: { type: 'Int32' } });
  const feed = useFeed(former);
  const reading = { timeout: 20_000, signal: new AbortController().signal };

  beforeEach(async () => {
    await feed().database.query(
      `DROP SCHEMA feed CASCADE; CREATE SCHEMA feed; GRANT USAGE ON SCHEMA feed TO gateway_reader; DELETE FROM gateway.reject; DELETE FROM gateway.drift; DELETE FROM gateway.load; DELETE FROM gateway.tombstones; DELETE FROM gateway.set_versions; DELETE FROM gateway.derivation; DELETE FROM gateway.known_headers`,
    );
    for (const name of readdirSync(feed().folder)) {
      rmSync(path.join(feed().folder, name), { recursive: true });
    }
    await start(former);
  });

  const start = async (of: Catalogue) => {
    await provision(feed().database, of);
    await fillFromExtras(feed().database, of);
    await remakeDerived(feed().database, of);
  };
  const load = async (of: Catalogue, name: string, rows: readonly (readonly string[])[], minute = 0) => {
    const file = feed().write(name, csv(rows), minute);
    const result = await loadFile({ catalogue: of, database: feed().database }, file, {
      source: 'acme',
      export: 'orders',
      force: true,
    });
    equal(result.state, 'loaded', JSON.stringify(result));
    return file;
  };
  const rebuild = (catalogue: Catalogue, more: Partial<RebuildOptions> = {}) =>
    rebuildSets({ database: feed().database, catalogue, sets: ['AcmeOrders'], folders: [], ...more });
  const rowsOf = async (of: Catalogue, set = 'AcmeOrders') => {
    const table = storedTable(of, set);
    const columns = [...table.columns.values()].map(({ name }) => `${quoteIdentifier(name)}::text`);
    const rows = await feed().rows<{ v: string[] }>(
      `SELECT ARRAY[${columns.join(', ')}] AS v FROM ${table.name} ORDER BY 1`,
    );
    return rows.map((row) => row.v);
  };
  /** As the feed reads. */
  const read = (text: string) => feed().database.read(async (session) => (await session.query(text)).rows, reading);
  const header = ['Id', 'Title', 'Count'];

  it('after a type changed: the old rows serve until the new are whole, in file-time order, with rejects and ledger', async () => {
    await load(former, 'b.csv', [header, ['1', 'newer', '2'], ['2', 'two', 'many']], 2);
    await load(former, 'a.csv', [header, ['1', 'older', '1'], ['3', 'three', '3']], 1);
    await rejects(start(now), { code: 'ProvisionRefused', message: /gateway rebuild AcmeOrders/ });
    const seen: unknown[] = [];
    const observe = () => seen.push(read(`SELECT "Count" FROM feed."AcmeOrders" ORDER BY "OrderId"`));
    deepEqual(await rebuild(now, { observe }), [{ set: 'AcmeOrders', files: 2, rows: 4, rejected: 1, replaced: true }]);
    ok(seen.length > 0);
    for (const rows of await Promise.all(seen)) {
      deepEqual(rows, [{ Count: '2' }, { Count: 'many' }, { Count: '3' }]);
    }
    await start(now);
    deepEqual(await rowsOf(now), [
      ['1', 'newer', '2', null],
      ['3', 'three', '3', null],
    ]);
    deepEqual(
      await feed().rows(
        `SELECT file_name, rows_inserted::int AS i, rows_unchanged::int AS u, rows_rejected::int AS r FROM gateway.load ORDER BY 1`,
      ),
      [
        { file_name: 'a.csv', i: 2, u: 0, r: 0 },
        { file_name: 'b.csv', i: 0, u: 0, r: 1 },
      ],
    );
    deepEqual(await feed().rows(`SELECT line::int, code, state FROM gateway.reject`), [
      { line: 3, code: 'INVALID_INTEGER', state: 'open' },
    ]);
  });

  it('rows that stay keep their number, and the history of a replaced table begins anew', async () => {
    await load(former, 'a.csv', [header, ['1', 'one', '1'], ['2', 'two', 'x'], ['3', 'three', '3']]);
    const numbers = () =>
      feed().rows(`SELECT "OrderId"::int AS id, _row::int AS row FROM feed."AcmeOrders" ORDER BY 1`);
    const history = () =>
      feed().rows(`SELECT version::int, epoch::text FROM gateway.set_versions WHERE entity_set = 'AcmeOrders'`);
    const [before] = await history();
    const rows = await numbers();
    await rebuild(now);
    await start(now);
    deepEqual(
      await numbers(),
      rows.filter((row) => row['id'] !== 2),
    );
    const [after] = await history();
    ok(Number(after?.['version']) > Number(before?.['version']));
    notEqual(after?.['epoch'], before?.['epoch']);
    await load(now, 'b.csv', [header, ['4', 'four', '4']], 1);
    ok(Number((await numbers()).at(-1)?.['row']) > 3);
    const newest = await feed().rows(`SELECT max(_version)::int AS v FROM feed."AcmeOrders"`);
    deepEqual((await history())[0]?.['version'], newest[0]?.['v']);
    deepEqual((await provision(feed().database, now)).changes, []);
  });

  it('a key that changed, and what is derived from the set, each with a table of its own', async () => {
    const customers = { Name: 'Customer', City: 'City' };
    const properties = { Customer: { references: 'Customers' }, City: {} };
    const old = shop({ ...properties }, { customers });
    const other = shopCatalogue({ key: { type: 'String', header: 'Id' }, properties, customers });
    await feed().database.query(
      'DROP SCHEMA feed CASCADE; CREATE SCHEMA feed; GRANT USAGE ON SCHEMA feed TO gateway_reader',
    );
    await start(old);
    await load(old, 'a.csv', [
      ['Id', 'Customer', 'City'],
      ['1', 'Ann', 'Gent'],
      ['02', 'Bob', 'Ieper'],
    ]);
    await rebuild(other);
    await start(other);
    deepEqual(await rowsOf(other), [
      ['02', 'Bob', 'Ieper', null],
      ['1', 'Ann', 'Gent', null],
    ]);
    deepEqual(await rowsOf(other, 'AcmeCustomers'), [
      ['Ann', 'Gent'],
      ['Bob', 'Ieper'],
    ]);
    await feed().database.query(`ALTER TABLE feed."AcmeCustomers" ALTER COLUMN "City" TYPE bigint USING 1`);
    await rejects(start(other), { code: 'ProvisionRefused', message: /gateway rebuild AcmeCustomers$/ });
    await rejects(rebuild(other), { code: 'ProvisionRefused', message: /gateway rebuild AcmeOrders AcmeCustomers$/ });
    await rebuild(other, { sets: ['AcmeOrders', 'AcmeCustomers'] });
    await start(other);
    deepEqual(await rowsOf(other, 'AcmeCustomers'), [
      ['Ann', 'Gent'],
      ['Bob', 'Ieper'],
    ]);
  });

  it('a file that is nowhere stops it with the list, and nothing is touched; it is found below --from by its bytes', async () => {
    const a = await load(former, 'a.csv', [header, ['1', 'one', '1']]);
    const b = await load(former, 'b.csv', [header, ['2', 'two', '2']], 1);
    const elsewhere = path.join(feed().folder, 'elsewhere', 'deep');
    mkdirSync(elsewhere, { recursive: true });
    renameSync(a, path.join(elsewhere, 'other name.txt'));
    rmSync(b);
    feed().write('b.csv', csv([header, ['2', 'two', '9']]), 1);
    const state = async () => [
      await feed().rows(`SELECT * FROM gateway.load ORDER BY load_id`),
      await rowsOf(former),
      await feed().rows(`SELECT oid::text FROM pg_class WHERE relnamespace = 'feed'::regnamespace ORDER BY 1`),
    ];
    const before = await state();
    const missing = async (folders: readonly string[]): Promise<string> => {
      const error = await rebuild(now, { folders }).catch((thrown: GatewayError) => thrown);
      ok('code' in error && error.code === 'FilesMissing');
      return error.message;
    };
    match(await missing([]), /^2 files [\s\S]*- a\.csv \(load \d+ of acme\/orders, SHA-256 [0-9a-f]{64}\)\n- b\.csv/);
    match(await missing([path.join(feed().folder, 'elsewhere')]), /^1 files [\s\S]*\n- b\.csv/);
    deepEqual(await state(), before);
    feed().write('elsewhere/b again.csv', csv([header, ['2', 'two', '2']]));
    await rebuild(now, { folders: [path.join(feed().folder, 'elsewhere')] });
    await start(now);
    deepEqual(
      (await rowsOf(now)).map((row) => row[2]),
      ['1', '2'],
    );
  });

  it('ended in the middle it leaves the old state, and a second run works', async () => {
    await load(former, 'a.csv', [header, ['1', 'one', '1']]);
    await load(former, 'b.csv', [header, ['2', 'two', '2'], ['3', 'three', 'x']], 1);
    const state = async () => [
      await feed().rows(`SELECT * FROM gateway.load ORDER BY load_id`),
      await rowsOf(former),
      await feed().rows(`SELECT relname FROM pg_class WHERE relnamespace = 'feed'::regnamespace ORDER BY 1`),
      await feed().rows(`SELECT * FROM gateway.set_versions ORDER BY 1`),
      await feed().rows(`SELECT * FROM gateway.reject`),
    ];
    const before = await state();
    const observe = (one: IngestEvent) => {
      if (one.event === 'load-progress' && one.file.endsWith('b.csv')) {
        throw new Error('killed');
      }
    };
    await rejects(rebuild(now, { observe }), /killed/);
    deepEqual(await state(), before);
    await start(former);
    await rebuild(now);
    await start(now);
    equal((await rowsOf(now)).length, 2);
  });

  it('a reader that began before the new table finds it closed, never empty; it opens with the gateway of its metadata', async () => {
    await load(former, 'a.csv', [header, ['1', 'one', '1']]);
    await feed().database.read(async (session) => {
      await session.query('SELECT version FROM gateway.set_versions');
      await rebuild(now);
      await rejects(session.query(`SELECT * FROM feed."AcmeOrders"`), { code: 'RestartNeeded' });
    }, reading);
    await provision(feed().database, now, { opens: false });
    await rejects(read(`SELECT * FROM feed."AcmeOrders"`), { code: 'RestartNeeded' });
    await provision(feed().database, now);
    equal((await read(`SELECT * FROM feed."AcmeOrders"`)).length, 1);
  });

  it('a gateway that runs with the former metadata loads nothing into the new table: its files wait for the restart', async () => {
    await load(former, 'a.csv', [header, ['1', 'one', '1']]);
    await rebuild(now);
    const root = path.join(feed().folder, 'drop');
    const file = feed().write('drop/orders next.csv', csv([header, ['2', 'two', '2']]), 1);
    const context = { database: feed().database };
    const first = await scanDropFolder({ ...context, catalogue: former }, root, { settle: 0 });
    deepEqual(
      first.results.map((one) => one.state === 'failed' && [one.error.code, one.movedTo]),
      [['RestartNeeded', null]],
    );
    ok(existsSync(file));
    await start(now);
    equal((await scanDropFolder({ ...context, catalogue: now }, root, { settle: 0 })).results[0]?.state, 'loaded');
    equal((await rowsOf(now)).length, 2);
  });

  it('waits for readers of the old table, and lets others read meanwhile', async () => {
    await load(former, 'a.csv', [header, ['1', 'one', '1']]);
    let work: Promise<unknown> = Promise.resolve();
    await feed().database.read(async (session) => {
      await session.query(`SELECT * FROM feed."AcmeOrders"`);
      work = rebuild(now);
      await until(
        'it waits for the lock',
        async () => (await read('SELECT FROM pg_locks WHERE NOT granted')).length > 0,
      );
      equal((await read(`SELECT * FROM feed."AcmeOrders"`)).length, 1);
      equal((await session.query(`SELECT * FROM feed."AcmeOrders"`)).rows.length, 1);
    }, reading);
    await work;
    await start(now);
    equal((await rowsOf(now))[0]?.[2], '1');
  });

  it('a load that comes meanwhile waits, and is in the new table', async () => {
    await load(former, 'a.csv', [header, ['1', 'one', '1']]);
    let late: Promise<unknown> | null = null;
    const observe = () => {
      late ??= load(former, 'late.csv', [header, ['1', 'late', '7'], ['2', 'two', '2']], 9);
    };
    const same = shop({ Title: {}, Count: {} }, { more: { fileDefaults: { nullTokens: ['one'] } } });
    deepEqual(
      (await rebuild(same, { observe })).map((one) => one.replaced),
      [false],
    );
    await late;
    deepEqual(
      (await rowsOf(same)).map((row) => row.slice(0, 3)),
      [
        ['1', 'late', '7'],
        ['2', 'two', '2'],
      ],
    );
  });

  it('a load that was at work when it began is in the new table: its file is taken up once it has ended', async () => {
    await load(former, 'a.csv', [header, ['1', 'one', '1']]);
    const { database } = feed();
    // The files are looked for, and then the sets are locked: here the load ends in between.
    const between = new Proxy(database, {
      get: (of, name) =>
        name === 'transaction'
          ? async (work: Parameters<typeof database.transaction>[0]) => {
              await load(former, 'late.csv', [header, ['1', 'late', '7'], ['2', 'two', '2']], 9).catch(() => {});
              return of.transaction(work);
            }
          : Reflect.get(of, name).bind(of),
    });
    const same = shop({ Title: {}, Count: {} }, { more: { fileDefaults: { nullTokens: ['one'] } } });
    deepEqual(
      (await rebuild(same, { database: between })).map((one) => one.files),
      [2],
    );
    deepEqual(
      (await rowsOf(same)).map((row) => row.slice(0, 3)),
      [
        ['1', 'late', '7'],
        ['2', 'two', '2'],
      ],
    );
  });

  it('a table whose columns stay is changed row by row: readers and followers see what changed, and only that', async () => {
    await load(former, 'a.csv', [header, ['1', 'one', '1'], ['2', '-', '2'], ['-', 'three', '3']]);
    const [before] = await feed().rows(
      `SELECT version::int AS v, epoch::text FROM gateway.set_versions WHERE entity_set = 'AcmeOrders'`,
    );
    const same = shop({ Title: {}, Count: {} }, { more: { fileDefaults: { nullTokens: ['-'] } } });
    await rebuild(same);
    const [after] = await feed().rows(
      `SELECT version::int AS v, epoch::text FROM gateway.set_versions WHERE entity_set = 'AcmeOrders'`,
    );
    deepEqual(after, { v: Number(before?.['v']) + 1, epoch: before?.['epoch'] });
    deepEqual(
      await feed().rows(
        `SELECT "OrderId"::int AS id, "Title" AS t, _version::int AS v FROM feed."AcmeOrders" ORDER BY 1`,
      ),
      [
        { id: 1, t: 'one', v: before?.['v'] },
        { id: 2, t: null, v: after?.['v'] },
      ],
    );
  });

  it('a file that does not fit the metadata of now is named, and nothing is changed', async () => {
    await load(former, 'a.csv', [header, ['1', 'one', '1']]);
    const renamed = shop({ Title: { header: 'Name', required: true }, Count: { type: 'Int32' } });
    await rejects(rebuild(renamed), { code: 'RebuildRefused', message: /a\.csv \(load \d+\) .*HeaderMissing.*Name/ });
    await rejects(rebuild(now, { sets: ['Nothing'] }), { code: 'RebuildRefused', message: /AcmeOrders/ });
    await rejects(rebuild(now, { sets: ['Loads'] }), { code: 'RebuildRefused' });
    await start(former);
    equal((await rowsOf(former)).length, 1);
  });

  it('takes the files of all exports that write the set, and refuses to lose those of one that is not described', async () => {
    const two: Catalogue = {
      ...former,
      exports: [...former.exports, ...former.exports.map((one) => ({ ...one, name: 'orders-of-old' }))],
    };
    await load(two, 'a.csv', [header, ['1', 'one', '1']]);
    const file = feed().write('old.csv', csv([header, ['2', 'two', '2']]), 1);
    await loadFile({ catalogue: two, database: feed().database }, file, { source: 'acme', export: 'orders-of-old' });
    await rejects(rebuild(now), { code: 'RebuildRefused', message: /acme\/orders-of-old/ });
    const both: Catalogue = {
      ...now,
      exports: [...now.exports, ...now.exports.map((one) => ({ ...one, name: 'orders-of-old' }))],
    };
    deepEqual(
      (await rebuild(both)).map((one) => one.files),
      [2],
    );
    await start(both);
    equal((await rowsOf(both)).length, 2);
  });

  it('bytes that were loaded again by request count once, with their rejects', async () => {
    const file = await load(former, 'a.csv', [header, ['1', 'one', 'x'], ['2', 'two', '2']]);
    await loadFile({ catalogue: former, database: feed().database }, file, {
      source: 'acme',
      export: 'orders',
      again: true,
    });
    deepEqual(
      (await rebuild(now)).map((one) => [one.files, one.rejected]),
      [[2, 2]],
    );
    deepEqual(await feed().rows(`SELECT state FROM gateway.reject ORDER BY load_id`), [
      { state: 'dismissed' },
      { state: 'open' },
    ]);
  });
});
