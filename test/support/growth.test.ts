import assert from 'node:assert/strict';
import { assertGrowsLinearly, type Meter } from './growth.ts';

/** Counts steps instead of time; `noise` is added to the cost of each measurement in turn. */
function counted(steps: (size: number) => number, noise: readonly number[] = []): () => void {
  let cost = 0;
  let measurement = 0;
  const meter: Meter = (work) => {
    cost = noise[measurement++ % noise.length] ?? 0;
    work();
    return cost;
  };
  return () =>
    assertGrowsLinearly(
      6400,
      (size) => {
        cost += steps(size);
      },
      meter,
    );
}

describe('growth of work', () => {
  it('that is linear, or nearly, passes', () => {
    counted((size) => size)();
    counted((size) => 100 * size)();
    counted((size) => 100 * size * Math.log2(size))();
  });

  it('that is linear passes with a collection in each whole, and with a long pause in all measurements but one', () => {
    counted((size) => 10 * size, [60_000, 0])();
    counted((size) => 10 * size, [10_000_000, 0, 10_000_000, 0, 10_000_000, 0, 0, 0, 10_000_000, 0])();
  });

  it('that is the square, or nearly, fails, with and without noise', () => {
    for (const steps of [(size: number) => size ** 2, (size: number) => size ** 1.8, (size: number) => size ** 3]) {
      assert.throws(counted(steps), /^AssertionError.*64 times 100 cost/);
      assert.throws(counted(steps, [0, 60_000, 0, 0]), /^AssertionError.*64 times 100 cost/);
    }
  });

  it('is measured: a text searched from its beginning for each of its characters fails, one searched once passes', () => {
    const search = (text: string, again: boolean): number => {
      let found = 0;
      for (let at = 0; at < text.length; at++) {
        found += text.indexOf('b', again ? 0 : text.length - 1);
      }
      return found;
    };
    const work = (again: boolean) => (size: number) => void search('a'.repeat(size), again);
    assertGrowsLinearly(192_000, work(false));
    assert.throws(() => assertGrowsLinearly(192_000, work(true)), /64 times 3000 cost/);
  });
});
