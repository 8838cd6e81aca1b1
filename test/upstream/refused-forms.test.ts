import assert from 'node:assert/strict';
import { IdleClock } from '../support/idle-clock.ts';
import { StrictFeed } from '../support/strict-feed.ts';
import { fails, feeds, page } from './told-feed.ts';

describe('a form that a proxied feed refuses', () => {
  const { connect } = feeds();
  let feed: StrictFeed;
  let clock: IdleClock;
  /** Filters that the feed answers; null: all. */
  let answered: RegExp | null;
  let status: number;

  beforeEach(() => {
    feed = new StrictFeed({ Calls: [{ id: 1 }, { id: 2 }] });
    clock = new IdleClock();
    answered = /^$/;
    status = 400;
  });

  async function connected() {
    const upstream = await connect(
      (request, response, url) => {
        const filter = url.searchParams.get('$filter') ?? '';
        if (answered?.test(filter) === false) {
          feed.faults.push({ status });
        }
        feed.answer(request, response, url);
      },
      {},
      '/service/',
      { connection: { time: clock } },
    );
    /** How a request ends, and how often the feed was asked for it. */
    return async (request: string): Promise<string> => {
      const before = feed.asked;
      const end = await page(upstream, request).then(
        ({ rows }) => `${rows.length} rows`,
        (error: { code: string }) => error.code,
      );
      return `${end}, asked ${feed.asked - before}`;
    };
  }

  for (const [told, code] of [
    [400, 'UpstreamRefused'],
    [501, 'NotImplemented'],
  ] as const) {
    it(`with ${told} for two different values is asked for no more, whatever the value, until an hour has passed`, async () => {
      status = told;
      const ask = await connected();
      assert.equal(await ask("FarCalls?$filter=subject eq 'a'"), `${code}, asked 1`);
      assert.equal(
        await ask("FarCalls?$filter=subject eq 'a'"),
        `${code}, asked 1`,
        'the value may be what it refuses',
      );
      assert.equal(await ask("FarCalls?$filter=subject eq 'b'"), `${code}, asked 1`);
      assert.equal(await ask("FarCalls?$filter=subject eq 'c'"), `${code}, asked 0`);
      assert.equal(await ask("FarCalls?$filter=subject ne 'c'"), `${code}, asked 1`, 'another form');
      assert.equal(await ask('FarCalls'), '2 rows, asked 1');
      clock.at += 3_600_001;
      answered = null;
      assert.equal(await ask("FarCalls?$filter=subject eq 'c'"), '2 rows, asked 1');
    });
  }

  it('names no value of the request that was refused first', async () => {
    const upstream = await connect((_request, response) => {
      response.writeHead(400, { 'Content-Type': 'application/json' });
      response.end('{"error":{"message":"What is secret?"}}');
    });
    const ask = (value: string) => page(upstream, `FarCalls?$filter=subject eq '${value}'`);
    await assert.rejects(ask('secret'), fails('UpstreamRefused', /What is secret/));
    await assert.rejects(ask('b'), fails('UpstreamRefused', /What is/));
    await assert.rejects(ask('c'), fails('UpstreamRefused', /refused requests like this one with status 400 within/));
  });

  it('is asked for again where one request of it was answered', async () => {
    const ask = await connected();
    assert.equal(await ask("FarCalls?$filter=subject eq 'a'"), 'UpstreamRefused, asked 1');
    answered = /'b'/;
    assert.equal(await ask("FarCalls?$filter=subject eq 'b'"), '2 rows, asked 1');
    assert.equal(await ask("FarCalls?$filter=subject eq 'c'"), 'UpstreamRefused, asked 1');
    assert.equal(await ask("FarCalls?$filter=subject eq 'd'"), 'UpstreamRefused, asked 1');
    assert.equal(await ask("FarCalls?$filter=subject eq 'e'"), 'UpstreamRefused, asked 0');
  });

  it('is one for the caller alone whose own token the feed refused it with, and not kept', async () => {
    const seen: string[] = [];
    const upstream = await connect(
      (request, response, url) => {
        seen.push(request.headers.authorization ?? '');
        if (request.headers.authorization === 'Bearer few') {
          feed.faults.push({ status });
        }
        feed.answer(request, response, url);
      },
      { signIn: { kind: 'caller' } },
      '/service/',
      { connection: { time: clock } },
    );
    const ask = async (value: string, token: string): Promise<string> =>
      page(upstream, `FarCalls?$filter=subject eq '${value}'`, { caller: `Bearer ${token}` }).then(
        ({ rows }) => `${rows.length} rows`,
        (error: { code: string }) => error.code,
      );
    for (const value of ['a', 'b', 'c']) {
      assert.equal(await ask(value, 'few'), 'UpstreamRefused');
    }
    assert.equal(seen.filter((token) => token === 'Bearer few').length, 2);
    assert.equal(await ask('d', 'all'), '2 rows');
    seen.length = 0;
    assert.equal(await ask('e', 'few'), 'UpstreamRefused', 'what is answered to one caller says nothing to another');
    assert.deepEqual(seen, []);
  });

  for (const stumble of [414, 431, 500]) {
    it(`with ${stumble} is asked for each time: that says nothing of the form`, async () => {
      status = stumble;
      const ask = await connected();
      for (const value of ['a', 'b', 'c']) {
        assert.doesNotMatch(await ask(`FarCalls?$filter=subject eq '${value}'`), /asked 0/);
      }
    });
  }
});
