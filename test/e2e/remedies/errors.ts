import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { ErrorCode } from '../../../src/error-catalogue.ts';
import { zipOf } from '../../ingest/support/zips.ts';
import { printed, type SetFile, type World } from './world.ts';

const id = { type: 'Int64', header: 'Id' };
const orders: SetFile = {
  set: 'Orders',
  files: [{ name: '^orders', example: 'orders.csv' }],
  key: ['OrderId'],
  properties: { OrderId: id, Title: {}, Count: {} },
};
const stock: SetFile = {
  ...orders,
  set: 'Stock',
  files: [{ name: '^stock', example: 'stock.csv' }],
  write: { mode: 'snapshot', missing: 'keep' },
};
const visits: SetFile = {
  set: 'Visits',
  files: [{ name: '^visits', example: 'visits_{from}_{to}.csv' }],
  period: { name: '^visits_(?<from>\\d{8})_(?<to>\\d{8})', format: 'yyyyMMdd' },
  key: ['From', 'Place'],
  write: { mode: 'restate', period: ['From'] },
  properties: {
    From: { type: 'DateTimeOffset', computed: { kind: 'period', bound: 'start' } },
    Place: { header: 'Place' },
    Count: { type: 'Int32', header: 'Visitors' },
  },
};
const table = (header: string, count: number, row: (number: number) => string): string =>
  [header, ...Array.from({ length: count }, (_, index) => row(index + 1)), ''].join('\n');
const orderRows = (count: number): string => table('Id,Title,Count', count, (row) => `${row},title ${row},${row}`);
const visitRows = (count: number): string => table('Place,Visitors', count, (row) => `place ${row},${row}`);
const countOf = (world: World, set: string): Promise<readonly string[]> =>
  world.rows(`SELECT count(*) FROM feed."Acme${set}" WHERE _deleted_at IS NULL`);

