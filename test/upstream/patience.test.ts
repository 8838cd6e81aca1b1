import assert from 'node:assert/strict';
import { once } from 'node:events';
import fc from 'fast-check';
import { GatewayError } from '../../src/errors.ts';
import type { UpstreamEvent } from '../../src/observation/events/upstream.ts';
import { Circuit } from '../../src/upstream/client/circuit.ts';
import { pauseAfter } from '../../src/upstream/client/retrying-client.ts';
import { Outage } from '../../src/upstream/client/upstream-fault.ts';
import { IdleClock } from '../support/idle-clock.ts';
import { StrictFeed } from '../support/strict-feed.ts';
import { until } from '../support/until.ts';
import { fails, feeds, page, read } from './told-feed.ts';

describe('a proxied feed that stumbles', () => {
  const { connect, open } = feeds();
  let feed: StrictFeed;
  let clock: IdleClock;
  let events: UpstreamEvent[];

  beforeEach(() => {
    feed = new StrictFeed({ Calls: [{ id: 1 }, { id: 2 }] });
    clock = new IdleClock();
    events = [];
  });
  const connected = (settings = {}) =>
    connect(feed.answer, settings, '/service/', {
      connection: { time: clock, observe: (event) => void events.push(event) },
    });
  const retries = () => events.flatMap((one) => (one.event === 'upstream-retry' ? [one.reason] : []));

  for (const status of [408, 429, 502, 503, 504, 509]) {
    it(`is asked again after ${status}, a little later each time, and nobody notices`, async () => {
      feed.faults.push({ status }, { status }, { status });
      const { rows } = await page(await connected(), 'FarCalls?$select=id');
      assert.deepEqual(rows, [{ id: 1 }, { id: 2 }]);
      assert.deepEqual(clock.pauses, [300, 600, 1200]);
      assert.deepEqual(retries(), [status, status, status].map(String));
    });
  }

  it('is asked once more after 500, at once, and waited for as ever where it answers otherwise then', async () => {
    feed.faults.push({ status: 500 }, { status: 503 });
    assert.deepEqual((await page(await connected(), 'FarCalls?$select=id')).rows, [{ id: 1 }, { id: 2 }]);
    assert.deepEqual([feed.asked, clock.pauses, retries()], [3, [600], ['500', '503']]);
  });

  it('500 is told after the second one, and asks for nothing after another fault', async () => {
    feed.faults.push({ status: 503 }, { status: 500 }, { status: 500 });
    await assert.rejects(page(await connected(), 'FarCalls?$select=id'), fails('UpstreamRefused', /with status 500/));
    assert.deepEqual([feed.asked, clock.pauses, retries()], [3, [300], ['503', '500']]);
  });

  for (const status of [400, 401, 403, 404, 501]) {
    it(`is not asked again after ${status}: the answer would be the same`, async () => {
      feed.always.status = status;
      await assert.rejects(page(await connected(), 'FarCalls?$select=id'), GatewayError);
      assert.deepEqual([feed.asked, clock.pauses], [1, []]);
    });
  }

  it('is asked four times and no more, then 503', async () => {
    feed.always.status = 503;
    await assert.rejects(page(await connected(), 'FarCalls'), fails('UpstreamUnavailable', /status 503: told to/));
    assert.equal(feed.asked, 4);
  });

  it('is not asked again where its answers take long: all attempts and pauses have 20 seconds together', async () => {
    feed.always.status = 503;
    const slow: typeof feed.answer = (request, response, url) => {
      clock.at += 12_000;
      feed.answer(request, response, url);
    };
    const upstream = await connect(slow, {}, '/service/', { connection: { time: clock } });
    await assert.rejects(page(upstream, 'FarCalls'), fails('UpstreamUnavailable', /503/));
    assert.deepEqual([feed.asked, clock.pauses], [2, [300]]);
  });

  it('is waited for as long as Retry-After says where that is bearable', async () => {
    feed.faults.push({ status: 429, retryAfter: '7' }, { status: 503, retryAfter: '2' });
    assert.equal((await page(await connected(), 'FarCalls?$select=id')).rows.length, 2);
    assert.deepEqual(clock.pauses, [7300, 2600]);
  });

  it('is waited for until the date that it names by its own clock, which may be another than ours', async () => {
    const seconds = 1000;
    for (const drift of [-3600 * seconds, 0, 3600 * seconds]) {
      let refusals = 1;
      const upstream = await connect(
        (request, response, url) => {
          if (refusals-- <= 0) {
            feed.answer(request, response, url);
            return;
          }
          const theirs = Date.now() + drift;
          const [date, until] = [theirs, theirs + 7 * seconds].map((at) => new Date(at).toUTCString());
          response.writeHead(429, { Date: date, 'Retry-After': until }).end();
        },
        {},
        '/service/',
        { connection: { time: clock } },
      );
      clock.pauses.length = 0;
      await page(upstream, 'FarCalls?$select=id');
      assert.deepEqual(clock.pauses, [7300], `${drift}`);
    }
  });

  it('that wants to be left alone for longer is left alone by all, who are told for how long', async () => {
    feed.faults.push({ status: 429, retryAfter: '60' });
    const upstream = await connected();
    const afterSeconds = async () => {
      const error = await page(upstream, 'FarCalls?$select=id').catch((thrown: GatewayError) => thrown);
      return error instanceof GatewayError ? [error.code, error.retryAfter] : error.rows.length;
    };
    assert.deepEqual(await afterSeconds(), ['UpstreamUnavailable', 60]);
    const held = { event: 'upstream-held', source: 'far', seconds: 60, reason: 'status 429' };
    assert.deepEqual(
      events.filter(({ event }) => event === 'upstream-held'),
      [held],
    );
    clock.at += 30_000;
    assert.deepEqual(await afterSeconds(), ['UpstreamUnavailable', 30]);
    assert.equal(feed.asked, 1);
    clock.at += 20_000;
    assert.equal(await afterSeconds(), 2, 'ten seconds are waited for');
    assert.deepEqual([feed.asked, clock.pauses], [2, [10_300]]);
  });

  it('that has enough of one caller, whose own token it was asked with, leaves the others alone', async () => {
    const upstream = await connected({ signIn: { kind: 'caller' } });
    feed.faults.push({ status: 429, retryAfter: '60' });
    const first = page(upstream, 'FarCalls?$select=id', { caller: 'Bearer first' });
    await assert.rejects(first, fails('UpstreamUnavailable', /429/));
    const { rows } = await page(upstream, 'FarCalls?$select=id', { caller: 'Bearer second' });
    assert.deepEqual([rows.length, clock.pauses], [2, []]);
  });

  it('is asked again where no answer began, but not where it was silent for all its time', async () => {
    const upstream = await connected({ timeoutSeconds: 0.2 });
    feed.faults.push({ hangs: true });
    await assert.rejects(page(upstream, 'FarCalls'), fails('UpstreamUnavailable', /in time/));
    assert.deepEqual(clock.pauses, []);
    await open[0]?.close();
    await assert.rejects(page(upstream, 'FarCalls'), fails('UpstreamUnavailable', /cannot be reached/));
    assert.deepEqual(retries(), ['unreachable', 'unreachable', 'unreachable']);
  });

  it('is not waited for any more when the client hung up', async () => {
    feed.always.status = 503;
    const abort = new AbortController();
    clock.onPause = () => abort.abort();
    await assert.rejects(page(await connected(), 'FarCalls', { signal: abort.signal }), GatewayError);
    assert.equal(feed.asked, 1);
  });

  it('is asked again where a body breaks off before anything of it was used, once', async () => {
    feed = new StrictFeed({ Calls: [{ id: 1 }, { id: 2 }], $count: [] });
    const upstream = await connected();
    feed.faults.push({ cutAt: 5 });
    assert.equal((await page(upstream, 'FarCalls?$select=id')).rows.length, 2);
    feed.faults.push({ cutAt: 1, body: '12' }, { body: '12' });
    assert.deepEqual(await read(upstream, 'FarCalls/$count'), { kind: 'count', count: '12' });
    feed.faults.push({ cutAt: 5 }, { cutAt: 5 });
    await assert.rejects(page(upstream, 'FarCalls?$select=id'), fails('UpstreamUnavailable', /broke its reply off/));
    assert.equal(feed.asked, 6);
  });

  it('is asked again, once, where a body breaks off before its first row was used, and never afterwards', async () => {
    const upstream = await connected();
    const body = JSON.stringify({ value: [{ id: 1 }, { id: 2 }] });
    const cutAt = (part: string) => ({ body, cutAt: body.indexOf(part) + part.length });
    const broken = fails('UpstreamUnavailable', /broke its reply off/);
    for (const part of ['[', '[{"id":']) {
      feed.asked = 0;
      feed.faults.push(cutAt(part), { body });
      assert.deepEqual((await page(upstream, 'FarCalls?$select=id')).rows, [{ id: 1 }, { id: 2 }], part);
      assert.equal(feed.asked, 2, part);
    }
    feed.faults.push(cutAt('['), cutAt('['));
    await assert.rejects(page(upstream, 'FarCalls?$select=id'), broken);
    assert.equal(feed.asked, 4);
    feed.faults.push(cutAt('[{"id":1}'));
    await assert.rejects(page(upstream, 'FarCalls?$select=id'), broken);
    assert.equal(feed.asked, 5, 'a row was used');
  });

  it('that gives more rows than $top asks for does so in vain, over all its pages', async () => {
    feed = new StrictFeed({ Calls: [{ id: 1 }, { id: 2 }, { id: 3 }, { id: 4 }, { id: 5 }] });
    const upstream = await connect((request, response, url) => {
      url.searchParams.delete('$top');
      feed.answer(request, response, url);
    });
    const ids = async (
      request: string,
      metadata: 'minimal' | 'full' = 'minimal',
    ): Promise<[unknown[][], string | null]> => {
      const pages: unknown[][] = [];
      let skipToken: string | null = null;
      let count: string | null = null;
      do {
        const reply = await page(upstream, request, { skipToken, metadata });
        pages.push(reply.rows.map(({ id }) => id));
        count ??= reply.count;
        skipToken = reply.next;
      } while (skipToken !== null);
      return [pages, count];
    };
    assert.deepEqual(await ids('FarCalls?$select=id&$top=1&$count=true'), [[[1]], '5']);
    assert.deepEqual(await ids('FarCalls?$select=id&$top=2'), [[[1, 2]], null]);
    assert.deepEqual(await ids('FarCalls?$select=id&$top=3'), [[[1, 2], [3]], null]);
    assert.deepEqual(await ids('FarCalls?$select=id&$top=3', 'full'), [[[1, 2], [3]], null]);
    assert.deepEqual(await ids('FarCalls?$select=id'), [[[1, 2], [3, 4], [5]], null]);
  });

  it('that fails again and again is not asked by anybody for a while; one request tries, and all others follow it', async () => {
    const upstream = await connected();
    const asked = async () => {
      const before = feed.asked;
      const outcome = await page(upstream, 'FarCalls?$select=id').then(
        () => 'rows',
        (error: GatewayError) => `${error.code} ${error.retryAfter}`,
      );
      return [outcome, feed.asked - before];
    };
    feed.always.status = 502;
    assert.deepEqual(await asked(), ['UpstreamUnavailable 30', 4]);
    clock.at += 5000;
    assert.deepEqual(await asked(), ['UpstreamUnavailable 10', 1]);
    assert.deepEqual(await asked(), ['UpstreamUnavailable 10', 0]);
    clock.at += 10_000;
    assert.deepEqual(await asked(), ['UpstreamUnavailable 20', 1]);
    clock.at += 20_000;
    delete feed.always.status;
    assert.deepEqual(await asked(), ['rows', 1]);
    const states = events.flatMap((one) => (one.event === 'upstream-circuit' ? [one.state] : []));
    assert.deepEqual(states, ['open', 'half-open', 'open', 'half-open', 'closed']);
    const opened = events.filter((one) => one.event === 'upstream-circuit' && one.state === 'open');
    const told = { event: 'upstream-circuit', source: 'far', state: 'open', reason: 'status 502' };
    assert.deepEqual(opened, [
      { ...told, seconds: 10 },
      { ...told, seconds: 20 },
    ]);
  });

  describe('that is tried again by one request', () => {
    /** Others wait for it as long as they may: until the test says so. */
    class WaitingClock extends IdleClock {
      waiting = 0;
      /** Ends the waiting of all. */
      enough = new AbortController();

      override async pause(milliseconds: number, signal: AbortSignal | null): Promise<void> {
        if (milliseconds !== 5000 || signal === null) {
          return super.pause(milliseconds, signal);
        }
        this.waiting += 1;
        await once(AbortSignal.any([signal, this.enough.signal]), 'abort');
        this.waiting -= 1;
      }
    }

    let waitingClock: WaitingClock;
    let answer: () => void;
    let first: Promise<unknown>;
    let others: Promise<unknown>[];

    /** A feed that failed and is tried by `first`, which has no answer yet, while `others` wait. */
    beforeEach(async () => {
      waitingClock = new WaitingClock();
      let isHeld = false;
      answer = () => assert.fail('nothing was asked');
      const upstream = await connect(
        (...request) => {
          answer = () => feed.answer(...request);
          if (!isHeld) {
            answer();
          }
        },
        {},
        '/service/',
        { connection: { time: waitingClock } },
      );
      const outcome = () =>
        page(upstream, 'FarCalls?$select=id').then(
          ({ rows }) => rows.length,
          (error: GatewayError) => `${error.code} ${error.retryAfter}`,
        );
      feed.always.status = 502;
      await outcome();
      waitingClock.at += 5000;
      assert.equal(await outcome(), 'UpstreamUnavailable 10');
      waitingClock.at += 10_000;
      isHeld = true;
      feed.asked = 0;
      const asked = upstream.requests.length;
      first = outcome();
      await until('the feed is tried', () => upstream.requests.length > asked);
      others = [outcome(), outcome()];
      await until('others wait', () => waitingClock.waiting === 2);
      isHeld = false;
    });

    it('is waited for by the others, who get their rows as soon as it has some', async () => {
      delete feed.always.status;
      answer();
      assert.deepEqual(await Promise.all([first, ...others]), [2, 2, 2]);
      assert.deepEqual([feed.asked, waitingClock.waiting], [3, 0]);
    });

    it('refuses the others with it where it fails again', async () => {
      answer();
      const left = 'UpstreamUnavailable 20';
      assert.deepEqual(await Promise.all([first, ...others]), [left, left, left]);
      assert.equal(feed.asked, 1);
    });

    it('refuses the others after a while where it has no answer', async () => {
      waitingClock.enough.abort();
      assert.deepEqual(await Promise.all(others), ['UpstreamUnavailable 1', 'UpstreamUnavailable 1']);
      answer();
      await first;
    });
  });
});

