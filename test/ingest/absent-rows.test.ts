import { deepEqual } from 'node:assert/strict';
import { csv, type Feed, useFeed } from './support/feed.ts';
import { loaded } from './support/loaded.ts';
import { clear } from './support/random-files.ts';

type Rows = readonly (readonly string[])[];

/** All orders of arrival of so many files. */
const orders = (count: number): number[][] =>
  count === 0
    ? [[]]
    : orders(count - 1).flatMap((order) =>
        [...order, count - 1].map((_, place) => [...order.slice(0, place), count - 1, ...order.slice(place)]),
      );

/** Loads the files in each order, each with its place as its time, and compares what `select` then gives. */
async function inEachOrder(
  feed: Feed,
  { name, files, period }: { readonly name: string; readonly files: readonly Rows[]; readonly period?: string },
  expected: { readonly sets: readonly string[]; readonly select: string; readonly rows: readonly unknown[] },
): Promise<void> {
  const [source = '', short = ''] = name.split('/');
  for (const order of orders(files.length)) {
    await clear(feed, expected.sets);
    for (const place of order) {
      const options = {
        source,
        export: short,
        force: true,
        minute: place,
        ...(period === undefined ? {} : { period }),
      };
      loaded(await feed.load(`${short} ${place}.csv`, csv(files[place] ?? []), options));
    }
    deepEqual(await feed.rows(expected.select), expected.rows, `order of arrival ${order.join(', ')}`);
  }
}

describe('B4 a row that a file of its period or parent did not hold has nothing of what older files said', () => {
  const feed = useFeed();

  it('restate by a column: the row came back without the column, whatever comes first', async () => {
    const files: readonly Rows[] = [
      [
        ['ROWDATE', 'AGENTID', 'ASSIGNED IN #', 'Shift'],
        ['2026-01-01', '1', '4', 'late'],
        ['2026-01-01', '2', '5', 'early'],
      ],
      [
        ['ROWDATE', 'AGENTID'],
        ['2026-01-01', '2'],
      ],
      [
        ['ROWDATE', 'AGENTID'],
        ['2026-01-01', '1'],
        ['2026-01-01', '2'],
      ],
    ];
    const set = 'TracebuzzAgentStatistics';
    const select = `SELECT "AgentId"::text AS id, "AssignedCount" AS n, "Extras" AS x FROM feed."${set}" ORDER BY 1`;
    const rows = [
      { id: '1', n: null, x: null },
      { id: '2', n: 5, x: '{"Shift":"early"}' },
    ];
    await inEachOrder(feed(), { name: 'tracebuzz/agent-statistics', files }, { sets: [set], select, rows });
  });

  it('restate by the period of the file: a file of no rows between ends all of them', async () => {
    const files: readonly Rows[] = [
      [
        ['Team ID', 'Team Name'],
        ['t', 'Web'],
      ],
      [['Team ID', 'Team Name']],
      [['Team ID'], ['t']],
    ];
    const sets = ['SparkcentralTeamMetrics', 'SparkcentralTeams'];
    const select = `SELECT "TeamId" AS id, "TeamName" AS name FROM feed."SparkcentralTeamMetrics"`;
    const given = { name: 'sparkcentral/team-metrics', files, period: '2026-01-01..2026-01-02' };
    await inEachOrder(feed(), given, { sets, select, rows: [{ id: 't', name: null }] });
  });

  it('delete-insert: what a file after the gap says counts, with what is derived from it', async () => {
    const header = ['Contact Profile ID', 'Attribute ID'];
    const files: readonly Rows[] = [
      [
        [...header, 'Attribute Name', 'Attribute Value'],
        ['p', '1', 'City', 'Gent'],
        ['p', '2', 'Size', 'L'],
      ],
      [header, ['p', '2']],
      [
        [...header, 'Attribute Name'],
        ['p', '1', 'Town'],
        ['p', '2', 'Size'],
      ],
      [header, ['p', '1'], ['p', '2']],
    ];
    const sets = ['SparkcentralContactAttributes', 'SparkcentralContacts'];
    const select = `SELECT "AttributeId" AS id, "AttributeName" AS name, "AttributeValue" AS value FROM feed."SparkcentralContactAttributes" ORDER BY 1`;
    const rows = [
      { id: '1', name: 'Town', value: null },
      { id: '2', name: 'Size', value: 'L' },
    ];
    await inEachOrder(feed(), { name: 'sparkcentral/contact-attributes', files }, { sets, select, rows });
  });

  it('rows that lose cells get a new version and are told as changed; rows that lose none do not', async () => {
    const statistics = (minute: number, rows: Rows) =>
      feed().load(`agents ${minute}.csv`, csv(rows), {
        source: 'tracebuzz',
        export: 'agent-statistics',
        force: true,
        minute,
      });
    await clear(feed(), ['TracebuzzAgentStatistics']);
    const bare = ['ROWDATE', 'AGENTID'];
    await statistics(1, [
      [...bare, 'ASSIGNED IN #'],
      ['2026-01-01', '1', '4'],
      ['2026-01-01', '2', ''],
    ]);
    await statistics(3, [bare, ['2026-01-01', '1'], ['2026-01-01', '2'], ['2026-01-01', '3']]);
    const set = 'TracebuzzAgentStatistics';
    const select = `SELECT "AgentId" AS id, _version::int AS v FROM feed."${set}" UNION ALL SELECT 9, version::int FROM gateway.set_versions WHERE entity_set = '${set}' ORDER BY id`;
    const versions = async () => (await feed().rows(select)).map((row) => Number(row['v']));
    const before = await versions();
    await statistics(2, [bare, ['2026-01-01', '3']]);
    const [one = 0, two, three, newest] = await versions();
    deepEqual([two, three], before.slice(1, 3));
    deepEqual([one > (before[3] ?? 0), newest], [true, one]);
  });
});
