import fc from 'fast-check';
import { runHistory } from './random-archive.ts';
import { histories } from './random-steps.ts';
import { archiveWorld, type World } from './world.ts';

describe('archived sets of a feed that does as it likes, for long', () => {
  let world: World;
  before(async () => {
    world = await archiveWorld({ serve: 'both' });
  });
  after(async () => world?.close());

  it('show no row twice and lose none, whatever comes, goes and is killed in between', async function () {
    this.timeout(3_600_000);
    await fc.assert(
      fc.asyncProperty(histories(40), (steps) => runHistory(world, steps)),
      { numRuns: 100 },
    );
  });
});
