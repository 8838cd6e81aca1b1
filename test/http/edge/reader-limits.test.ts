import assert from 'node:assert/strict';
import fc from 'fast-check';
import { after, before } from 'mocha';
import { GatewayError } from '../../../src/errors.ts';
import { type Asker, ReaderLimits } from '../../../src/http/edge/reader-limits.ts';
import { serviceLimits } from '../../../src/http/limits.ts';
import { authentication } from '../../../src/http/sign-in/authentication.ts';
import { knownKeys } from '../signing-in.ts';
import { startTestServer, type TestServer } from '../test-server.ts';

const none = { requestsPerMinute: null, requestsAtOnce: null, rowsPerDay: null };
const asks = (who: Partial<Asker> = {}): Asker => ({
  principal: 'key:bi',
  address: '10.0.0.1',
  url: '/odata/A',
  part: null,
  ...who,
});

describe('what one reader may ask for', () => {
  let now = 0;
  const clock = (): number => now;
  beforeEach(() => {
    now = Date.parse('2026-11-30T22:00:00Z');
  });
  /** Seconds to wait, or null where the request is let in. */
  const ask = async (limits: ReaderLimits, who: Partial<Asker> = {}, rows = 0): Promise<number | null> => {
    try {
      (await limits.enter(asks(who))).leave(rows);
      return null;
    } catch (error) {
      assert.ok(error instanceof GatewayError && error.status === 429);
      return error.retryAfter ?? -1;
    }
  };

  it('is as much as there is, where nothing is set', async () => {
    const limits = new ReaderLimits(none, clock);
    for (let request = 0; request < 1000; request++) {
      assert.equal(await ask(limits, {}, 1_000_000), null);
    }
  });

  it('is so many requests a minute, of each principal or address alone', async () => {
    const limits = new ReaderLimits({ ...none, requestsPerMinute: 6 }, clock);
    for (let request = 0; request < 6; request++) {
      assert.equal(await ask(limits, { url: `/${request}` }), null);
    }
    assert.equal(await ask(limits, { url: '/7' }), 10);
    assert.equal(await ask(limits, { principal: 'key:other' }), null);
    assert.equal(await ask(limits, { principal: null }), null);
    now += 10_000;
    assert.equal(await ask(limits, { url: '/8' }), null);
    assert.equal(await ask(limits, { url: '/9', part: 'batch' }), 10);
    // What was let in is answered later at no further cost.
    assert.equal(await ask(limits, { part: 'async' }), null);
  });

  it('an IPv6 network of 64 bits is one reader', async () => {
    const limits = new ReaderLimits({ ...none, requestsPerMinute: 1 }, clock);
    const from = (address: string) => ask(limits, { principal: null, address, url: address });
    assert.equal(await from('2001:db8::1'), null);
    assert.equal(await from('2001:db8:0:0:ffff::2'), 60);
    assert.equal(await from('2001:db8:0:1::1'), null);
  });

  it('property: whoever is told to wait is told 1 to 120 whole seconds, and comes in after three refusals where he waits', async () => {
    const others = fc.array(fc.nat(30), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 50 }), others, async (perMinute, greed) => {
        const limits = new ReaderLimits({ ...none, requestsPerMinute: perMinute }, clock);
        let refusals = 0;
        for (let attempt = 0; ; attempt++) {
          // Others of the same principal take whatever there is.
          for (let other = 0; other < perMinute + (greed[attempt % greed.length] ?? 0); other++) {
            await ask(limits, { url: `/other/${attempt}/${other}` });
          }
          const wait = await ask(limits);
          if (wait === null) {
            break;
          }
          assert.ok(Number.isInteger(wait) && wait >= 1 && wait <= 120, String(wait));
          refusals += 1;
          now += wait * 1000;
        }
        assert.ok(refusals <= 3, String(refusals));
      }),
      { numRuns: 100 },
    );
  });

  it('one that does not wait, or did not sign in, is never let in over the rate', async () => {
    const limits = new ReaderLimits({ ...none, requestsPerMinute: 1 }, clock);
    await ask(limits, { url: '/first' });
    for (let attempt = 0; attempt < 50; attempt++) {
      now += 500;
      assert.notEqual(await ask(limits), null);
    }
    const stranger = { principal: null };
    await ask(limits, { ...stranger, url: '/first' });
    for (let attempt = 0; attempt < 10; attempt++) {
      const wait = await ask(limits, stranger);
      now += (wait ?? 0) * 1000;
      await ask(limits, { ...stranger, url: `/greed/${attempt}` });
      assert.notEqual(wait, null);
    }
  });

  it('one that is let in comes behind all others', async () => {
    const limits = new ReaderLimits({ ...none, requestsAtOnce: 1 }, clock);
    const working = await limits.enter(asks({ url: '/long' }));
    for (let attempt = 0; attempt < 3; attempt++) {
      now += ((await ask(limits)) ?? 0) * 1000;
    }
    let entered = false;
    const last = limits.enter(asks()).then((turn) => {
      entered = true;
      return turn;
    });
    const other = await limits.enter(asks({ principal: 'key:other' }));
    working.leave(0);
    await new Promise((resolve) => setImmediate(resolve));
    assert.ok(!entered);
    other.leave(0);
    (await last).leave(0);
  });

  it('a spent day stays 429 with the hour of its end, however long somebody waits', async () => {
    const limits = new ReaderLimits({ ...none, rowsPerDay: 100 }, clock);
    assert.equal(await ask(limits, {}, 99), null);
    assert.equal(await ask(limits, {}, 50), null);
    for (let attempt = 0; attempt < 10; attempt++) {
      await assert.rejects(limits.enter(asks()), {
        code: 'TooManyRequests',
        status: 429,
        message: /from 2026-12-01 00:00 UTC on/,
      });
      now += 120_000;
    }
    now = Date.parse('2026-12-01T00:00:00Z');
    assert.equal(await ask(limits, {}, 50), null);
  });
});

