import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import fc from 'fast-check';
import { runApart } from '../../src/ingest/delivery/paths/run-apart.ts';

describe('Work that runs apart', () => {
  it('is done once, never beside what touches the same, in order where it does, and never more than allowed', async () => {
    const item = fc.record({
      keys: fc.option(fc.subarray(['a', 'b', 'c', 'd']), { freq: 4 }),
      ticks: fc.nat(3),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(item, { maxLength: 90 }), fc.integer({ min: 1, max: 5 }), async (items, parallel) => {
        const running = new Set<number>();
        const lastOf = new Map<string, number>();
        const asked: number[] = [];
        const results: number[] = [];
        const run = runApart([...items.keys()], {
          parallel,
          keysOf: async (index) => {
            asked.push(index);
            const keys = items[index]?.keys ?? null;
            return keys === null ? null : new Set(keys);
          },
          work: async (index) => {
            const keys = items[index]?.keys ?? null;
            const others = [...running].map((other) => items[other]?.keys ?? null);
            if (parallel > 1) {
              assert.ok(keys !== null || others.length === 0, 'what nobody knows runs alone');
            }
            assert.ok(!others.includes(null));
            assert.deepEqual(
              others.flatMap((of) => of ?? []).filter((key) => keys?.includes(key)),
              [],
            );
            for (const key of keys ?? ['a', 'b', 'c', 'd']) {
              assert.ok((lastOf.get(key) ?? -1) < index, `${key} in order`);
              lastOf.set(key, index);
            }
            running.add(index);
            assert.ok(running.size <= parallel);
            for (let tick = 0; tick < (items[index]?.ticks ?? 0); tick++) {
              await null;
            }
            running.delete(index);
            return index;
          },
        });
        for await (const index of run) {
          results.push(index);
        }
        assert.deepEqual(
          results.sort((a, b) => a - b),
          [...items.keys()],
        );
        assert.deepEqual(asked.length, new Set(asked).size, 'asked once');
      }),
      { numRuns: 150 },
    );
  });

  it('begins nothing more where one throws or nobody listens, and waits for what runs', async () => {
    for (const stops of ['throws', 'left']) {
      const [begun, ended]: [string[], string[]] = [[], []];
      const run = runApart(['a', 'b', 'c', 'd'], {
        parallel: 2,
        keysOf: async (key) => new Set([key]),
        work: async (key) => {
          begun.push(key);
          if (key === 'a' && stops === 'throws') {
            throw new Error('gone');
          }
          await pause(key === 'a' ? 1 : 20);
          ended.push(key);
          return key;
        },
      });
      const all = (async () => {
        for await (const _ of run) {
          break;
        }
      })();
      await (stops === 'throws' ? assert.rejects(all, /gone/) : all);
      assert.deepEqual(begun, ['a', 'b'], stops);
      assert.ok(ended.includes('b'), stops);
    }
  });

  it('does two things at once where they touch nothing in common', async () => {
    let meet = (): void => {};
    const met = new Promise<void>((resolve) => {
      meet = resolve;
    });
    const run = runApart(['first', 'second'], {
      parallel: 2,
      keysOf: async (key) => new Set([key]),
      work: async (key) => (key === 'first' ? met : meet()),
    });
    let count = 0;
    for await (const _ of run) {
      count += 1;
    }
    assert.equal(count, 2);
  });
});
