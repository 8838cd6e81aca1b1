import assert from 'node:assert/strict';
import {
  isHopeless,
  KnownWeights,
  readEstimate,
  together,
  weightOf,
} from '../../../src/warehouse/admission/estimate.ts';

describe('estimates (D4 the cost is bounded before the start)', () => {
  const answer = [{ Plan: { 'Node Type': 'Limit', 'Total Cost': 12.5, 'Plan Rows': 20, 'Plan Width': 100 } }];

  it('are read from the answer to EXPLAIN (FORMAT JSON), parsed or not', () => {
    assert.deepEqual(readEstimate(answer), { cost: 12.5, bytes: 2000 });
    assert.deepEqual(readEstimate(JSON.stringify(answer)), { cost: 12.5, bytes: 2000 });
    for (const other of [null, [], [{}], [{ Plan: {} }], '"text"', undefined]) {
      assert.equal(readEstimate(other), null);
    }
  });

  it('say what is light, a page of rows, or long', () => {
    assert.equal(weightOf({ cost: 20_000, bytes: 1024 * 1024 }), 'light');
    assert.equal(weightOf({ cost: 20_001, bytes: 0 }), 'page');
    assert.equal(weightOf({ cost: 1, bytes: 1024 * 1024 + 1 }), 'page');
    assert.equal(weightOf({ cost: 1_000_000, bytes: 1e12 }), 'page');
    assert.equal(weightOf({ cost: 1_000_001, bytes: 0 }), 'long');
    assert.deepEqual(
      together([
        { cost: 1, bytes: 2 },
        { cost: 3, bytes: 4 },
      ]),
      { cost: 4, bytes: 6 },
    );
  });

  it('turn away only what cannot end in its time: a group-by over a billion rows may', () => {
    const billion = { cost: 1e9 * 0.0225, bytes: 1e6 };
    assert.equal(isHopeless(billion, 300_000), false);
    assert.equal(isHopeless({ cost: 1e6 * 1e6 * 0.01, bytes: 8 }, 300_000), true);
  });

  it('are known for half a minute, ten thousand of them', () => {
    let now = 0;
    const known = new KnownWeights(() => now);
    known.keep('a', 'light');
    now = 30_000;
    assert.equal(known.recall('a'), 'light');
    now = 30_001;
    assert.equal(known.recall('a'), null);
    for (let number = 0; number < 10_001; number++) {
      known.keep(String(number), 'page');
    }
    assert.equal(known.recall('0'), null);
    assert.equal(known.recall('1'), 'page');
  });
});
