import fc from 'fast-check';
import { isSound, steps } from './random-readers.ts';

describe('admission of reads, at length', () => {
  it('D4 property: never more at work than may, no turn is lost, nobody waits for ever', async function run() {
    this.timeout(600_000);
    await fc.assert(fc.asyncProperty(steps, isSound), { numRuns: 10_000 });
  });
});