/** What each code says to do, done: first it comes, then the remedy is carried out as it is printed, and it has gone. */
export const errorScenarios: Partial<Record<ErrorCode, (world: World) => Promise<void>>> = {
  FileUnreadable: async (world) => {
    world.metadata('orders', orders);
    const file = path.join(world.folder, 'orders.csv');
    await world.fails('FileUnreadable', `gateway ingest ${file}`);
    world.file('orders.csv', orderRows(1));
    await world.works(`gateway ingest ${file}`);
    assert.deepEqual(await countOf(world, 'Orders'), ['1']);
  },
  FileNotCsv: async (world) => {
    world.metadata('orders', orders);
    const packed = world.file('orders.csv.gz', gzipSync(gzipSync(orderRows(1))));
    assert.match(await world.fails('FileNotCsv', `gateway ingest ${packed}`), /gzip archive.*Unpack it/);
    const inner = gunzipSync(readFileSync(packed));
    await world.works(`gateway ingest ${world.file('orders.csv', gunzipSync(inner))}`);
    assert.deepEqual(await countOf(world, 'Orders'), ['1']);
  },
  ContainerDamaged: async (world) => {
    world.metadata('orders', orders);
    const whole = gzipSync(orderRows(1));
    const file = world.file('orders.csv.gz', whole.subarray(0, whole.length - 4));
    await world.fails('ContainerDamaged', `gateway ingest ${file}`);
    world.file('orders.csv.gz', whole);
    await world.works(`gateway ingest ${file}`);
    assert.deepEqual(await countOf(world, 'Orders'), ['1']);
  },
  MemberNotTaken: async (world) => {
    world.metadata('orders', orders);
    const member = { name: 'orders.csv', text: orderRows(1) };
    const file = world.file('daily.zip', zipOf([{ ...member, flags: 1 }]));
    assert.match(await world.fails('MembersRefused', `gateway ingest ${file}`), /MemberNotTaken.*without a password/);
    world.file('daily.zip', zipOf([member]));
    await world.works(`gateway ingest ${file}`);
    assert.deepEqual(await countOf(world, 'Orders'), ['1']);
  },
  MembersRefused: async (world) => {
    world.metadata('orders', orders);
    const member = { name: 'orders.csv', text: orderRows(1) };
    const page = { name: 'orders-2.csv', text: '<html><title>502</title></html>' };
    const file = world.file('daily.zip', zipOf([member, page]));
    assert.match(await world.fails('MembersRefused', `gateway ingest ${file}`), /FileNotCsv.*502/);
    world.file(
      'daily.zip',
      zipOf([member, { name: 'orders-2.csv', text: table('Id,Title,Count', 1, () => '9,nine,9') }]),
    );
    await world.works(`gateway ingest ${file}`);
    assert.deepEqual(await countOf(world, 'Orders'), ['2']);
  },
  FileJoined: async (world) => {
    world.metadata('orders', orders);
    const lines = ['Id,Title,Count', '1,one,1', 'Count,Title,Id', '2,two,2'];
    const output = await world.fails('FileJoined', `gateway ingest ${world.file('orders.csv', lines.join('\n'))}`);
    const line = Number(/line (\d+)/.exec(output)?.[1]);
    await world.works(`gateway ingest ${world.file('orders-1.csv', lines.slice(0, line - 1).join('\n'))}`);
    await world.works(`gateway ingest ${world.file('orders-2.csv', lines.slice(line - 1).join('\n'))}`);
    assert.deepEqual(await countOf(world, 'Orders'), ['2']);
  },
  HeaderUnreadable: async (world) => {
    world.metadata('orders', orders);
    await world.fails('HeaderUnreadable', `gateway ingest ${world.file('orders.csv', '"Id,Title,Count\n1,one,1\n')}`);
    await world.works(`gateway ingest ${world.file('orders.csv', '"Id",Title,Count\n1,one,1\n')}`);
    assert.deepEqual(await countOf(world, 'Orders'), ['1']);
  },
  FileUnknown: async (world) => {
    world.metadata('orders', orders);
    const file = world.file('report.csv', 'Id,Colour,Size\n1,red,2\n');
    await world.fails('FileUnknown', `gateway ingest ${file}`);
    await world.works(`gateway ingest --source acme --export orders ${file}`);
    const other = world.file('other.csv', 'Id,Colour,Size\n2,red,2\n');
    await world.fails('FileUnknown', `gateway ingest ${other}`);
    world.metadata('orders', {
      ...orders,
      properties: { OrderId: id, Title: { aliases: ['Colour'] }, Count: { aliases: ['Size'] } },
    });
    await world.works(`gateway ingest ${other}`);
    assert.deepEqual(await world.rows(`SELECT "OrderId", "Title", "Count" FROM feed."AcmeOrders" ORDER BY 1`), [
      '1|red|2',
      '2|red|2',
    ]);
  },
  FileEmpty: async (world) => {
    world.metadata('orders', orders);
    const file = world.file('export.csv', '');
    await world.fails('FileEmpty', `gateway ingest ${file}`);
    await world.works(`gateway ingest --source acme --export orders ${file}`);
  },
  FileAmbiguous: async (world) => {
    world.metadata('orders', orders);
    world.metadata('orders', orders, 'beta');
    const file = world.file('drop/orders.csv', orderRows(1));
    const output = await world.fails('FileAmbiguous', `gateway ingest ${file}`);
    const line = /gateway ingest --source \S+ orders\.csv/.exec(output)?.[0];
    assert.ok(line !== undefined, output);
    await world.works(line.replace('orders.csv', file));
    mkdirSync(path.join(world.folder, 'drop/beta'));
    renameSync(file, path.join(world.folder, 'drop/beta/orders.csv'));
    await world.works(`gateway ingest ${path.join(world.folder, 'drop')}`);
    assert.deepEqual(await world.rows(`SELECT source FROM gateway.load WHERE state = 'loaded' ORDER BY 1`), [
      'acme',
      'beta',
    ]);
  },
  ExportUnknown: async (world) => {
    world.metadata('orders', orders);
    const file = world.file('x.csv', orderRows(1));
    const output = await world.fails('ExportUnknown', `gateway ingest --export ordrs ${file}`);
    assert.match(output, /known: orders/);
    await world.works(`gateway ingest --export orders ${file}`);
  },
  HeaderMissing: async (world) => {
    world.metadata('orders', orders);
    const file = world.file('orders.csv', 'Number,Title,Count\n1,one,1\n');
    const output = await world.fails('HeaderMissing', `gateway ingest ${file}`);
    assert.match(output, /Id/);
    world.metadata('orders', {
      ...orders,
      properties: { ...orders.properties, OrderId: { ...id, aliases: ['Number'] } },
    });
    await world.works(`gateway ingest ${file}`);
    assert.deepEqual(await countOf(world, 'Orders'), ['1']);
  },
  HeaderDuplicate: async (world) => {
    world.metadata('orders', orders);
    await world.fails(
      'HeaderDuplicate',
      `gateway ingest ${world.file('orders.csv', 'Id,Title,title,Count\n1,one,uno,1\n')}`,
    );
    await world.works(`gateway ingest ${world.file('orders.csv', 'Id,Title,Count\n1,one,1\n')}`);
  },
  PeriodMissing: async (world) => {
    world.metadata('visits', visits);
    const file = world.file('visits.csv', visitRows(1));
    await world.fails('PeriodMissing', `gateway ingest ${file}`);
    const option = printed('PeriodMissing', /--period FROM\.\.TO/).replace('FROM..TO', '2026-01-01..2026-01-02');
    await world.works(`gateway ingest ${option} ${file}`);
    await world.works(`gateway ingest ${world.file('visits_20260102_20260103.csv', visitRows(2))}`);
    assert.deepEqual(await countOf(world, 'Visits'), ['3']);
  },
  PeriodInvalid: async (world) => {
    world.metadata('visits', visits);
    const file = world.file('visits.csv', visitRows(1));
    await world.fails('PeriodInvalid', `gateway ingest --period 2026-02-30..2026-03-01 ${file}`);
    await world.works(`gateway ingest --period ${printed('PeriodInvalid', /\d\S+\.\.[\d-]+/)} ${file}`);
  },
  SnapshotTooSmall: async (world) => {
    world.metadata('stock', stock);
    await world.works(`gateway ingest ${world.file('stock.csv', orderRows(21))}`);
    const file = world.file('stock new.csv'.replace(' ', '-'), orderRows(3), 1);
    await world.fails('SnapshotTooSmall', `gateway ingest ${file}`);
    await world.works(`gateway ingest ${printed('SnapshotTooSmall', /--\w+/)} ${file}`);
    assert.deepEqual(await countOf(world, 'Stock'), ['3']);
  },
  PeriodTooSmall: async (world) => {
    world.metadata('visits', visits);
    await world.works(`gateway ingest ${world.file('a/visits_20260101_20260102.csv', visitRows(10))}`);
    const file = world.file('b/visits_20260101_20260102.csv', visitRows(3), 1);
    await world.fails('PeriodTooSmall', `gateway ingest ${file}`);
    await world.works(`gateway ingest ${printed('PeriodTooSmall', /--\w+/)} ${file}`);
    assert.deepEqual(await countOf(world, 'Visits'), ['3']);
  },
  TooManyRejects: async (world) => {
    const numbers: SetFile = { ...orders, properties: { ...orders.properties, Count: { type: 'Decimal' } } };
    world.metadata('orders', numbers);
    const text = table('Id,Title,Count', 30, (row) => `${row},title,"${row},${row > 5 ? '123' : '5'}"`);
    await world.fails('TooManyRejects', `gateway ingest ${world.file('orders.csv', text)}`);
    const forced = await world.run(
      `gateway ingest ${printed('TooManyRejects', /--\w+/)} ${world.file('orders.csv', text)}`,
    );
    assert.equal(forced.code, 2, forced.output);
    assert.deepEqual(await countOf(world, 'Orders'), ['5']);
    world.metadata('orders', { ...numbers, fileDefaults: { decimalMark: ',' } });
    await world.works(printed('TooManyRejects', /gateway replay/));
    assert.deepEqual(await countOf(world, 'Orders'), ['30']);
    await world.works(`gateway ingest ${world.file('orders.csv', text.replaceAll('title', 'name'), 1)}`);
  },
  MetadataInvalid: async (world) => {
    world.metadata('orders', { ...orders, properties: { ...orders.properties, Count: { type: 'Int46' } } });
    const line = printed('MetadataInvalid', /(?<=`)gateway check(?=`)/);
    await world.fails('MetadataInvalid', 'gateway migrate');
    assert.notEqual((await world.run(line)).code, 0);
    world.metadata('orders', orders);
    await world.works(line);
    await world.works('gateway migrate');
  },
  ProvisionRefused: async (world) => {
    const numbers: SetFile = { ...orders, properties: { ...orders.properties, Count: { type: 'Int32' } } };
    world.metadata('orders', orders);
    world.metadata('stock', stock);
    await world.works(
      `gateway ingest ${world.file('orders.csv', orderRows(3))} ${world.file('stock.csv', orderRows(2))}`,
    );
    world.metadata('orders', numbers);
    world.metadata('stock', { ...stock, key: ['Title'] });
    const output = await world.fails('ProvisionRefused', 'gateway migrate');
    world.metadata('stock', stock);
    await world.fails('ProvisionRefused', 'gateway ingest nothing.csv');
    world.metadata('orders', orders);
    await world.works('gateway migrate');
    world.metadata('orders', numbers);
    world.metadata('stock', { ...stock, key: ['Title'] });
    const line = /^ {2}(gateway rebuild .*)$/m.exec(output)?.[1];
    assert.equal(line, 'gateway rebuild AcmeOrders AcmeStock');
    await world.works(line);
    await world.works('gateway migrate');
    assert.deepEqual(
      await world.rows(`SELECT "OrderId", "Count", pg_typeof("Count") FROM feed."AcmeOrders" ORDER BY 1`),
      ['1|1|integer', '2|2|integer', '3|3|integer'],
    );
    assert.deepEqual(await countOf(world, 'Stock'), ['2']);
    await world.works(`gateway ingest ${world.file('orders-next.csv', orderRows(4), 1)}`);
    assert.deepEqual(await countOf(world, 'Orders'), ['4']);
  },
  RebuildRefused: async (world) => {
    world.metadata('orders', orders);
    await world.works(`gateway ingest ${world.file('orders.csv', orderRows(2))}`);
    const output = await world.fails('RebuildRefused', 'gateway rebuild AcmeOrder');
    const named = /there are (\w+)/.exec(output)?.[1];
    await world.works(`gateway rebuild ${named ?? ''}`);
    assert.deepEqual(await countOf(world, 'Orders'), ['2']);
  },
  FilesMissing: async (world) => {
    world.metadata('orders', orders);
    const file = world.file('orders.csv', orderRows(2));
    const gone = world.file('orders-2.csv', orderRows(3), 1);
    await world.works(`gateway ingest ${file} ${gone}`);
    rmSync(gone);
    renameSync(file, `${file}.moved`);
    const output = await world.fails('FilesMissing', 'gateway rebuild AcmeOrders');
    for (const name of ['orders.csv', 'orders-2.csv']) {
      assert.ok(output.includes(`- ${name} (load `), output);
    }
    assert.deepEqual(await countOf(world, 'Orders'), ['3']);
    world.file('found/any name at all', orderRows(3));
    world.file('found/deeper/other', orderRows(2));
    const option = printed('FilesMissing', /--from FOLDER/).replace('FOLDER', path.join(world.folder, 'found'));
    await world.works(`gateway rebuild AcmeOrders ${option}`);
    await world.works(`gateway rebuild ${option} AcmeOrders`);
    assert.deepEqual(await countOf(world, 'Orders'), ['3']);
  },
};

/** Remedies with a command or setting that other tests carry out, on other means than a made-up warehouse. */
export const elsewhere: Partial<Record<ErrorCode, string>> = {
  AddressInUse: 'test/e2e/beside-others.long.test.ts',
  DatabaseIsStandby: 'test/warehouse/standby/standby-database.test.ts',
  ArchiveShrunk: 'test/archive/copies.test.ts',
  UploadsOff: 'test/e2e/uploads.long.test.ts',
  UploadTooLarge: 'test/e2e/uploads.long.test.ts',
  DataFolderInUse: 'test/e2e/program.test.ts',
  HostNotServed: 'test/http/served-host.test.ts',
  ErasureRefused: 'test/ingest/personal/erase.test.ts',
  PersonalKeyMissing: 'test/ingest/personal/treat-stored.test.ts',
  PersonalKeyChanged: 'test/ingest/personal/treat-stored.test.ts',
  EmbeddedServerUnavailable: 'test/warehouse/embedded-server.test.ts',
};
