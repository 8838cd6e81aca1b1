import { deepEqual, equal, ok } from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Catalogue, DimensionSource } from '../../src/catalogue/catalogue.ts';
import { scanDropFolder } from '../../src/ingest/delivery/folder/drop-folder.ts';
import { catalogue, exportFile, useFeed } from './support/feed.ts';

describe('The same bytes again', () => {
  const feed = useFeed();
  const shown = async () =>
    (
      await feed().rows<{ id: string }>(
        'SELECT "LabelId"::text AS id FROM feed."TracebuzzLabels" WHERE _deleted_at IS NULL AND "Name" IS NOT NULL ORDER BY 1',
      )
    ).map((row) => row.id);
  const labels = (...ids: readonly number[]) =>
    exportFile(
      'tracebuzz/labels',
      ids.map((id) => ({ LabelId: id, Name: `label ${id}` })),
    );

  it('are a duplicate under another name, and a new statement where their name is newer than a file that differs', async () => {
    const state = async (name: string, text: string) => (await feed().load(name, text)).state;
    equal(await state('raw-labels-1750000100.csv', labels(1, 2)), 'loaded');
    equal(await state('raw-labels-1750000200.csv', labels(1, 2)), 'duplicate');
    equal(await state('raw-labels-1750000300.csv', labels(1, 2, 3)), 'loaded');
    deepEqual(await shown(), ['1', '2', '3']);
    equal(await state('raw-labels-1750000100.csv', labels(1, 2)), 'duplicate');
    equal(await state('raw-labels-1750000400.csv', labels(1, 2)), 'loaded');
    deepEqual(await shown(), ['1', '2']);
    equal(await state('raw-labels-1750000400.csv', labels(1, 2)), 'duplicate');
    equal(await state('raw-labels.csv', labels(1, 2)), 'duplicate');
  });

  it('of another period are another file', async () => {
    const team = exportFile('sparkcentral/team-metrics', [{ TeamId: 't', TeamName: 'Team' }]);
    const none = exportFile('sparkcentral/team-metrics', []);
    const load = async (text: string, day: number, minute: number) =>
      (
        await feed().load(`x${minute}.csv`, text, {
          source: 'sparkcentral',
          period: `2026-01-0${day}..2026-01-0${day + 1}`,
          minute,
        })
      ).state;
    equal(await load(team, 1, 1), 'loaded');
    equal(await load(team, 2, 2), 'loaded');
    equal(await load(team, 2, 3), 'duplicate');
    equal(await load(none, 1, 4), 'loaded');
    equal(await load(none, 2, 5), 'loaded');
    equal((await feed().rows('SELECT 1 FROM feed."SparkcentralTeamMetrics"')).length, 0);
  });
});

/** The product's catalogue with other sources of one dimension. */
function withSources(set: string, change: (from: readonly DimensionSource[]) => readonly DimensionSource[]): Catalogue {
  const found = catalogue.sets.get(set);
  if (found?.kind !== 'stored' || found.derivation?.kind !== 'dimension') {
    throw new Error(set);
  }
  const derivation = { ...found.derivation, from: change(found.derivation.from) };
  return { ...catalogue, sets: new Map([...catalogue.sets, [set, { ...found, derivation }]]) };
}

const message = (id: string, cells: Readonly<Record<string, string>>) => ({
  MessageId: id,
  ConversationId: 'c1',
  LastUpdatedAt: '2026-01-01T00:00:00Z',
  ...cells,
});

