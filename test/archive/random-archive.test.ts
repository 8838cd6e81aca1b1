import fc from 'fast-check';
import { runHistory } from './random-archive.ts';
import { histories } from './random-steps.ts';
import { archiveWorld, type World } from './world.ts';

describe('archived sets of a feed that does as it likes', () => {
  let world: World;
  before(async () => {
    world = await archiveWorld({ serve: 'both' });
  });
  after(async () => world?.close());

  it('show no row twice and lose none, whatever comes, goes and is killed in between', async () => {
    await fc.assert(
      fc.asyncProperty(histories(16), (steps) => runHistory(world, steps)),
      // The long test looks for the smallest history.
      { numRuns: 3, endOnFailure: true },
    );
  });
});
