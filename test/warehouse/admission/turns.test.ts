import assert from 'node:assert/strict';
import { Turns } from '../../../src/warehouse/admission/turns.ts';

const never = new AbortController().signal;
/** Lets everything run that can. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('turns (D4 heavy ones wait in a queue)', () => {
  it('begin in the order in which they were asked for', async () => {
    const turns = new Turns(2);
    const begun: number[] = [];
    for (let number = 0; number < 5; number++) {
      void turns.take(never).then(() => begun.push(number));
    }
    await settled();
    assert.deepEqual([begun, turns.taken, turns.waiting], [[0, 1], 2, 3]);
    turns.give();
    await settled();
    assert.deepEqual(begun, [0, 1, 2]);
    turns.give();
    turns.give();
    await settled();
    assert.deepEqual([begun, turns.taken, turns.waiting], [[0, 1, 2, 3, 4], 2, 0]);
    turns.give();
    turns.give();
    assert.equal(turns.taken, 0);
  });

  it('come back before those who have not begun', async () => {
    const turns = new Turns(1);
    await turns.take(never);
    const begun: string[] = [];
    void turns.take(never).then(() => begun.push('new'));
    void turns.take(never, { returning: true }).then(() => begun.push('returning'));
    turns.give();
    await settled();
    turns.give();
    await settled();
    assert.deepEqual(begun, ['returning', 'new']);
  });

  it('are not waited for by whoever left, and tell why', async () => {
    const turns = new Turns(1);
    await turns.take(never);
    const gone = new AbortController();
    const left = turns.take(gone.signal);
    const begun: string[] = [];
    void turns.take(never).then(() => begun.push('next'));
    gone.abort(new Error('hung up'));
    await assert.rejects(left, /hung up/);
    assert.equal(turns.waiting, 1);
    turns.give();
    await settled();
    assert.deepEqual(begun, ['next']);
    await assert.rejects(turns.take(gone.signal), /hung up/);
    assert.equal(turns.taken, 1);
  });

  it('are not taken past somebody who waits', async () => {
    const turns = new Turns(1);
    assert.equal(turns.tryTake(), true);
    assert.equal(turns.tryTake(), false);
    const waits = turns.take(never);
    turns.give();
    assert.equal(turns.tryTake(), false);
    await waits;
    turns.give();
    assert.equal(turns.tryTake(), true);
  });
});
