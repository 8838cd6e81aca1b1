import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import type { Catalogue } from '../../src/catalogue/catalogue.ts';
import { httpListener } from '../../src/http/listener.ts';
import { openToAll } from '../../src/http/sign-in/authentication.ts';
import type { UpstreamEvent } from '../../src/observation/events/upstream.ts';
import { everything } from '../../src/plan/grants.ts';
import { DataSources } from '../../src/source/data-sources.ts';
import { ResultCache } from '../../src/source/stored/result-cache.ts';
import { type CopyAge, lastRefresh } from '../../src/upstream/client/lookup-copies.ts';
import type { Upstream } from '../../src/upstream/upstream.ts';
import type { Database } from '../../src/warehouse/database.ts';
import { IdleClock } from '../support/idle-clock.ts';
import { type Faults, StrictFeed } from '../support/strict-feed.ts';
import { readOptions } from './tenant.ts';
import { catalogue, fails, feeds, page, read } from './told-feed.ts';

const moment = (text: string): number => Date.parse(`2026-03-${text}Z`);

/** Agents are refreshed at midnight, calls at any time. */
function withLookups(plain: Catalogue): Catalogue {
  const sets = [...plain.sets].map(([name, set]) =>
    name === 'FarAgents' && set.kind === 'upstream'
      ? ([name, { ...set, refreshed: 0 }] as const)
      : ([name, set] as const),
  );
  return { ...plain, sets: new Map(sets) };
}

