import assert from 'node:assert/strict';
import { IdleClock } from '../support/idle-clock.ts';
import { OptionFeed } from './option-feed.ts';
import { fails, feeds, page, read } from './told-feed.ts';

const calls = [30, null, 10, null, 20].map((seconds, at) => ({ id: at + 1, seconds, score: 5 - at }));
const notLeft = fails('NotImplemented', /puts rows without seconds of FarCalls in another place/);

describe('orders that a feed has of its own', () => {
  const { connect } = feeds();
  const connected = (feed: OptionFeed, time = new IdleClock()) =>
    connect(feed.answer, {}, '/service/', { connection: { readsOptions: false, time } });
  const ids = async (upstream: Awaited<ReturnType<typeof connected>>, orderby: string): Promise<unknown> =>
    (await page(upstream, `FarCalls?$select=id&$orderby=${orderby}`)).rows.map(({ id }) => id);
  const pair = '$filter=id eq 2 or id eq 1';
  const trial = [
    'Calls?$select=id&$filter=seconds eq null&$top=1',
    'Calls?$select=id&$filter=seconds ne null&$top=1',
    `Calls?$select=id,seconds&${pair}&$orderby=seconds`,
  ];

  it('rows without a value come first, and last downwards: tried once a day', async () => {
    const time = new IdleClock();
    const upstream = await connected(new OptionFeed({}, calls), time);
    assert.deepEqual(await ids(upstream, 'seconds,id'), [2, 4, 3, 5, 1]);
    const last = 'Calls?$select=id&$orderby=seconds,id';
    assert.deepEqual(upstream.requests.slice(-5), [
      ...trial,
      `Calls?$select=id,seconds&${pair}&$orderby=seconds desc`,
      last,
    ]);
    for (const hours of [1, 24]) {
      time.at += hours * 3_600_000;
      upstream.requests.length = 0;
      await ids(upstream, 'seconds,id');
      assert.equal(upstream.requests.length > 1, hours === 24);
    }
  });

  for (const nulls of ['greatest', 'last'] as const) {
    it(`a feed that has them elsewhere (${nulls}) is told where they belong`, async () => {
      const upstream = await connected(new OptionFeed({ nulls }, calls));
      assert.deepEqual(await ids(upstream, 'seconds,id'), [2, 4, 3, 5, 1]);
      assert.equal(upstream.requests.at(-1), 'Calls?$select=id&$orderby=seconds eq null desc,seconds,id');
      assert.deepEqual(await ids(upstream, 'seconds desc,id'), [1, 5, 3, 2, 4]);
      assert.equal(upstream.requests.at(-1), 'Calls?$select=id&$orderby=seconds eq null,seconds desc,id');
      await assert.rejects(read(upstream, 'FarCalls?$orderby=seconds add 1'), notLeft);
    });
  }

  it('one that cannot be told is not left such an order; what has no nulls is', async () => {
    const upstream = await connected(new OptionFeed({ nulls: 'greatest', refuses: /seconds eq null( desc)?,/ }, calls));
    await assert.rejects(read(upstream, 'FarCalls?$orderby=seconds'), notLeft);
    assert.deepEqual(await ids(upstream, 'score'), [5, 4, 3, 2, 1]);
  });

  it('where the condition leaves no row without a value nothing is tried, and nothing said', async () => {
    const upstream = await connected(new OptionFeed({ nulls: 'greatest' }, calls));
    for (const condition of ['seconds gt 10', 'seconds ne null', '10 lt seconds and id gt 0']) {
      await page(upstream, `FarCalls?$select=id&$filter=${condition}&$orderby=seconds`);
      assert.equal(upstream.requests.at(-1), `Calls?$select=id&$filter=${condition}&$orderby=seconds`);
    }
    assert.equal(
      upstream.requests.some((one) => one.includes('seconds eq null')),
      false,
    );
    for (const condition of ['seconds ne 10', 'seconds gt 10 or id gt 0', 'seconds eq null']) {
      await page(upstream, `FarCalls?$select=id&$filter=${condition}&$orderby=seconds`);
      assert.match(upstream.requests.at(-1) ?? '', /orderby=seconds eq null desc,seconds$/);
    }
  });

  it('further pages are those of the first request, told or not', async () => {
    const rows = calls.map((call) => ({ ...call }));
    const feed = new OptionFeed({ nulls: 'greatest' }, rows);
    const upstream = await connect(
      (request, response, url) => {
        if (url.searchParams.has('$top') || url.searchParams.has('$filter')) {
          feed.answer(request, response, url);
          return;
        }
        const at = Number(url.searchParams.get('$skip') ?? 0);
        const next = new URLSearchParams([...url.searchParams, ['$skip', String(at + 2)]]);
        const all = feed.sorted(url.searchParams.get('$orderby'));
        const more = at + 2 < all.length ? { '@odata.nextLink': `Calls?${next.toString()}` } : {};
        response.writeHead(200, { 'Content-Type': 'application/json' });
        response.end(JSON.stringify({ value: all.slice(at, at + 2), ...more }));
      },
      {},
      '/service/',
      { connection: { readsOptions: false } },
    );
    const first = await page(upstream, 'FarCalls?$select=id&$orderby=seconds');
    const second = await page(upstream, 'FarCalls?$select=id&$orderby=seconds', { skipToken: first.next });
    assert.deepEqual([...first.rows, ...second.rows], [{ id: 2 }, { id: 4 }, { id: 3 }, { id: 5 }]);
  });

  it('what is computed turns the rows round, or is not left to it', async () => {
    const some = calls.map((call) => ({ ...call, seconds: call.seconds ?? 0 }));
    const upstream = await connected(new OptionFeed({}, some));
    assert.deepEqual(
      await ids(upstream, 'score add seconds'),
      [5, 4, 3, 2, 1].toSorted((a, b) => sum(a) - sum(b)),
    );
    assert.equal(upstream.requests.includes('Calls?$select=id&$orderby=score add seconds desc&$top=1'), true);
    const names = await connected(new OptionFeed({ ordersByNames: true }, some));
    await assert.rejects(
      read(names, 'FarCalls?$orderby=score add seconds'),
      fails('NotImplemented', /does not show that it does what \$orderby=\(.*\) of FarCalls says/),
    );
    assert.deepEqual(await ids(names, 'seconds'), [2, 4, 3, 5, 1]);
  });

  const sum = (id: number): number => (calls[id - 1]?.seconds ?? 0) + (calls[id - 1]?.score ?? 0);
});