describe('a feed with limits of readers, over HTTP', () => {
  let feed: TestServer;
  before(async () => {
    feed = await startTestServer({
      rows: `INSERT INTO feed."Agents" ("Id", "Name") VALUES (1, 'Ann'), (2, 'Bob')`,
      authentication: authentication({ basic: null, keys: knownKeys({ k: 'bi', o: 'other' }) }, 'api-key'),
      readers: new ReaderLimits({ requestsPerMinute: 8, requestsAtOnce: null, rowsPerDay: 5 }),
      settings: { limits: { ...serviceLimits, async: { ...serviceLimits.async, keptEach: 2 } } },
    });
  });
  after(() => feed.close());
  const get = (key: string, path: string, headers = {}) => feed.get(path, { 'api-key': key, ...headers });

  it('counts rows of all replies, batches included, and says when there are more', async () => {
    assert.equal((await get('k', 'Agents')).status, 200);
    const requests = ['1', '2'].map((id) => ({ id, method: 'get', url: 'Agents' }));
    const batch = await fetch(`${feed.root}$batch`, {
      method: 'POST',
      headers: { 'api-key': 'k', 'content-type': 'application/json' },
      body: JSON.stringify({ requests: [...requests, { id: '3', method: 'get', url: 'Agents' }] }),
    });
    const { responses } = (await batch.json()) as { responses: { status: number }[] };
    assert.deepEqual(
      responses.map(({ status }) => status),
      [200, 200, 429],
    );
    const spent = await get('k', 'Agents');
    assert.deepEqual([spent.status, spent.headers.get('retry-after')], [429, '120']);
    assert.match(await spent.text(), /TooManyRequests.*are spent; there are more from \d{4}-\d\d-\d\d 00:00 UTC on/);
  });

  it('one reader cannot hold all replies that are kept; the rate is told with whole seconds', async () => {
    const later = { Prefer: 'respond-async' };
    const found = [];
    for (let request = 0; request < 3; request++) {
      found.push((await get('o', `Agents/$count?$filter=Id eq ${request}`, later)).status);
    }
    assert.deepEqual(found, [202, 202, 429]);
    let last = 200;
    let wait = '';
    for (let request = 0; request < 8 && last === 200; request++) {
      const reply = await get('o', '$metadata');
      last = reply.status;
      wait = reply.headers.get('retry-after') ?? '';
      await reply.arrayBuffer();
    }
    assert.equal(last, 429);
    assert.match(wait, /^([1-9]|10)$/);
  });
});