describe('tables that a feed refreshes once a day', () => {
  const { connect, open } = feeds();
  const served = withLookups(catalogue);
  let feed: StrictFeed;
  let clock: IdleClock;
  let ages: CopyAge[];
  let events: UpstreamEvent[];
  let upstream: Upstream & { requests: string[] };

  beforeEach(async () => {
    feed = new StrictFeed({
      Agents: [{ id: 'a', name: 'x' }, { id: 'b', name: 'y' }, { id: 'c' }],
      Calls: [{ id: 1 }],
    });
    clock = new IdleClock();
    clock.at = moment('05T12:00:00');
    ages = [];
    events = [];
    const connection = { catalogue: () => served, time: clock, observe: (one: UpstreamEvent) => void events.push(one) };
    upstream = await connect(feed.answer, {}, '/service/', { connection });
  });
  const onCopy = (age: CopyAge): void => void ages.push(age);
  const agents = (query = 'FarAgents?$select=id') => page(upstream, query, { onCopy });
  /** How many requests the feed got for it. */
  const costs = async (work: () => Promise<unknown>): Promise<number> => {
    const before = feed.asked;
    await work();
    return feed.asked - before;
  };

  it('are asked for once until ten minutes after the next refresh, and the reply says how old it is', async () => {
    const times: readonly (readonly [time: string, asked: number, age: number | null])[] = [
      ['05T12:00:00', 1, null],
      ['05T12:00:30', 0, 30],
      ['05T23:59:59', 0, 43_199],
      ['06T00:09:59', 0, 43_799],
      ['06T00:10:00', 1, null],
      ['06T00:10:05', 0, 5],
    ];
    for (const [time, asked, age] of times) {
      clock.at = moment(time);
      ages.length = 0;
      assert.equal(await costs(() => agents()), asked, time);
      assert.deepEqual(ages, age === null ? [] : [{ seconds: age, stale: false }], time);
    }
    assert.deepEqual(
      events.filter((one) => one.event === 'upstream-copy').map(({ stale }) => stale),
      [false, false, false, false],
    );
  });

  it('what is asked for while the feed refreshes is asked for again afterwards', async () => {
    clock.at = moment('06T00:05:00');
    assert.equal(await costs(() => agents()), 1);
    clock.at = moment('06T00:10:00');
    assert.equal(await costs(() => agents()), 1);
  });

  it('the same rows come, of each page, row, property, count and key', async () => {
    feed = Object.assign(feed, { pageSize: 2 });
    const keyed = async () => {
      const set = served.model.entitySets.get('FarAgents') ?? assert.fail();
      const id = set.entityType.properties.get('id') ?? assert.fail();
      const selection = {
        ...{ set, type: set.entityType, properties: [id], computed: [], expands: [], selected: true },
        selectedNavigations: [],
      };
      const restriction = { filter: null, search: null, orderby: [], top: null, skip: null, count: false };
      const rows: string[] = [];
      const request = { set, properties: [id], keys: [['a'], ['b']], selection, restriction };
      for await (const row of upstream.fetchByKeys(request, readOptions({ onCopy }))) {
        rows.push(row);
      }
      return rows;
    };
    const reads: readonly (() => Promise<unknown>)[] = [
      async () => {
        const first = await agents();
        return [first.text, (await page(upstream, 'FarAgents?$select=id', { onCopy, skipToken: first.next })).text];
      },
      () => agents('FarAgents?$select=id&$count=true'),
      keyed,
    ];
    for (const one of reads) {
      const live = await one();
      let copied: unknown;
      assert.equal(await costs(async () => (copied = await one())), 0);
      assert.deepEqual(copied, live);
    }
    feed.always.body = '{"id":"a","name":"x"}';
    Object.assign(feed.sets, { "Agents('a')": [], $count: [] });
    for (const [query, body] of [
      ["FarAgents('a')?$select=name", feed.always.body],
      ["FarAgents('a')/name", feed.always.body],
    ] as const) {
      feed.always.body = body;
      const live = await read(upstream, query, { onCopy });
      assert.equal(await costs(async () => assert.deepEqual(await read(upstream, query, { onCopy }), live)), 0, query);
    }
  });

  it('are given as they were yesterday while the feed is down, and said to be stale, for three days', async () => {
    await agents();
    feed.always.status = 503;
    for (const [time, seconds] of [
      ['06T08:00:00', 72_000],
      ['08T11:00:00', 255_600],
    ] as const) {
      clock.at = moment(time);
      ages.length = 0;
      assert.equal((await agents()).text, '{"id":"a"},{"id":"b"}');
      const [age] = ages;
      assert.equal(age?.stale, true);
      // The attempts took their time.
      assert.ok((age?.seconds ?? 0) >= seconds && (age?.seconds ?? 0) < seconds + 60, String(age?.seconds));
    }
    clock.at = moment('08T12:00:01');
    await assert.rejects(agents(), fails('UpstreamUnavailable', /./));
    await assert.rejects(agents('FarAgents?$select=name'), fails('UpstreamUnavailable', /./), 'never asked before');
    clock.at += 600_000;
    delete feed.always.status;
    ages.length = 0;
    assert.equal(await costs(() => agents()), 1);
    assert.deepEqual(ages, []);
  });

  it('a body that breaks off gives the copy, too', async () => {
    await agents();
    clock.at = moment('06T08:00:00');
    feed.faults.push({ cutAt: 90 });
    assert.equal((await agents()).text, '{"id":"a"},{"id":"b"}');
    assert.equal(ages.at(-1)?.stale, true);
  });

  for (const status of [400, 401, 403, 404, 500]) {
    it(`a feed that refuses with ${status} is not down: nothing is given in its place`, async () => {
      await agents();
      clock.at = moment('06T08:00:00');
      feed.always.status = status;
      await assert.rejects(agents(), fails('UpstreamRefused', /./));
      assert.deepEqual(ages, []);
    });
  }

  const bad: readonly Partial<Faults>[] = [
    { contentType: 'text/html', body: '<html>Sign in</html>' },
    { body: '<html>Sign in</html>' },
    { body: '{"value":[{"id":"a"},{"id"' },
    { body: '{"error":{"code":"x","message":"y"},"value":[]}' },
    { body: '[]' },
    { body: '{"d":{}}' },
    { body: '{"value":[{"id":1,"id":[]}]}' },
  ];
  for (const fault of bad) {
    it(`what is no data is not kept: ${fault.body}`, async () => {
      feed.faults.push(fault);
      await agents().catch(() => undefined);
      assert.equal(await costs(() => agents()), 1);
      assert.equal(ages.length, 0);
    });
  }

  it('a row that is none is not kept either', async () => {
    Object.assign(feed.sets, { "Agents('a')": [] });
    const row = () => read(upstream, "FarAgents('a')?$select=name", { onCopy });
    feed.faults.push({ body: '{"d":{"id":"a"}}' }, { body: '{"name":"x"}' });
    await assert.rejects(row(), fails('UpstreamRefused', /no property/));
    assert.equal((await row()).kind, 'entity');
    assert.deepEqual([feed.asked, ages], [2, []]);
  });

  it('is asked for each time where rows of other sets are part of it, or a copy is not wanted', async () => {
    const { sets } = feed;
    Object.assign(sets, { Agents: [{ id: 'a', Calls: [{ id: 1 }] }] });
    for (const query of [
      'FarCalls?$select=id',
      'FarAgents?$select=id&$expand=Calls($select=id)',
      'FarAgents?$select=id&$filter=Calls/any(c:c/id eq 1)',
    ]) {
      assert.equal(await costs(() => agents(query)), 1, query);
      assert.equal(await costs(() => agents(query)), 1, query);
    }
    await agents();
    assert.equal(await costs(() => page(upstream, 'FarAgents?$select=id')), 1, 'nobody is told');
    assert.deepEqual(ages, []);
  });

  it('a reply that is too long to be kept comes whole, each time', async () => {
    const name = 'x'.repeat(1000);
    Object.assign(feed.sets, { Agents: Array.from({ length: 6000 }, (_, at) => ({ id: String(at), name })) });
    feed.pageSize = 6000;
    for (const _ of [1, 2]) {
      const reading = async () => assert.equal((await agents('FarAgents?$select=id,name')).rows.length, 6000);
      assert.equal(await costs(reading), 1);
    }
  });

  it('Age and Warning stand in the head of our reply, and in none that no copy is part of', async () => {
    const database = new Proxy<Database>({} as Database, { get: (_, name) => assert.fail(String(name)) });
    const app = httpListener({
      catalogue: () => served,
      capabilities: null,
      sources: new DataSources({ database, results: new ResultCache(), timeout: 1000 }, new Map([['far', upstream]])),
      authentication: openToAll,
      grantsOf: () => everything,
      settings: { pageSize: 100, publicUrl: null },
      observe: () => undefined,
    });
    await app.listen({ port: 0, host: '127.0.0.1' });
    open.push(app);
    const { port } = app.server.address() as AddressInfo;
    const heads = async (query: string) => {
      const reply = await fetch(`http://127.0.0.1:${port}/odata/${query}`);
      await reply.text();
      return [reply.status, reply.headers.get('age'), reply.headers.get('warning')];
    };
    assert.deepEqual(await heads('FarAgents?$select=id'), [200, null, null]);
    clock.at += 5000;
    assert.deepEqual(await heads('FarAgents?$select=id'), [200, '5', null]);
    assert.deepEqual(await heads('FarCalls?$select=id'), [200, null, null]);
    clock.at = moment('06T12:00:00');
    feed.always.hangs = false;
    feed.always.status = 429;
    feed.always.retryAfter = '100';
    assert.deepEqual(await heads('FarAgents?$select=id'), [200, '86400', '110 - "Response is Stale"']);
    assert.deepEqual(await heads('FarCalls?$select=id'), [503, null, null]);
  });
});

describe('the last refresh of a set', () => {
  it('is ten minutes behind the time of the day that was said, and never further away than a day', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1439 }),
        fc.integer({ min: 172_800_000, max: 4_000_000_000_000 }),
        (minutes, now) => {
          const last = lastRefresh(minutes, now);
          const minuteOfDay = (last / 60_000) % 1440;
          return last <= now && now - last < 86_400_000 && minuteOfDay === (minutes + 10) % 1440;
        },
      ),
    );
  });
});