describe('how long is waited between attempts', () => {
  const unavailable = (outage: Outage) => new GatewayError('UpstreamUnavailable', 'x', { cause: outage });

  it('longer each time, never less than the feed says, by chance more or less, and not for ever', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        fc.option(fc.integer({ min: 1, max: 120 })),
        (attempt, random, retryAfter) => {
          const pause = pauseAfter(unavailable(new Outage('status', { status: 503, retryAfter })), attempt, random);
          if (attempt >= 4) {
            return pause === null;
          }
          const [least, spread] = [(retryAfter ?? 0) * 1000, 300 * 2 ** (attempt - 1)];
          return pause !== null && pause >= least + spread / 2 && pause < least + spread * 1.5;
        },
      ),
    );
  });

  it('not at all for what would be the same', () => {
    for (const error of [new Error('x'), new GatewayError('UpstreamRefused', 'x'), unavailable(new Outage('late'))]) {
      assert.equal(pauseAfter(error, 1, 0.5), null);
    }
  });
});

describe('the circuit of a feed', () => {
  let at: number;
  let states: string[];
  let circuit: Circuit;
  const fail = (times: number) => {
    for (let time = 0; time < times; time++) {
      circuit.enter()('failed');
    }
  };

  beforeEach(() => {
    at = 0;
    states = [];
    circuit = new Circuit(
      () => at,
      (state) => states.push(state),
    );
  });

  it('many failures of one moment are one stumble', () => {
    fail(40);
    assert.equal(circuit.state, 'closed');
    at = 5000;
    fail(1);
    assert.deepEqual([circuit.state, circuit.wait], ['open', 10_000]);
  });

  it('an answer in between begins the count anew', () => {
    fail(4);
    at = 6000;
    circuit.enter()('alive');
    fail(4);
    at = 12_000;
    assert.equal(circuit.state, 'closed');
    fail(1);
    assert.equal(circuit.state, 'open');
  });

  it('one tries, the others wait for it; where its client goes, the next one tries', () => {
    fail(4);
    at = 5000;
    fail(1);
    at = 15_000;
    const settle = circuit.enter();
    assert.deepEqual([circuit.state, circuit.wait > 0], ['half-open', true]);
    settle('abandoned');
    assert.deepEqual([circuit.state, circuit.wait], ['open', 0]);
    circuit.enter()('alive');
    assert.deepEqual([circuit.state, circuit.wait], ['closed', 0]);
  });

  it('is open for longer each time, up to two minutes, and as long as the feed says', () => {
    fail(4);
    at = 5000;
    fail(1);
    const waits: number[] = [];
    for (let turn = 0; turn < 6; turn++) {
      waits.push(circuit.wait);
      at += circuit.wait;
      fail(1);
    }
    assert.deepEqual(waits, [10_000, 20_000, 40_000, 80_000, 120_000, 120_000]);
    circuit.hold(300_000);
    assert.equal(circuit.wait, 300_000);
  });

  it('is left alone for ten minutes where the feed says an hour, or years', () => {
    for (const said of [3_600_000, 2 ** 31 * 1000]) {
      at += 600_000;
      circuit.hold(said);
      assert.equal(circuit.wait, 600_000);
    }
  });

  it('whoever began before it opened opens it no longer', () => {
    const late = Array.from({ length: 10 }, () => circuit.enter());
    fail(4);
    at = 5000;
    fail(1);
    for (const settle of late) {
      settle('failed');
    }
    assert.deepEqual([circuit.wait, states], [10_000, ['open']]);
  });
});
