import { deepEqual, equal } from 'node:assert/strict';
import { ahead, pieces } from '../../src/ingest/merge/pieces.ts';
import { exportFile, useFeed } from './support/feed.ts';
import { loaded } from './support/loaded.ts';

/** More than one piece. */
const many = 3000;
const ids = [...Array(many).keys()].map((n) => n + 1);

describe('A load of new keys', () => {
  const feed = useFeed();
  const options = { source: 'tracebuzz', export: 'cases' };
  const row = (CaseId: number, ExternalId = 'a') => ({ CaseId, ExternalId, PersonId: CaseId % 7 });
  const text = (rows: readonly ReturnType<typeof row>[]) => exportFile('tracebuzz/cases', rows);
  const said = async (ids: readonly number[]) =>
    (
      await feed().rows<{ v: string }>(
        `SELECT "ExternalId" AS v FROM feed."TracebuzzCases" WHERE "CaseId" IN (${ids.join(', ')}) ORDER BY "CaseId"`,
      )
    ).map(({ v }) => v);

  it('stores all of it; a key that comes again far below is a duplicate, and its last row counts', async () => {
    const rows = [...ids.map((id) => row(id)), row(1, 'z'), row(many, 'y'), row(2)];
    const { counts } = loaded(await feed().load('new.csv', text(rows), { minute: 0, ...options }));
    deepEqual(counts, {
      read: many + 3,
      inserted: many,
      updated: 0,
      unchanged: 0,
      rejected: 0,
      duplicate: 3,
      removed: 0,
    });
    deepEqual(await said([1, 2, 3, many]), ['z', 'a', 'a', 'y']);
    equal((await feed().rows(`SELECT FROM feed."TracebuzzPersons"`)).length, 7);
  });

  it('leaves nothing waiting for the text index', async () => {
    const messages = [...Array(300).keys()].map((n) => ({
      MessageId: `m${n}`,
      Content: `word${n} of many`,
      CreatedAt: '2026-01-01T00:00:00Z',
      LastUpdatedAt: '2026-01-01T00:00:00Z',
    }));
    const { counts } = loaded(
      await feed().load('messages.csv', exportFile('hootsuite-inbox/messages', messages), {
        source: 'hootsuite-inbox',
      }),
    );
    equal(counts.inserted, 300);
    const waiting = await feed().rows(
      `SELECT gin_clean_pending_list(i.indexrelid)::int AS pages FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam
       WHERE i.indrelid = 'feed."HootsuiteInboxMessages"'::regclass AND a.amname = 'gin'`,
    );
    deepEqual(waiting, [{ pages: 0 }]);
  });

  it('goes on as any load from the first key on that is stored already', async () => {
    const rows = [...ids.map((id) => row(many + id)), ...ids.map((id) => row(id, 'b')), row(2 * many + 1)];
    const { counts } = loaded(await feed().load('mixed.csv', text(rows), { minute: 1, ...options }));
    deepEqual([counts.inserted, counts.updated, counts.duplicate], [many + 1, many, 0]);
    deepEqual(await said([1, 2 * many, 2 * many + 1]), ['b', 'a', 'a']);
  });

  it('an older file, late, stores what is new and overwrites nothing', async () => {
    const rows = [...ids.map((id) => row(3 * many + id)), row(1, 'old')];
    const { counts } = loaded(await feed().load('late.csv', text(rows), { minute: -5, ...options }));
    deepEqual([counts.inserted, counts.unchanged], [many, 1]);
    deepEqual(await said([1]), ['b']);
  });
});

describe('Rows that are converted while others are stored', () => {
  async function* chunks(sizes: readonly number[], fail = false): AsyncGenerator<Uint8Array> {
    for (const size of sizes) {
      yield new Uint8Array(size);
    }
    if (fail) {
      throw new Error('broken');
    }
  }

  it('come in pieces, a small one first, with nothing left out', async () => {
    const found: number[][] = [];
    for await (const piece of ahead(pieces(chunks([3, 4, 5, 6, 7, 1]), 5, 12), 1)) {
      found.push(piece.map(({ length }) => length));
    }
    deepEqual(found, [[3, 4], [5, 6, 7], [1]]);
  });

  it('throw what reading them throws, after the pieces before', async () => {
    let seen = 0;
    const error = await (async () => {
      for await (const piece of ahead(pieces(chunks([9, 9], true), 5, 5), 1)) {
        seen += piece.length;
      }
      return null;
    })().catch((thrown: Error) => thrown.message);
    deepEqual([seen, error], [2, 'broken']);
  });
});
