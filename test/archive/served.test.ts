import assert from 'node:assert/strict';
import { Archives, archivedCatalogue } from '../../src/archive/archives.ts';
import { forgetArchives } from '../../src/archive/forget.ts';
import { pruneArchives } from '../../src/archive/prune-archives.ts';
import type { UpstreamSet } from '../../src/catalogue/catalogue.ts';
import type { SignInSettings } from '../../src/catalogue/sign-in-settings.ts';
import type { NavigationProperty } from '../../src/edm/model.ts';
import { GatewayError } from '../../src/errors.ts';
import { feedCapabilities } from '../../src/http/capabilities.ts';
import { erasePersons } from '../../src/ingest/erase/erase-persons.ts';
import { tenantSource } from '../upstream/tenant.ts';
import { archiveWorld, type Row, thingCatalogue, thingModel, type World } from './world.ts';

const hour = 3_600_000;
const day = 24 * hour;

describe('archived sets served as both', () => {
  let world: World;
  before(async () => {
    world = await archiveWorld({ serve: 'both' });
  });
  afterEach(async () => {
    await world?.reset();
    assert.deepEqual(world?.defects ?? [], []);
  });
  after(async () => world?.close());

  const thing = (id: number, ago: number, text = `thing ${id}`): void =>
    world.feed.put('FarThings', { id, at: new Date(world.clock.now.getTime() - ago).toISOString(), text });
  const texts = (rows: readonly Row[]): readonly unknown[] => rows.map(({ text }) => text);

  it('are as new as the feed, and have what it purged', async () => {
    for (let id = 1; id <= 6; id++) {
      thing(id, id * 2 * day);
    }
    await world.copy();
    world.feed.remove('FarThings', '6');
    thing(1, 2 * day, 'changed');
    thing(7, hour);
    const all = ['changed', 'thing 2', 'thing 3', 'thing 4', 'thing 5', 'thing 6', 'thing 7'];
    assert.deepEqual(texts(await world.rows('FarThings?$orderby=id')), all);
    assert.equal(await (await world.get('FarThings/$count')).text(), '7');
    assert.deepEqual(await world.rows('FarThings?$apply=aggregate($count as n)'), [{ 'n@odata.type': '#Int64', n: 7 }]);
    world.feed.remove('FarThings', '7');
    assert.equal(await (await world.get('FarThings/$count')).text(), '6');
    const csv = await world.get('FarThings?$orderby=id&$select=text&$format=csv');
    assert.equal(await csv.text(), `text\r\n${all.slice(0, 6).join('\r\n')}\r\n`);
    world.feed.put('FarNames', { id: 'a', name: 'Ann' });
    assert.equal((await world.rows('FarNames')).length, 1, 'a small set without a time is compared whole');
  });

  it('give points in time in UTC, where the feed has them with an offset: the same instants, in other texts', async () => {
    const seconds = Math.floor(world.clock.now.getTime() / 1000) * 1000;
    const [utc, local] = [new Date(seconds - 2 * hour), new Date(seconds)].map((time) =>
      time.toISOString().slice(0, 19),
    );
    world.feed.put('FarThings', { id: 1, at: `${local}+02:00`, text: 'two hours ago' });
    const moments = async (): Promise<readonly unknown[]> => (await world.rows('FarThings')).map(({ at }) => at);
    const found = async (): Promise<readonly unknown[]> => {
      const asked = [`${local}%2B02:00`, `${utc}Z`].map((text) => world.rows(`FarThings?$filter=at eq ${text}`));
      return (await Promise.all(asked)).map(texts);
    };
    const both = [['two hours ago'], ['two hours ago']];
    assert.deepEqual(await moments(), [`${local}+02:00`]);
    assert.deepEqual(await found(), both);
    await world.copy();
    assert.deepEqual(await moments(), [`${utc}Z`]);
    assert.deepEqual(await found(), both);
  });

  it('are brought up to the feed once for all who ask at a time, and not between the pages of a reply', async () => {
    for (let id = 1; id <= 10; id++) {
      thing(id, id * hour);
    }
    await world.copy();
    world.feed.requests = 0;
    await Promise.all([1, 2, 3, 4, 5].map(() => world.get('FarThings?$top=1')));
    const once = world.feed.requests;
    assert.ok(once > 0);
    await world.rows('FarThings');
    assert.equal(world.feed.requests, 2 * once);
  });

  it('are served to nobody once the feed is asked with the token of whoever asks', async () => {
    thing(1, hour);
    await world.copy();
    const kept = thingCatalogue({ serve: 'both' });
    const servedAs = async (signIn: SignInSettings, modelled: readonly string[]) => {
      const isForCallers = signIn.kind === 'caller';
      const sources = [...kept.sets.values()].map((set) => {
        const { archive, ...rest } = set as UpstreamSet;
        return [set.name, isForCallers ? rest : { ...rest, ...(archive === undefined ? {} : { archive }) }] as const;
      });
      const source = tenantSource({ signIn });
      const documents = { ...kept, sets: new Map(sources), sources: new Map([[source.name, source]]) };
      const { database, feed } = world;
      const feeds = new Map([['far', feed.asUpstream()]]);
      const archives = new Archives({ database, documents, live: () => documents, feeds, modelled: new Set(modelled) });
      await archives.look();
      return archives.catalogue().sets.get('FarThings')?.kind;
    };
    for (const modelled of [['far'], []]) {
      assert.equal(await servedAs({ kind: 'none' }, modelled), 'stored');
      assert.equal(await servedAs({ kind: 'caller' }, modelled), 'upstream');
    }
  });

  it('say of a navigation that joins no properties that it cannot be followed in the archive', async () => {
    const model = thingModel();
    const things = model.entitySets.get('FarThings') ?? assert.fail();
    const owner: NavigationProperty = {
      ...{ kind: 'NavigationProperty', name: 'Owner', target: 'FarName', collection: false, nullable: true, join: [] },
    };
    const entityType = { ...things.entityType, navigationProperties: new Map([['Owner', owner]]) };
    const bindings = new Map([['Owner', 'FarNames']]);
    const set = { ...things, entityType, navigationPropertyBindings: bindings };
    const led = { ...model, entitySets: new Map([...model.entitySets, ['FarThings', set] as const]) };
    const types = new Map([...model.entityTypes, ['FarThing', entityType] as const]);
    const catalogue = thingCatalogue({ serve: 'both' }, { ...led, entityTypes: types });
    await world.restart(catalogue);
    assert.deepEqual(feedCapabilities(world.archives.catalogue()).sets.get('FarThings')?.nonExpandable, []);
    thing(1, hour);
    await world.copy();
    assert.deepEqual(feedCapabilities(world.archives.catalogue()).sets.get('FarThings')?.nonExpandable, ['Owner']);
    const reply = await world.get('FarThings?$expand=Owner');
    const { error } = (await reply.json()) as { error: Record<string, unknown> };
    assert.deepEqual([reply.status, error['@gateway.feature'], error['target']], [501, 'unbound-navigation', 'Owner']);
    assert.match(String(error['message']), /which properties.*'Owner' joins.*references/);
  });

  it('are not asked for again while a copy is fresh', async () => {
    await world.restart(thingCatalogue({ serve: 'both', freshSeconds: 60 }));
    thing(1, hour);
    await world.copy();
    world.clock.now = new Date(world.clock.now.getTime() + 30_000);
    thing(2, 0);
    assert.equal(await (await world.get('FarThings/$count')).text(), '1');
    world.clock.now = new Date(world.clock.now.getTime() + 31_000);
    assert.equal(await (await world.get('FarThings/$count')).text(), '2');
  });

  it('are compared once a day, after the feed has refreshed them, where it does that once a day; a restart knows when', async () => {
    const plain = thingCatalogue({ serve: 'both' });
    const refreshed = [...plain.sets].map(([name, set]) => [name, { ...set, refreshed: 0 }] as const);
    const catalogue = { ...plain, sets: new Map(refreshed) };
    await world.restart(catalogue);
    world.clock.now = new Date('2026-03-02T00:05:00Z');
    world.feed.put('FarNames', { id: 'a', name: 'Ann' });
    await world.copy({ set: 'FarNames' });
    const asked = async (at: string): Promise<readonly [count: string, requests: number]> => {
      world.clock.now = new Date(at);
      world.feed.requests = 0;
      const count = await (await world.get('FarNames/$count')).text();
      return [count, world.feed.requests];
    };
    world.feed.put('FarNames', { id: 'b', name: 'Ben' });
    assert.deepEqual(await asked('2026-03-02T00:09:00Z'), ['1', 0], 'copied since the last refresh');
    assert.deepEqual(await asked('2026-03-02T00:11:00Z'), ['2', 1], 'not since this one');
    world.feed.put('FarNames', { id: 'c', name: 'Cleo' });
    await world.restart(catalogue);
    assert.deepEqual(await asked('2026-03-02T23:50:00Z'), ['2', 0]);
    world.feed.requests = 0;
    await world.copy({ set: 'FarNames' });
    assert.equal(world.feed.requests, 0, 'the schedule does not ask either');
    world.clock.now = new Date('2026-03-03T00:20:00Z');
    await world.copy({ set: 'FarNames' });
    assert.deepEqual(await asked('2026-03-03T08:00:00Z'), ['3', 0]);
  });

  it('are served as they are while the feed is down, which is told', async () => {
    thing(1, hour);
    await world.copy();
    world.feed.trip = () => {
      throw new GatewayError('UpstreamUnavailable', 'The feed is down');
    };
    world.clock.now = new Date(world.clock.now.getTime() + hour);
    const reply = await world.get('FarThings/$count');
    assert.equal(await reply.text(), '1');
    assert.deepEqual(
      [reply.headers.get('age'), reply.headers.get('warning')],
      [String(hour / 1000), '110 - "Response is Stale"'],
    );
    const event = world.events.at(-1);
    assert.equal(event?.event === 'archive' ? event.outcome : '', 'failed');
    const [record] = await world.ask<{ error_code: string }>(
      `SELECT error_code FROM gateway.archive WHERE entity_set = 'FarThings'`,
    );
    assert.equal(record?.error_code, 'UpstreamUnavailable');
    world.feed.trip = () => {};
    const again = await world.get('FarThings/$count');
    assert.deepEqual([again.headers.get('age'), again.headers.get('warning')], [null, null]);
    const [healed] = await world.ask<{ error_code: string | null }>(
      `SELECT error_code FROM gateway.archive WHERE entity_set = 'FarThings'`,
    );
    assert.equal(healed?.error_code, null);
  });

  it('are served as they were copied last where the feed has no address any more, and others are not', async () => {
    await world.restart(thingCatalogue({ serve: 'both' }, { ...thingCatalogue().model }));
    thing(1, hour);
    await world.copy({ set: 'FarThings' });
    await world.restart(undefined, { addressless: true });
    assert.deepEqual(texts(await world.rows('FarThings')), ['thing 1']);
    assert.equal(await (await world.get('FarThings/$count?$filter=PurgedAt eq null')).text(), '1');
    assert.equal((await world.get('FarNames')).status, 404);
    assert.match(await (await world.get('$metadata')).text(), /EntitySet Name="FarThings"/);
  });

  it('are the same to a client that knows them, until something changed', async () => {
    thing(1, hour);
    await world.copy();
    const first = await world.get('FarThings');
    await first.text();
    const known = { 'If-None-Match': first.headers.get('etag') ?? '' };
    assert.equal((await world.get('FarThings', known)).status, 304);
    thing(1, hour, 'other');
    assert.equal((await world.get('FarThings', known)).status, 200);
  });

  it('have no person who was erased, and no copy brings one back', async () => {
    thing(1, hour, 'Jan Jansen');
    thing(2, hour, 'Piet Pietersen');
    world.feed.put('FarNames', { id: 'a', name: 'Ann' });
    await world.copy();
    const catalogue = await archivedCatalogue(world.database, thingCatalogue());
    const erase = (dryRun: boolean) =>
      erasePersons(world.database, catalogue, { persons: ['Jan Jansen'], source: null, folders: [], dryRun });
    assert.deepEqual([...(await erase(true)).sets], [['FarThings', { removed: 0, emptied: 1 }]]);
    assert.equal((await world.rows("FarThings?$filter=text eq 'Jan Jansen'")).length, 1);
    await erase(false);
    for (const whole of [false, true]) {
      await world.copy({ whole });
      assert.deepEqual(texts(await world.rows('FarThings?$orderby=id')), [null, 'Piet Pietersen']);
    }
    const [found] = await world.ask<{ found: boolean }>(
      `SELECT EXISTS (SELECT FROM gateway_archive."FarThings" t WHERE t::text LIKE '%Jansen%') AS found`,
    );
    assert.equal(found?.found, false);
  });

  it('keep rows for as long as the metadata says, and no copy brings older ones back', async () => {
    for (let id = 1; id <= 6; id++) {
      thing(id, id * 10 * day);
    }
    await world.copy();
    const keep = { count: 35, unit: 'days' } as const;
    const kept = thingCatalogue({ serve: 'both', keep });
    await world.restart(kept);
    const prune = (dryRun: boolean) => pruneArchives(world.database, kept, { now: world.clock.now, dryRun });
    const removed = [...(await prune(true))].map(([set, one]) => [set, one.removed]);
    assert.deepEqual(removed, [['FarThings', 3]]);
    assert.equal(await (await world.get('FarThings/$count')).text(), '6');
    await prune(false);
    for (const whole of [false, true]) {
      await world.copy({ whole });
      assert.deepEqual(texts(await world.rows('FarThings?$orderby=id')), ['thing 1', 'thing 2', 'thing 3']);
    }
    assert.deepEqual([...(await prune(false))], []);
    const [noted] = await world.ask<{ n: string }>('SELECT rows_removed::text AS n FROM gateway.pruning');
    assert.equal(noted?.n, '3');
    const [gone] = await world.ask<{ n: string }>(
      `SELECT count(*)::text AS n FROM gateway.tombstones WHERE entity_set = 'FarThings'`,
    );
    assert.equal(gone?.n, '3');
    await world.reset();
    await world.restart(kept);
    thing(1, 60 * day);
    thing(2, 20 * day);
    await world.copy();
    assert.deepEqual(texts(await world.rows('FarThings')), ['thing 2'], 'older rows are not copied in the first place');
  });

  it('follow a feed that declares a property more, or wider, and none that declares another type or key', async () => {
    thing(1, hour);
    await world.copy();
    const { model } = thingCatalogue();
    const type = model.entitySets.get('FarThings')?.entityType;
    assert.ok(type);
    type Declared = 'Edm.String' | 'Edm.Int16' | 'Edm.Int32' | 'Edm.Int64' | 'Edm.Decimal';
    const declared = async (
      more: readonly (readonly [string, Declared])[],
      key: readonly string[] = ['id'],
    ): Promise<string> => {
      const properties = new Map(type.properties);
      for (const [name, of] of more) {
        properties.set(name, { kind: 'Property', name, type: of, collection: false, nullable: !key.includes(name) });
      }
      const entityType = { ...type, key, properties };
      const set = { ...(model.entitySets.get('FarThings') as never as object), entityType };
      const sets = new Map([...model.entitySets, ['FarThings', set as never]]);
      await world.restart(thingCatalogue({ serve: 'both' }, { ...model, entitySets: sets }));
      const event = world.events.at(-1);
      return event?.event === 'archive' ? (event.reason ?? '') : '';
    };
    const seen = async (): Promise<readonly unknown[]> =>
      (await world.rows('FarThings?$select=id,more&$orderby=id')).map(({ id, more }) => [id, more]);
    await declared([['more', 'Edm.Int16']]);
    const now = world.clock.now.toISOString();
    world.feed.put('FarThings', { id: 2, at: now, text: 'b', more: 5 });
    assert.deepEqual(await seen(), [
      [1, null],
      [2, 5],
    ]);
    assert.notEqual((await world.get('FarThings')).headers.get('etag'), null);
    assert.equal(await declared([['more', 'Edm.Int64']]), '');
    world.feed.put('FarThings', { id: 3, at: now, text: 'c', more: 2 ** 40 });
    assert.equal(await declared([['more', 'Edm.Decimal']]), '');
    world.feed.put('FarThings', { id: 4, at: now, text: 'd', more: 0.25 });
    assert.deepEqual(await seen(), [
      [1, null],
      [2, 5],
      [3, 2 ** 40],
      [4, 0.25],
    ]);
    const remedy = /gateway archive far --set FarThings --forget/;
    for (const [reason, what] of [
      [await declared([['more', 'Edm.Int32']]), /ArchiveRefused: .*FarThings.more is numeric.* wants integer/],
      [await declared([['text', 'Edm.Int32']]), /ArchiveRefused: .*FarThings.text is text in the database/],
      [await declared([['code', 'Edm.Int32']], ['id', 'code']), /ArchiveRefused: .*FarThings/],
    ] as const) {
      assert.match(reason, what);
      assert.match(reason, remedy);
      assert.equal((await world.get('FarThings')).headers.get('etag'), null, 'served live');
    }
  });
});

describe('archived sets served as they were copied', () => {
  it('are live again soon after another program let them go', async () => {
    const world = await archiveWorld({ serve: 'archive' });
    try {
      world.feed.put('FarThings', { id: 1, at: '2026-02-28T12:00:00Z', text: 'thing 1' });
      await world.copy();
      assert.equal((await world.rows('FarThings')).length, 1);
      await forgetArchives(world.database, thingCatalogue({ serve: 'archive' }), { source: 'far', set: undefined });
      for (const request of ['FarThings', 'FarThings?$apply=aggregate($count as n)']) {
        const reply = await world.get(request);
        assert.equal(reply.status, 503, await reply.text());
        assert.match(reply.headers.get('retry-after') ?? '', /^\d+$/);
      }
      await world.archives.look();
      assert.equal(world.archives.catalogue().sets.get('FarThings')?.kind, 'upstream');
      assert.deepEqual(world.defects, []);
    } finally {
      await world.close();
    }
  });
});
