import assert from 'node:assert/strict';
import process from 'node:process';

/** So many parts has the whole: what grows with the square takes this many times the work of its parts. */
const parts = 64;
/** Where the line is drawn between 1 (linear) and 64 (square): far from both, and nearer to the square, since only one side has noise. */
const tolerated = 16;
/** What a square would take over the sizes tested here is more than this many microseconds of processor time. */
const negligible = 50_000;
const rounds = 5;

/** What some work costs, in any unit. */
export type Meter = (work: () => void) => number;

/**
 * Asserts that work grows with its size and not with its square: the whole may cost up to 16 times what 64 runs of a 64th
 * cost together. Both do the same work where it is linear, with the same garbage, so that a collection or a busy machine
 * is a few times the cost at most and not 16 times; the least of up to five rounds decides. No limit in seconds.
 * `meter` gives microseconds of processor time of this process.
 */
export function assertGrowsLinearly(size: number, work: (size: number) => void, meter: Meter = processorTime): void {
  let [inParts, whole] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let round = 0; round < rounds; round++) {
    whole = Math.min(
      whole,
      meter(() => work(size)),
    );
    if (whole <= negligible) {
      return;
    }
    inParts = Math.min(
      inParts,
      meter(() => {
        for (let part = 0; part < parts; part++) {
          work(size / parts);
        }
      }),
    );
    if (whole <= tolerated * inParts) {
      return;
    }
  }
  assert.fail(`${parts} times ${size / parts} cost ${inParts}, once ${size} costs ${whole}`);
}

function processorTime(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
