import assert from 'node:assert/strict';
import { archiveWorld, type Row, type World } from './world.ts';

const hour = 3_600_000;
const day = 24 * hour;

describe('archived sets', () => {
  let world: World;
  before(async () => {
    world = await archiveWorld();
  });
  afterEach(async () => {
    await world?.reset();
    assert.deepEqual(world?.defects ?? [], []);
  });
  after(async () => world?.close());

  const at = (ago: number): string => new Date(world.clock.now.getTime() - ago).toISOString();
  const thing = (id: number, ago: number | null, text = `thing ${id}`): void =>
    world.feed.put('FarThings', { id, at: ago === null ? null : at(ago), text });
  const ids = (rows: readonly Row[]): readonly unknown[] => rows.map(({ id }) => id).sort();

  it('are served live until all was copied once, and then as stored sets are', async () => {
    for (let id = 1; id <= 10; id++) {
      thing(id, id * 10 * day);
    }
    thing(11, null);
    world.feed.put('FarNames', { id: 'a', name: 'Ann' });
    const tag = async (): Promise<string | null> => (await world.get('FarThings')).headers.get('etag');
    assert.equal(await tag(), null, 'served live');
    assert.deepEqual(await world.copy(), ['copied', 'copied']);
    assert.notEqual(await tag(), null);
    world.feed.trip = () => {
      throw new Error('the feed is asked');
    };
    assert.deepEqual(ids(await world.rows('FarThings')), ids(world.feed.rows('FarThings')));
    assert.deepEqual(await world.rows("FarThings?$filter=text eq 'thing 3'&$select=id,at,text,PurgedAt"), [
      { id: 3, at: at(30 * day).replace('.000', ''), text: 'thing 3', PurgedAt: null },
    ]);
    assert.deepEqual(await world.rows('FarThings?$apply=aggregate($count as n)'), [
      { 'n@odata.type': '#Int64', n: 11 },
    ]);
    assert.deepEqual(
      ids(await world.rows('FarThings?$search=thing&$orderby=at desc')),
      ids(world.feed.rows('FarThings')),
    );
    assert.equal(await (await world.get('FarThings/$count')).text(), '11');
    const document = await (await world.get('$metadata')).text();
    assert.match(document, /<Property Name="PurgedAt" Type="Edm.DateTimeOffset"/);
  });

  it('follow inserts and updates within the window, and rows that come late', async () => {
    thing(1, 10 * day);
    thing(2, hour);
    await world.copy();
    world.clock.now = new Date(world.clock.now.getTime() + hour);
    thing(2, 2 * hour, 'changed');
    thing(3, 50 * hour, 'late');
    thing(4, 0);
    await world.copy();
    assert.deepEqual(
      (await world.rows('FarThings')).map(({ id, text }) => [id, text]),
      [
        [1, 'thing 1'],
        [2, 'changed'],
        [3, 'late'],
        [4, 'thing 4'],
      ],
    );
  });

  it('tell what is new, changed and deleted to delta links, and nothing where nothing changed', async () => {
    thing(1, 2 * hour);
    thing(2, hour);
    thing(3, hour);
    await world.copy();
    const first = await world.get('FarThings', { Prefer: 'track-changes' });
    const link = ((await first.json()) as { '@odata.deltaLink': string })['@odata.deltaLink'];
    const changes = async (): Promise<readonly Row[]> =>
      ((await (await world.get(link)).json()) as { value: readonly Row[] }).value;
    await world.copy();
    assert.deepEqual(await changes(), []);
    const [before] = await world.ask<{ n: string }>(`SELECT count(*)::text AS n FROM gateway.archive_copy`);
    thing(2, hour, 'other');
    world.feed.remove('FarThings', '3');
    thing(4, 0);
    await world.copy();
    const told = await changes();
    assert.deepEqual(told.map(({ id, reason }) => reason ?? id).sort(), [2, 4, 'deleted']);
    const [after] = await world.ask<{ n: string }>(`SELECT count(*)::text AS n FROM gateway.archive_copy`);
    assert.equal(Number(after?.n) - Number(before?.n), 1, 'only the copy that changed something');
  });

  it('keep what the feed purges, and mark it', async () => {
    for (let id = 1; id <= 6; id++) {
      thing(id, (8 - id) * 10 * day);
    }
    await world.copy();
    for (const id of ['1', '2', '3']) {
      world.feed.remove('FarThings', id);
    }
    await world.copy();
    assert.deepEqual(ids(await world.rows('FarThings')), [1, 2, 3, 4, 5, 6]);
    assert.deepEqual(ids(await world.rows('FarThings?$filter=PurgedAt ne null')), [1, 2, 3]);
    // A row that is there again after all.
    thing(3, 50 * day);
    await world.copy({ whole: true });
    assert.deepEqual(ids(await world.rows('FarThings?$filter=PurgedAt ne null')), [1, 2]);
  });

  it('notice once a month what changed or was deleted behind the window', async () => {
    for (let id = 1; id <= 5; id++) {
      thing(id, id * 10 * day);
    }
    await world.copy();
    world.feed.remove('FarThings', '3');
    thing(4, 40 * day, 'other');
    await world.copy();
    assert.equal((await world.rows('FarThings')).length, 5);
    world.clock.now = new Date(world.clock.now.getTime() + 31 * day);
    await world.copy();
    assert.deepEqual(
      (await world.rows('FarThings?$orderby=id')).map(({ id, text }) => [id, text]),
      [
        [1, 'thing 1'],
        [2, 'thing 2'],
        [4, 'other'],
        [5, 'thing 5'],
      ],
    );
  });

  it('compare the whole anew where somebody asks for it, also what a comparison that was killed had compared', async () => {
    for (let id = 1; id <= 5; id++) {
      thing(id, id * 10 * day);
    }
    await world.copy();
    let left = 13;
    world.feed.trip = () => {
      left -= 1;
      if (left === 0) {
        throw new Error('killed');
      }
    };
    await assert.rejects(world.copy({ set: 'FarThings', whole: true }), /killed/);
    world.feed.trip = () => {};
    const [record] = await world.ask<{ far: boolean }>(
      `SELECT compared_to > '2026-01-11' AS far FROM gateway.archive WHERE entity_set = 'FarThings'`,
    );
    assert.equal(record?.far, true, 'it had come beyond the oldest row');
    thing(5, 50 * day, 'other');
    await world.copy({ set: 'FarThings', whole: true });
    assert.equal((await world.rows("FarThings?$filter=text eq 'other'")).length, 1);
  });

  it('compare sets without a time whole, on their schedule, and keep what is gone with a mark', async () => {
    for (const id of ['a', 'b', 'c']) {
      world.feed.put('FarNames', { id, name: id.toUpperCase() });
    }
    await world.copy();
    world.feed.remove('FarNames', 'a');
    world.feed.put('FarNames', { id: 'b', name: 'Bea' });
    await world.copy();
    assert.equal((await world.rows("FarNames?$filter=name eq 'Bea'")).length, 0, 'a day has not passed');
    world.clock.now = new Date(world.clock.now.getTime() + day);
    await world.copy();
    const rows = await world.rows('FarNames?$orderby=id');
    assert.deepEqual(
      rows.map(({ id, name, PurgedAt }) => [id, name, PurgedAt !== null]),
      [
        ['a', 'A', true],
        ['b', 'Bea', false],
        ['c', 'C', false],
      ],
    );
  });

  it('take each key once, where pages of the feed bring it twice, and ask again for rows that a page lost', async () => {
    for (let id = 1; id <= 8; id++) {
      thing(id, hour);
    }
    await world.copy();
    // Pages by position shift while rows go and come: some are given twice, others not at all.
    let reads = 0;
    world.feed.trip = () => {
      reads += 1;
      if (reads === 5) {
        world.feed.remove('FarThings', '1');
        world.feed.remove('FarThings', '2');
      }
    };
    await world.copy();
    world.feed.trip = () => {};
    assert.deepEqual(
      ids(await world.rows('FarThings')).filter((id) => Number(id) > 2),
      [3, 4, 5, 6, 7, 8],
    );
    await world.copy();
    assert.deepEqual(ids(await world.rows('FarThings')), [3, 4, 5, 6, 7, 8]);
  });

  it('miss no new row where others are deleted between two pages of it', async () => {
    thing(1, 30 * day);
    await world.copy();
    for (let id = 2; id <= 20; id++) {
      thing(id, id * hour);
    }
    let reads = 0;
    world.feed.trip = () => {
      reads += 1;
      // Of rows that were read already: those behind them move up by as many places.
      if (reads === 9) {
        world.feed.remove('FarThings', '2');
        world.feed.remove('FarThings', '3');
      }
    };
    await world.copy();
    world.feed.trip = () => {};
    const kept = await world.ask<{ id: string }>(`SELECT id::text FROM gateway_archive."FarThings"`);
    const missed = world.feed.rows('FarThings').filter((row) => !kept.some(({ id }) => id === String(row['id'])));
    assert.deepEqual(missed, []);
  });

  it('have all rows of a feed that takes no order but the ascending one, and of seconds with many rows', async () => {
    world.feed.onlyAscends = true;
    for (let id = 1; id <= 10; id++) {
      thing(id, id < 6 ? hour : id * hour);
    }
    await world.copy();
    assert.equal((await world.rows('FarThings')).length, 10);
    world.feed.onlyAscends = false;
    for (let id = 11; id <= 30; id++) {
      thing(id, id < 25 ? 2 * hour : hour);
    }
    await world.copy();
    assert.equal((await world.rows('FarThings')).length, 30);
  });

  it('go on where a copy ended in between', async () => {
    for (let id = 1; id <= 40; id++) {
      thing(id, id * 30 * day);
    }
    let left = 25;
    world.feed.trip = () => {
      left -= 1;
      if (left === 0) {
        throw new Error('killed');
      }
    };
    await assert.rejects(world.copy({ set: 'FarThings' }), /killed/);
    const [half] = await world.ask<{ n: number; watermark: Date | null }>(
      `SELECT (SELECT count(*)::int FROM gateway_archive."FarThings") AS n, watermark FROM gateway.archive WHERE entity_set = 'FarThings'`,
    );
    assert.ok(half !== undefined && half.n > 0 && half.n < 40 && half.watermark !== null);
    world.feed.trip = () => {};
    world.feed.requests = 0;
    await world.restart();
    assert.equal((await world.get('FarThings')).headers.get('etag'), null, 'not whole yet, so served live');
    await world.copy();
    assert.deepEqual(ids(await world.rows('FarThings')).length, 40);
  });

  it('are compared whole where that is asked for, also what a first copy had brought before it was killed', async () => {
    for (let id = 1; id <= 5; id++) {
      thing(id, id * 10 * day);
    }
    let left = 11;
    world.feed.trip = () => {
      left -= 1;
      if (left === 0) {
        throw new Error('killed');
      }
    };
    await assert.rejects(world.copy({ set: 'FarThings' }), /killed/);
    world.feed.trip = () => {};
    const kept = await world.ask<{ id: string }>(`SELECT id::text FROM gateway_archive."FarThings" ORDER BY id DESC`);
    assert.deepEqual(
      kept.slice(0, 2).map(({ id }) => id),
      ['5', '4'],
    );
    world.feed.remove('FarThings', '4');
    thing(5, 50 * day, 'other');
    await world.copy({ set: 'FarThings', whole: true });
    assert.deepEqual(ids(await world.rows('FarThings')), [1, 2, 3, 5]);
    assert.equal((await world.rows("FarThings?$filter=text eq 'other'")).length, 1);
  });

  it('are not shrunk by a feed that hides more than half of them, unless somebody says so', async () => {
    for (let id = 1; id <= 250; id++) {
      thing(id, hour + id * 1000);
    }
    thing(251, 2 * day);
    world.feed.page = 1000;
    await world.copy();
    for (let id = 1; id <= 200; id++) {
      world.feed.remove('FarThings', String(id));
    }
    assert.deepEqual(await world.copy({ set: 'FarThings' }), ['ArchiveShrunk']);
    assert.equal(await (await world.get('FarThings/$count')).text(), '251');
    const [failing] = await world.ask<{ error_code: string }>(
      `SELECT error_code FROM gateway.archive WHERE entity_set = 'FarThings'`,
    );
    assert.equal(failing?.error_code, 'ArchiveShrunk');
    assert.deepEqual(await world.copy({ set: 'FarThings', force: true }), ['copied']);
    assert.equal(await (await world.get('FarThings/$count')).text(), '51');
  });

  it('belong to one feed', async () => {
    thing(1, hour);
    await world.copy();
    world.feed.url = 'https://other.example/odata/';
    await world.restart();
    assert.deepEqual(await world.copy({ set: 'FarThings' }), ['ArchiveRefused']);
    const event = world.events.at(-1);
    assert.match(
      event?.event === 'archive' ? (event.reason ?? '') : '',
      /holds rows of https:\/\/feed.example\/odata\/, and https:\/\/other.example.*--forget/,
    );
    // The other feed is served, with none of the archive.
    thing(2, hour);
    world.feed.remove('FarThings', '1');
    assert.deepEqual(ids(await world.rows('FarThings')), [2]);
  });
});
