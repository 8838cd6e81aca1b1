import assert from 'node:assert/strict';
import process from 'node:process';

/** Below this many microseconds of processor time a quadratic algorithm over the sizes tested here would not end. */
const negligible = 20_000;

/**
 * Asserts that work grows with its size and not with its square: four times the size may take up to ten times the
 * processor time (16 times is what the square would take). Processor time of this process, the least of several
 * alternating runs, so that other work on the machine does not decide; no limit in seconds.
 */
export function assertGrowsLinearly(size: number, work: (size: number) => void): void {
  let [small, large] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let run = 0; run < 5; run++) {
    small = Math.min(
      small,
      processorTime(() => work(size / 4)),
    );
    large = Math.min(
      large,
      processorTime(() => work(size)),
    );
    if (large <= negligible || large <= 10 * small) {
      return;
    }
  }
  assert.fail(`${size / 4} take ${small} µs of processor time, ${size} take ${large}`);
}

function processorTime(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
