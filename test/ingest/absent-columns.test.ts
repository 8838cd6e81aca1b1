import { deepEqual, equal, match } from 'node:assert/strict';
import { resultLines } from '../../src/commands/ingest.ts';
import { loadFile } from '../../src/ingest/load/load-file.ts';
import { replayRejects } from '../../src/ingest/load/replay-rejects.ts';
import { columnsProperty } from './support/columns-property.ts';
import { catalogue, csv, type Feed, useFeed } from './support/feed.ts';
import { loaded } from './support/loaded.ts';
import { mended } from './support/random-files.ts';

describe('B4 a column that the file does not have says nothing, whatever comes first', () => {
  columnsProperty(useFeed(), { valuesStay: 10, anyOrder: 3, timeout: 600_000 });
});

/** Loads rows under these headers; `minute` is the file's time. */
const loadRows = (feed: Feed, name: string, minute: number, rows: readonly (readonly string[])[]) => {
  const [source = '', short = ''] = name.split('/');
  return feed.load(`${short} ${minute}.csv`, csv(rows), { source, export: short, minute });
};

describe('B4 a message comes again, one column renamed, one left out', () => {
  const feed = useFeed();
  const name = 'sparkcentral/messages';
  const shown = async (columns: string) =>
    feed().rows(`SELECT ${columns} FROM feed."SparkcentralMessages" ORDER BY "MessageId"`);

  it('both stored values stay, the renamed one stands in Extras, the report says so', async () => {
    await loadRows(feed(), name, 1, [
      ['Message ID', 'Agent Name', 'Team Name', 'Medium', 'Last Updated'],
      ['m1', 'Ann', 'Web', 'Chat', '2026-01-01T00:00:00Z'],
    ]);
    const result = loaded(
      await loadRows(feed(), name, 2, [
        ['Message ID', 'Agent', 'Medium', 'Last Updated'],
        ['m1', 'Bo', 'Mail', '2026-01-02T00:00:00Z'],
      ]),
    );
    deepEqual(await shown('"AgentName", "TeamName", "Medium", "Extras"'), [
      { AgentName: 'Ann', TeamName: 'Web', Medium: 'Mail', Extras: '{"Agent":"Bo"}' },
    ]);
    match(resultLines(result).join('\n'), /missing column, stored values stay: Team Name/);
  });

  it('an older file that has the column fills it, one that is newer corrects it, rows and versions tell', async () => {
    await loadRows(feed(), name, 5, [
      ['Message ID', 'Last Updated'],
      ['m2', '2026-01-05T00:00:00Z'],
    ]);
    const version = async () =>
      Number(
        (
          await feed().rows(`SELECT _version::text AS v FROM feed."SparkcentralMessages" WHERE "MessageId" = 'm2'`)
        )[0]?.['v'],
      );
    const before = await version();
    const fill = async (minute: number, team: string) =>
      loaded(
        await loadRows(feed(), name, minute, [
          ['Message ID', 'Team Name', 'Last Updated'],
          ['m2', team, `2026-01-0${minute}T00:00:00Z`],
        ]),
      ).counts.updated;
    deepEqual([await fill(3, 'three'), await fill(2, 'two'), await fill(4, 'four')], [1, 0, 1]);
    deepEqual((await shown('"TeamName"'))[1], { TeamName: 'four' });
    equal((await version()) > before, true);
  });

  it('a file without the column that tells the newer row overwrites nothing that has it, and the load says so', async () => {
    const result = loaded(
      await loadRows(feed(), name, 7, [
        ['Message ID', 'Team Name', 'Direction'],
        ['m2', 'seven', 'in'],
      ]),
    );
    match(result.message ?? '', /^The file lacks Last Updated, which tells the newer row/);
    deepEqual((await shown('"TeamName", "Direction"'))[1], { TeamName: 'four', Direction: 'in' });
  });

  it('what one file says of a team or tag is not said of another that a newer file names', async () => {
    await loadRows(feed(), name, 1, [
      ['Message ID', 'Team ID', 'Team Name', 'Tag IDs', 'Tag Names'],
      ['m5', '1', 'Web', '7', 'late'],
    ]);
    const known = async () => [
      ...(await feed().rows(`SELECT "TeamId" AS id, "Name" AS name FROM feed."SparkcentralTeams" ORDER BY 1`)),
      ...(await feed().rows(`SELECT "TagId" AS id, "TagName" AS name FROM feed."SparkcentralMessageTags" ORDER BY 1`)),
    ];
    deepEqual(await known(), [
      { id: '1', name: 'Web' },
      { id: '7', name: 'late' },
    ]);
    const others = [
      ['Message ID', 'Team ID', 'Tag IDs'],
      ['m5', '2', '8'],
    ];
    await loadRows(feed(), name, 2, others);
    deepEqual(
      (await known()).filter(({ id }) => id === '2' || id === '8'),
      [
        { id: '2', name: null },
        { id: '8', name: null },
      ],
    );
  });

  it('rows that come whole from one file note nothing of their cells', async () => {
    const rows = await feed().rows(
      `SELECT "MessageId" FROM feed."SparkcentralMessages" WHERE _cells IS NOT NULL ORDER BY 1`,
    );
    deepEqual(
      rows.map((row) => row['MessageId']),
      ['m1', 'm2', 'm5'],
    );
    await loadRows(feed(), name, 9, [
      ['Message ID', 'Medium'],
      ['m3', 'Chat'],
    ]);
    await loadRows(feed(), name, 8, [
      ['Message ID', 'Medium', 'Direction'],
      ['m4', 'Chat', 'in'],
    ]);
    equal((await feed().rows(`SELECT 1 FROM feed."SparkcentralMessages" WHERE _cells IS NOT NULL`)).length, 3);
  });

  it('holds for a period that is restated: values of the same key stay, rows that are not in the file leave', async () => {
    const statistics = (minute: number, rows: readonly (readonly string[])[]) =>
      loadRows(feed(), 'tracebuzz/agent-statistics', minute, rows);
    await statistics(1, [
      ['ROWDATE', 'AGENTID', 'AGENTNAME', 'ASSIGNED'],
      ['2026-01-01', '1', 'Ann', '4'],
      ['2026-01-01', '2', 'Bo', '5'],
    ]);
    const stored = () =>
      feed().rows(
        `SELECT "AgentId"::text AS id, "AssignedCount" AS n, "AgentName" AS name FROM feed."TracebuzzAgentStatistics" ORDER BY 1`,
      );
    const width = Object.keys((await stored())[0] ?? {}).length;
    equal(width, 3);
    const before = await stored();
    await statistics(2, [
      ['ROWDATE', 'AGENTID', 'AGENTNAME'],
      ['2026-01-01', '1', 'Anna'],
    ]);
    deepEqual(await stored(), [{ ...before[0], name: 'Anna' }]);
  });

  it('B4 a file without a column that the key is made of is refused: its rows would come again as others', async () => {
    const notes = (minute: number, rows: readonly (readonly string[])[]) =>
      loadRows(feed(), 'tracebuzz/notes', minute, rows);
    const columns = catalogue.exports.find((one) => one.name === 'notes')?.columns ?? [];
    const headers = columns.map((column) => column.headers[0]?.text ?? '');
    const cells = columns.map(({ property }) => (property === 'CreatedAt' ? '1750063900' : '7'));
    loaded(await notes(1, [headers, cells]));
    // The same as a spreadsheet is kept from changing it.
    const guarded = columns.map(({ personalData }) => personalData !== 'content');
    const same = await notes(2, [headers, cells.map((cell, at) => (guarded[at] === true ? `="${cell}"` : cell))]);
    equal(loaded(same).counts.unchanged, 1);
    for (const [at, header] of headers.entries()) {
      const without = <T>(list: readonly T[]) => list.filter((_, place) => place !== at);
      const result = await notes(3, [without(headers), without(cells)]);
      equal(result.state === 'refused' && result.error.code, 'HeaderMissing', header);
    }
    equal((await feed().rows(`SELECT FROM feed."TracebuzzNotes"`)).length, 1);
  });

  it('A16 an absent column with emptyAs says nothing; in the key it stands for that text', async () => {
    const inbox = (minute: number, rows: readonly (readonly string[])[]) =>
      loadRows(feed(), 'tracebuzz/user-inbox-statuses', minute, rows);
    await inbox(1, [
      ['USER ID', 'LOGIN TIME', 'USER STATUS'],
      ['1', '1750053600', '2'],
    ]);
    deepEqual(
      await feed().rows(`SELECT "SelectedTab" AS tab, "SearchId"::text AS id FROM feed."TracebuzzUserInboxStatuses"`),
      [{ tab: '', id: '0' }],
    );
    const catalogue = {
      ...feed().catalogue,
      exports: feed().catalogue.exports.map((one) =>
        one.name === 'cases'
          ? {
              ...one,
              columns: one.columns.map((column) => ({
                ...column,
                ...(column.property === 'ExternalId' ? { emptyAs: '-' } : {}),
              })),
            }
          : one,
      ),
    };
    const cases = async (minute: number, rows: readonly (readonly string[])[]) => {
      const path = feed().write(`cases ${minute}.csv`, csv(rows), minute);
      loaded(await loadFile({ catalogue, database: feed().database }, path, { source: 'tracebuzz', export: 'cases' }));
      return (await feed().rows(`SELECT "ExternalId" AS v FROM feed."TracebuzzCases" WHERE "CaseId" = 1`))[0]?.['v'];
    };
    equal(
      await cases(1, [
        ['Id', 'Queue ID'],
        ['1', 'q'],
      ]),
      null,
    );
    equal(
      await cases(2, [
        ['Id', 'External ID'],
        ['1', ''],
      ]),
      '-',
    );
    equal(
      await cases(3, [
        ['Id', 'External ID'],
        ['1', 'x'],
      ]),
      'x',
    );
    equal(
      await cases(4, [
        ['Id', 'Queue ID'],
        ['1', 'r'],
      ]),
      'x',
    );
  });

  it('a rejected row that is replayed fills what newer files did not have', async () => {
    const load = (minute: number, rows: readonly (readonly string[])[]) =>
      loadRows(feed(), 'tracebuzz/cases', minute, rows);
    await load(12, [
      ['Id', 'Queue ID'],
      ['7', 'new'],
    ]);
    await load(11, [
      ['Id', 'Queue ID', 'External ID', 'CLOSED'],
      ['7', 'old', 'x', 'never'],
      ['8', 'old', '', ''],
    ]);
    const stored = () =>
      feed().rows(`SELECT "QueueId" AS q, "ExternalId" AS x FROM feed."TracebuzzCases" WHERE "CaseId" = 7`);
    deepEqual(await stored(), [{ q: 'new', x: null }]);
    await replayRejects({ catalogue: mended, database: feed().database });
    deepEqual(await stored(), [{ q: 'new', x: 'x' }]);
  });
});
