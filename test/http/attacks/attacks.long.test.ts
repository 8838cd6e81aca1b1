import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { runs } from '../../support/runs.ts';
import { until } from '../../support/until.ts';
import { type AttackedFeed, attackedFeed } from './attacked-feed.ts';
import { encoded, identifiers, literals, patterns, requests, smuggled } from './corpus.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

describe('http: what is sent to break in or break down, for long', function () {
  this.timeout(3_600_000);
  let attacked: AttackedFeed;
  before(async () => {
    attacked = await attackedFeed();
  });
  after(async () => {
    await attacked.close();
    assert.deepEqual(attacked.feed.defects, []);
  });

  const heap = (): number => {
    collectGarbage();
    return process.memoryUsage().heapUsed;
  };

  it('all of the corpus, by itself and in batches, as whoever they say they are', async () => {
    const all = requests();
    for (const target of all) {
      await attacked.ask(target);
    }
    const short = all.filter((target) => target.length < 2000);
    for (let at = 0; at < short.length; at += 50) {
      const headers = smuggled[(at / 50) % smuggled.length] ?? {};
      await attacked.batch(short.slice(at, at + 50), headers, (at / 50) % 2 === 0 ? 'json' : 'multipart');
    }
  });

  it('pieces of it put together at random', async () => {
    const piece = fc.oneof(
      fc.constantFrom(...literals),
      fc.constantFrom(...identifiers),
      fc.constantFrom(...patterns),
      fc.constantFrom(
        'Cases',
        'Messages',
        '(',
        ')',
        '/',
        '?$filter=',
        '&$expand=',
        '&$apply=',
        ' eq ',
        ' in (',
        '/any(x:',
        '/$count',
        ',',
      ),
      fc.string({ unit: 'binary', maxLength: 8 }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('Cases', 'Messages', '$all', 'Cases(1)/Messages'),
        fc.array(piece, { maxLength: 8 }),
        async (set, parts) => {
          const target = encoded(`${set}${parts.join('')}`);
          fc.pre(new URL(target, attacked.feed.root).href.startsWith(attacked.feed.root));
          await attacked.ask(target);
        },
      ),
      { numRuns: runs(500) },
    );
  });

  it('and the memory is back afterwards', async () => {
    await attacked.ask('Cases/$count');
    const before = heap();
    const all = requests();
    for (let round = 0; round < 3; round++) {
      for (const target of all) {
        await attacked.ask(target);
      }
    }
    // What the last requests hold goes with their connections.
    await until('no more is held than before', () => heap() < before + 32 * 1024 * 1024);
  });
});
