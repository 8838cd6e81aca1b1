import { deepEqual, equal } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Catalogue } from '../../src/catalogue/catalogue.ts';
import { loadFile } from '../../src/ingest/load/load-file.ts';
import { replayRejects } from '../../src/ingest/load/replay-rejects.ts';
import { catalogue, csv, exportFile, useFeed } from './support/feed.ts';
import { loaded } from './support/loaded.ts';

const deleted = { DeletedAt: '2026-02-01T00:00:00Z' };

describe('B5 what the vendor deleted loses its kept cells', () => {
  const feed = useFeed();
  const message = (minute: number, cells: Readonly<Record<string, string>>) =>
    feed().load(
      `m ${minute}.csv`,
      exportFile('sparkcentral/messages', [{ ...cells, LastUpdatedAt: `2026-01-0${minute}T00:00:00Z` }]),
      {
        source: 'sparkcentral',
        export: 'messages',
        minute,
      },
    );
  const content = async (id: string) =>
    (await feed().rows(`SELECT "Content" AS c FROM feed."SparkcentralMessages" WHERE "MessageId" = '${id}'`))[0]?.['c'];

  it('an empty text with a deletion marker clears the stored one', async () => {
    await message(1, { MessageId: 'a', Content: 'text' });
    await message(2, { MessageId: 'a' });
    equal(await content('a'), 'text');
    const result = loaded(await message(3, { MessageId: 'a', ...deleted }));
    equal(result.counts.updated, 1);
    equal(await content('a'), null);
  });

  it('no older file brings it back, a newer one does', async () => {
    await message(4, { MessageId: 'b', ...deleted });
    await message(3, { MessageId: 'b', Content: 'late' });
    equal(await content('b'), null);
    await message(5, { MessageId: 'b', Content: 'restored' });
    equal(await content('b'), 'restored');
  });

  it('the marker may come late, in an older file than the newest', async () => {
    await message(1, { MessageId: 'c', Content: 'text' });
    await message(5, { MessageId: 'c', AgentName: 'x' });
    const result = loaded(await message(3, { MessageId: 'c', ...deleted }));
    equal(result.counts.updated, 1);
    equal(await content('c'), null);
  });

  it('a file without the text column clears it, too', async () => {
    await message(1, { MessageId: 'd', Content: 'text' });
    const text = csv([
      ['Message ID', 'Deleted At', 'Last Updated'],
      ['d', '2026-02-01T00:00:00Z', '2026-01-07T00:00:00Z'],
    ]);
    loaded(await feed().load('m 7.csv', text, { source: 'sparkcentral', export: 'messages', minute: 7 }));
    equal(await content('d'), null);
  });

  it('marks that earlier versions left beside empty cells go, or an older file could not fill them', async () => {
    await message(6, { MessageId: 'g' });
    const marked = `UPDATE feed."SparkcentralMessages" SET "_stamp_Content" = _stamp WHERE "MessageId" = 'g'`;
    await feed().database.query(marked);
    await feed().database.query(readFileSync('migrations/008-deletion-marks.sql', 'utf8'));
    await message(5, { MessageId: 'g', Content: 'older' });
    equal(await content('g'), 'older');
  });

  it('so does one that comes by replay, and one of several rows of its file', async () => {
    await message(1, { MessageId: 'e', Content: 'text' });
    // Rejected as a whole: 'never' is no time, until the metadata says that the word means null.
    const bad = exportFile('sparkcentral/messages', [
      { MessageId: 'e', CreatedAt: 'never', LastUpdatedAt: '2026-01-02T00:00:00Z', ...deleted },
      { MessageId: 'f', Content: 'before', LastUpdatedAt: '2026-01-01T00:00:00Z' },
      { MessageId: 'f', LastUpdatedAt: '2026-01-02T00:00:00Z', ...deleted },
      { MessageId: 'f', LastUpdatedAt: '2026-01-03T00:00:00Z' },
    ]);
    loaded(await feed().load('m bad.csv', bad, { source: 'sparkcentral', export: 'messages', minute: 2 }));
    deepEqual([await content('e'), await content('f')], ['text', null]);
    const exports = catalogue.exports.map((one) => ({ ...one, files: { ...one.files, nullTokens: ['never'] } }));
    await replayRejects({ catalogue: { ...catalogue, exports }, database: feed().database });
    equal(await content('e'), null);
  });
});

/** The product's catalogue with a dimension that takes the text of messages, and with a marker of another type. */
function withText(): Catalogue {
  const teams = catalogue.sets.get('SparkcentralTeams');
  if (teams?.kind !== 'stored' || teams.derivation?.kind !== 'dimension') {
    throw new Error('no dimension');
  }
  const columns = new Map([
    ['TeamId', 'TeamId'],
    ['Name', 'Content'],
  ]);
  const from = [{ set: 'SparkcentralMessages', columns, stamp: null, rank: 1, follows: false }];
  return {
    ...catalogue,
    exports: catalogue.exports.map((one) =>
      one.name === 'messages' ? { ...one, deletionMarker: 'AgentReference' } : one,
    ),
    sets: new Map([...catalogue.sets, ['SparkcentralTeams', { ...teams, derivation: { kind: 'dimension', from } }]]),
  };
}

describe('B5 what the vendor deleted, by whatever column says so', () => {
  const feed = useFeed(withText());

  it('leaves no text in derived sets, which else keep what they learned; an empty marker is none', async () => {
    const load = async (day: number, cells: Readonly<Record<string, string>>) => {
      const text = exportFile('sparkcentral/messages', [
        { MessageId: 'a', TeamId: 't', LastUpdatedAt: `2026-01-0${day}T00:00:00Z`, ...cells },
      ]);
      const path = feed().write(`m ${day}.csv`, text, day);
      loaded(await loadFile(feed(), path, { source: 'sparkcentral', export: 'messages' }));
      return (await feed().rows('SELECT "Name" AS name FROM feed."SparkcentralTeams"')).map((row) => row['name']);
    };
    deepEqual(await load(1, { Content: 'text' }), ['text']);
    deepEqual(await load(2, {}), ['text']);
    deepEqual(await load(3, { AgentReference: 'gone' }), [null]);
  });
});
