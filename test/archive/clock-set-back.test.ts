import assert from 'node:assert/strict';
import { archiveWorld, type World } from './world.ts';

const day = 86_400_000;

describe('archived sets of a gateway whose clock was ahead for years', () => {
  let world: World;
  before(async () => {
    world = await archiveWorld();
  });
  after(async () => world?.close());

  it('miss nothing once it is right again: it comes by time, it was deleted, or it is of a set without a time', async () => {
    const right = world.clock.now;
    const at = (days: number): string => new Date(right.getTime() + days * day).toISOString();
    world.feed.put('FarThings', { id: 1, at: at(-90), text: 'old' });
    world.feed.put('FarThings', { id: 2, at: at(-80), text: 'deleted soon' });
    world.feed.put('FarNames', { id: 'a', name: 'A' });
    world.clock.now = new Date('2033-03-01T12:00:00Z');
    assert.deepEqual(await world.copy(), ['copied', 'copied']);
    // Weeks go by until somebody sees it.
    world.feed.remove('FarThings', '2');
    world.feed.put('FarThings', { id: 3, at: at(1), text: 'then' });
    world.feed.put('FarThings', { id: 4, at: at(20), text: 'now' });
    world.feed.put('FarNames', { id: 'b', name: 'B' });
    world.clock.now = new Date(at(20));
    assert.deepEqual(await world.copy(), ['copied', 'copied']);
    assert.deepEqual(
      (await world.rows('FarThings?$orderby=id')).map(({ id }) => id),
      [1, 3, 4],
    );
    assert.equal((await world.rows('FarNames')).length, 2);
    // A day later the watermark is where it belongs: behind it nothing is asked for again, before it all is.
    world.feed.put('FarThings', { id: 5, at: at(25), text: 'after a pause' });
    world.clock.now = new Date(at(40));
    assert.deepEqual(await world.copy(), ['copied', 'copied']);
    assert.equal((await world.rows('FarThings')).length, 4);
  });
});
