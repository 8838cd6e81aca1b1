import assert from 'node:assert/strict';
import { collectionOf, noRestriction, onlyProperties, rowsOfSet } from '../../src/plan/model/make.ts';
import { IdleClock } from '../support/idle-clock.ts';
import { OptionFeed } from './option-feed.ts';
import { readOptions } from './tenant.ts';
import { catalogue, fails, feeds, page, read } from './told-feed.ts';

const calls = [1, 2, 3, 4, 5].map((id) => ({ id, seconds: 10 * (6 - id) }));

/** Requests with an option each, what they give, and how it is tried whether the feed reads the option. */
const asked = {
  $filter: {
    request: 'FarCalls?$select=id&$filter=seconds gt 20',
    ids: [1, 2, 3],
    trials: ['Calls?$select=id&$top=1', 'Calls?$select=id&$filter=id eq null&$top=1'],
  },
  $orderby: {
    request: 'FarCalls?$select=id&$orderby=id desc&$top=2',
    ids: [5, 4],
    trials: [
      'Calls?$select=id&$orderby=id&$top=2',
      'Calls?$select=id&$orderby=id desc&$top=2',
      'Calls?$select=id&$orderby=id&$skip=1&$top=1',
    ],
  },
  $skip: {
    request: 'FarCalls?$select=id&$skip=3',
    ids: [4, 5],
    trials: [
      'Calls?$select=id&$orderby=id&$top=2',
      'Calls?$select=id&$orderby=id desc&$top=2',
      'Calls?$select=id&$orderby=id&$skip=1&$top=1',
    ],
  },
} as const;
const options = ['$filter', '$orderby', '$skip'] as const;
const notShown = (option: string) =>
  fails('NotImplemented', new RegExp(`does not show that it does what \\${option} of FarCalls says`));