describe('A row that a newer file states again', () => {
  const feed = useFeed(
    withSources('SparkcentralTeams', (from) =>
      from.filter((one) => one.set === 'SparkcentralMessages').map((one) => ({ ...one, stamp: null })),
    ),
  );

  it('is the newest statement for the dimension made of it, unchanged as it is', async () => {
    const first = message('a', { TeamId: 't', TeamName: 'Old' });
    const load = async (minute: number, ...rows: readonly Readonly<Record<string, string>>[]) => {
      const result = await feed().load(`m${minute}.csv`, exportFile('sparkcentral/messages', rows), {
        source: 'sparkcentral',
        minute,
      });
      if (result.state !== 'loaded') {
        throw new Error(JSON.stringify(result));
      }
      equal(result.counts.rejected, 0);
      return (await feed().rows('SELECT "Name" AS name FROM feed."SparkcentralTeams"')).map((row) => row['name']);
    };
    deepEqual(await load(1, first), ['Old']);
    deepEqual(await load(2, message('b', { TeamId: 't', TeamName: 'New' })), ['New']);
    deepEqual(await load(3, first, message('c', {})), ['Old']);
  });
});

describe('A set derived from a set and from what is derived from that', () => {
  const feed = useFeed(
    withSources('SparkcentralTopics', (from) => [
      ...from,
      {
        set: 'SparkcentralResolvedConversations',
        columns: new Map([['TopicId', 'Channel']]),
        stamp: null,
        rank: 9,
        follows: false,
      },
    ]),
  );

  it('is made of both', async () => {
    const conversation = exportFile('sparkcentral/resolved-conversations', [
      { ConversationId: 'c1', TopicIds: 'x', TopicNames: 'X', Channel: 'y', LastUpdatedAt: '2026-01-01T00:00:00Z' },
    ]);
    equal((await feed().load('r.csv', conversation, { source: 'sparkcentral' })).state, 'loaded');
    deepEqual(
      (await feed().rows('SELECT "TopicId" AS id FROM feed."SparkcentralTopics" ORDER BY 1')).map((row) => row['id']),
      ['x', 'y'],
    );
  });
});

describe('A file that changes while it is loaded', () => {
  const feed = useFeed();
  const rows = (count: number) =>
    exportFile(
      'tracebuzz/cases',
      Array.from({ length: count }, (_, index) => ({ CaseId: index + 1, ExternalId: 'x'.repeat(300) })),
    );

  it('is not loaded, and stays in the drop folder until it is whole', async () => {
    const drop = join(feed().folder, 'drop');
    const path = feed().write('drop/raw-cases-1750000000.csv', rows(3000));
    let grown = false;
    const grow = () => {
      if (!grown) {
        appendFileSync(path, '\n');
      }
      grown = true;
    };
    const { results } = await scanDropFolder(feed(), drop, { settle: 20, mayGoOn: grow });
    deepEqual(
      results.map((one) => [one.state, one.state === 'failed' && one.error.code, one.movedTo]),
      [['failed', 'FileUnreadable', null]],
    );
    equal((await feed().rows('SELECT 1 FROM gateway.load')).length, 0);
    const again = await scanDropFolder(feed(), drop, { settle: 20 });
    equal(again.results[0]?.state, 'loaded');
    equal((await feed().rows('SELECT 1 FROM feed."TracebuzzCases"')).length, 3000);
  });

  it('stays there too where it grows between the load and the move', async () => {
    const drop = join(feed().folder, 'drop');
    const path = feed().write('drop/raw-cases-1750000001.csv', rows(2));
    // The database tells the moment after the commit: the load's promise has just resolved, and its row is there.
    const { database: real } = feed();
    const database = Object.create(real, {
      query: { value: real.query.bind(real) },
      exclusively: { value: real.exclusively.bind(real) },
      transaction: {
        value: async (work: Parameters<typeof real.transaction>[0]) => {
          const result = await real.transaction(work);
          if ((await feed().rows("SELECT FROM gateway.load WHERE file_name = 'raw-cases-1750000001.csv'")).length > 0) {
            appendFileSync(path, '3000001\n');
          }
          return result;
        },
      },
    });
    const [first] = (await scanDropFolder({ catalogue, database }, drop, { settle: 20 })).results;
    deepEqual([first?.state, first?.movedTo], ['loaded', null]);
    const [second] = (await scanDropFolder(feed(), drop, { settle: 20 })).results;
    equal(second?.state, 'loaded');
    ok(second?.movedTo !== null);
  });
});
