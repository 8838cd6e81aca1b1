import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ask, batch, failed, later, pages, shown } from '../same-replies.ts';
import { chosenSets } from './made-up-rows.ts';
import { picked } from './picker.ts';
import { accessOf } from './random-access.ts';
import { navigationsOf } from './random-conditions.ts';
import { requestOf } from './random-requests.ts';
import type { WholeFeeds } from './whole-feeds.ts';

/** Rights, and requests about the sets that they are about: some that lead to each other. */
const scene = picked((pick) => {
  const first = pick.of(chosenSets);
  const focus = [first, ...pick.some([...navigationsOf(first).map(({ to }) => to), pick.of(chosenSets)])];
  const access = accessOf(pick, focus);
  return { access, urls: Array.from({ length: 8 + pick.upTo(4) }, () => requestOf(pick, focus)) };
});

const reader = { 'api-key': 'jan' };

/** How often each kind of reply was compared: a property that only ever meets errors proves nothing. */
export type Tally = Record<string, number>;

/** `numRuns` times somebody with rights of his own asks for some things, each in all the ways that there are. */
export async function assertNeverHeld(feeds: WholeFeeds, numRuns: number): Promise<Tally> {
  const { restricted, bare } = feeds;
  const tally: Tally = {};
  await fc.assert(
    fc.asyncProperty(scene, async ({ access, urls }) => {
      await feeds.hold(access);
      for (const url of urls) {
        const found = await pages(restricted, url, reader);
        const expected = await pages(bare, url, reader);
        assert.deepEqual(found.map(shown), expected.map(shown), `${url}\n${access.text}`);
        const kind = `${found[0]?.status} ${/"code":"(\w+)"/.exec(found[0]?.body ?? '')?.[1] ?? ''}`.trim();
        tally[kind] = (tally[kind] ?? 0) + found.length;
      }
      const [first = ''] = urls;
      for (const ways of [
        [await batch(restricted, urls, reader), await batch(bare, urls, reader)],
        [await later(restricted, first, reader), await later(bare, first, reader)],
        [
          await ask(restricted, first, { ...reader, Accept: 'text/csv' }),
          await ask(bare, first, { ...reader, Accept: 'text/csv' }),
        ],
      ]) {
        const [found, expected] = ways;
        if (found !== undefined && expected !== undefined && !failed(found)) {
          assert.deepEqual(shown(found), shown(expected), `${urls.join('\n')}\n${access.text}`);
        }
      }
    }),
    { numRuns, endOnFailure: true },
  );
  restricted.check();
  bare.check();
  return tally;
}