describe('options of a set that a feed passes over', () => {
  const { connect } = feeds();
  const connected = (feed: OptionFeed, time = new IdleClock()) =>
    connect(feed.answer, {}, '/service/', { connection: { readsOptions: false, time } });
  const ids = async (upstream: Awaited<ReturnType<typeof connect>>, request: string): Promise<unknown> =>
    (await page(upstream, request)).rows.map(({ id }) => id);

  for (const option of options) {
    const { request, ids: right, trials } = asked[option];

    it(`${option}: is told before a row is given, and not asked for again`, async () => {
      const upstream = await connected(new OptionFeed({ ignores: [option] }, calls));
      await assert.rejects(read(upstream, request), notShown(option));
      // One that passes over nothing may have had other rows first for another reason: they are looked at again.
      const again = option === '$skip' ? ['Calls?$select=id&$orderby=id&$top=2'] : [];
      assert.deepEqual(upstream.requests, [...trials, ...again]);
      await assert.rejects(read(upstream, request), notShown(option));
      assert.equal(upstream.requests.length, trials.length + again.length);
      for (const other of options.filter((one) => one !== option)) {
        assert.deepEqual(await ids(upstream, asked[other].request), asked[other].ids, other);
      }
    });

    it(`${option}: a feed that does it is tried once a day, with rows of their keys alone`, async () => {
      const time = new IdleClock();
      const upstream = await connected(new OptionFeed({}, calls), time);
      for (const hours of [0, 1, 24]) {
        time.at += hours * 3_600_000;
        upstream.requests.length = 0;
        assert.deepEqual(await ids(upstream, request), right);
        assert.deepEqual(upstream.requests.slice(0, -1), hours === 1 ? [] : trials);
      }
    });

    it(`${option}: a feed that refuses to show it is not trusted with it`, async () => {
      const upstream = await connected(new OptionFeed({ refuses: new RegExp(`\\${option}`) }, calls));
      await assert.rejects(read(upstream, request), notShown(option));
    });

    it(`${option}: where there is no row there is nothing to be wrong about, and it is tried again`, async () => {
      const upstream = await connected(new OptionFeed({ ignores: [option] }, []));
      assert.deepEqual(await ids(upstream, request), []);
      const once = upstream.requests.length;
      assert.deepEqual(await ids(upstream, request), []);
      assert.equal(upstream.requests.length, 2 * once);
    });

    it(`${option}: what a feed did the day before holds while it does not answer`, async () => {
      const [feed, time] = [new OptionFeed({}, calls), new IdleClock()];
      const upstream = await connected(feed, time);
      await page(upstream, request);
      Object.assign(feed.faults, { status: 503 });
      time.at += 25 * 3_600_000;
      const before = upstream.requests.length;
      await assert.rejects(read(upstream, request), fails('UpstreamUnavailable', /answers with status 503/));
      // It was asked for the rows, too: a copy of them may be there.
      assert.ok(upstream.requests.slice(before).some((one) => one.includes(request.replace('FarCalls', 'Calls'))));
    });
  }

  for (const option of ['$orderby', '$skip'] as const) {
    it(`${option}: rows that come meanwhile do not turn what a feed of the newest first gives`, async () => {
      const ignores = option === '$orderby' ? [option] : ['$orderby' as const, option];
      const feed = new OptionFeed({ ignores }, calls);
      const growing: typeof feed.answer = (request, response, url) => {
        feed.rows = [{ id: -feed.rows.length, seconds: 1 }, ...feed.rows];
        feed.answer(request, response, url);
      };
      const upstream = await connect(growing, {}, '/service/', { connection: { readsOptions: false } });
      for (const _ of [1, 2]) {
        await assert.rejects(read(upstream, asked[option].request), notShown(option));
      }
    });
  }

  it('is tried once where many ask at the same time, and anew where the first of them hangs up', async () => {
    const { request, ids: right, trials } = asked.$filter;
    for (const hangsUp of [false, true]) {
      const feed = new OptionFeed({}, calls);
      const first = new AbortController();
      let isHeld = hangsUp;
      const held: typeof feed.answer = (received, response, url) => {
        if (isHeld) {
          isHeld = false;
          first.abort();
          return;
        }
        feed.answer(received, response, url);
      };
      const upstream = await connect(held, {}, '/service/', { connection: { readsOptions: false } });
      const one = page(upstream, request, { signal: first.signal });
      const others = Promise.all(Array.from({ length: 5 }, () => ids(upstream, request)));
      await (hangsUp ? assert.rejects(one) : one);
      for (const found of await others) {
        assert.deepEqual(found, right);
      }
      const tried = upstream.requests.filter((each) => each === trials[1]);
      assert.equal(tried.length, 1);
    }
  });

  it('a count is tried by itself, and beside rows', async () => {
    const counted = 'FarCalls?$select=id&$filter=seconds gt 20&$count=true&$top=1';
    for (const [where, right, wrong] of [
      [/[$]count[?]/, counted, 'FarCalls/$count?$filter=seconds gt 20'],
      [/[$]count=true/, 'FarCalls/$count?$filter=seconds gt 20', counted],
    ] as const) {
      const upstream = await connected(new OptionFeed({ ignores: ['$filter'], where }, calls));
      await read(upstream, right);
      await assert.rejects(read(upstream, wrong), fails('NotImplemented', /what \/?\$count of FarCalls says/));
      assert.deepEqual(await ids(upstream, asked.$filter.request), asked.$filter.ids);
    }
    const left = await connected(new OptionFeed({ ignores: ['$count'] }, calls));
    assert.equal((await page(left, counted)).count, '3');
  });

  it('a feed that knows no null beside a key shows with the key of another row that it reads conditions', async () => {
    const refuses = /eq null/;
    const upstream = await connected(new OptionFeed({ refuses }, calls));
    assert.deepEqual(await ids(upstream, asked.$filter.request), [1, 2, 3]);
    assert.deepEqual(upstream.requests, [
      ...asked.$filter.trials,
      'Calls?$select=id&$top=2',
      'Calls?$select=id&$filter=id eq 2&$top=1',
      'Calls?$select=id&$filter=seconds gt 20',
    ]);
    const deaf = await connected(new OptionFeed({ refuses, ignores: ['$filter'] }, calls));
    await assert.rejects(read(deaf, asked.$filter.request), notShown('$filter'));
  });

  it('keys of a join are asked for by a condition, too', async () => {
    const upstream = await connected(new OptionFeed({ ignores: ['$filter'] }, calls));
    const set = catalogue.model.entitySets.get('FarCalls') ?? assert.fail();
    const properties = [set.entityType.properties.get('id') ?? assert.fail()];
    const selection = onlyProperties(set, properties);
    const request = { set, properties, keys: [['1']], selection, restriction: noRestriction };
    const rows = upstream.fetchByKeys(request, readOptions());
    await assert.rejects(async () => {
      for await (const row of rows) {
        assert.fail(row);
      }
    }, notShown('$filter'));
  });

  it('rows that are more than $top may say are asked for in order, and passed over, which is tried first', async () => {
    for (const option of ['$orderby', '$skip'] as const) {
      const feed = new OptionFeed({ ignores: [option], maxTop: 2 }, calls);
      const upstream = await connected(feed);
      for (const _ of [1, 2]) {
        await assert.rejects(read(upstream, 'FarCalls?$select=id&$top=4'), notShown(option));
      }
      assert.deepEqual(await ids(upstream, 'FarCalls?$select=id&$top=2'), [1, 2]);
    }
    const upstream = await connected(new OptionFeed({ maxTop: 2 }, calls));
    const first = await page(upstream, 'FarCalls?$select=id&$top=4');
    assert.deepEqual(first.rows, [{ id: 1 }, { id: 2 }]);
    assert.notEqual(first.next, null);
  });

  it('what is asked for without them is not tried', async () => {
    const upstream = await connected(new OptionFeed({}, calls));
    await page(upstream, 'FarCalls?$select=id&$top=2&$count=true');
    const set = catalogue.model.entitySets.get('FarCalls') ?? assert.fail();
    const all = collectionOf({ source: rowsOfSet(set), selection: onlyProperties(set, []), pageSize: 10 });
    await upstream.read(all, readOptions());
    assert.equal(upstream.requests.length, 2);
  });
});
