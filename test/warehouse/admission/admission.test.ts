import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { GatewayError } from '../../../src/errors.ts';
import { type Admission, ReadAdmission } from '../../../src/warehouse/admission/admission.ts';
import { estimates, isSound, limits, never, read, settled, steps } from './random-readers.ts';

describe('admission of reads (D4 heavy ones queue apart from light ones)', () => {
  it('a light read never waits, whatever else waits', async () => {
    const admission = new ReadAdmission(limits);
    for (let one = 0; one < 20; one++) {
      for (const weight of ['page', 'long'] as const) {
        void admission.enter(read(weight));
      }
    }
    await settled();
    assert.deepEqual([admission.working, admission.waiting], [3, 37]);
    const shaped = await admission.enter({ ...read('light'), weighed: null });
    assert.equal(shaped.lightTime, null);
    assert.equal((await admission.enter(read('light'))).lightTime, 500);
  });

  it('nothing is estimated where a page would be let in at once', async () => {
    const admission = new ReadAdmission(limits);
    let asked = 0;
    const unknown = (key: string): Admission => ({
      weighed: { key, statements: () => [''], multiplies: false },
      signal: never,
      timeout: 1000,
      estimate: async () => {
        asked += 1;
        return estimates.light;
      },
    });
    const first = await admission.enter(unknown('a'));
    await admission.enter(unknown('b'));
    assert.equal(asked, 0);
    await admission.enter(unknown('c'));
    await admission.enter(unknown('c'));
    assert.equal(asked, 1);
    first.leave();
    await admission.enter(unknown('d'));
    assert.equal(asked, 1);
  });

  it('long statements hold up no pages, and pages no long statements', async () => {
    const admission = new ReadAdmission(limits);
    await admission.enter(read('long'));
    const waits = admission.enter(read('long'));
    await admission.enter(read('page'));
    await admission.enter(read('page'));
    assert.equal(admission.waiting, 1);
    void waits;
  });

  it('a page whose client is slow lets others work, and keeps its connection', async () => {
    const admission = new ReadAdmission({ ...limits, pages: 1, connections: 2 });
    const slow = await admission.enter(read('page'));
    slow.pause();
    const second = await admission.enter(read('page'));
    const third = admission.enter(read('page'));
    await settled();
    assert.equal(admission.waiting, 1);
    const back = slow.resume(never);
    second.leave();
    await back;
    slow.leave();
    (await third).leave();
    assert.deepEqual([admission.working, admission.waiting], [0, 0]);
  });

  it('a read taken for a light one that was none waits like the others, and is known for it', async () => {
    const admission = new ReadAdmission({ ...limits, pages: 1 });
    const page = await admission.enter(read('page'));
    const wrong = read('light');
    (await admission.enter(wrong)).leave();
    const again = admission.heavier(wrong);
    const next = admission.enter(wrong);
    await settled();
    assert.equal(admission.waiting, 2);
    page.leave();
    (await again).leave();
    (await next).leave();
  });

  it('a hopeless statement is refused, a statement that PostgreSQL does not estimate is not', async () => {
    const admission = new ReadAdmission(limits);
    const crossjoin = { ...read('long'), estimate: async () => ({ cost: 1e12, bytes: 8 }) };
    await assert.rejects(admission.enter(crossjoin), { code: 'LimitExceeded', status: 400 });
    const unknown = { ...read('long'), estimate: async () => null };
    assert.equal((await admission.enter(unknown)).lightTime, null);
  });

  it('D3 more than may wait are told that the gateway is busy', async () => {
    const admission = new ReadAdmission({ ...limits, waiting: 2 });
    for (let one = 0; one < 3; one++) {
      void admission.enter(read('long'));
    }
    await settled();
    await assert.rejects(admission.enter(read('page')), (error: GatewayError) => {
      assert.deepEqual([error.code, error.status], ['Busy', 503]);
      assert.match(error.message, /busy: 2 large requests are waiting/);
      return true;
    });
  });

  it('D4 property: never more at work than may, no turn is lost, nobody waits for ever', async () => {
    await fc.assert(fc.asyncProperty(steps, isSound), { numRuns: 150 });
  });
});
