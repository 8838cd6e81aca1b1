import { deepEqual } from 'node:assert/strict';
import fc from 'fast-check';
import { provision } from '../../src/warehouse/tables/provision.ts';
import { exportFile, type Feed, useFeed } from './support/feed.ts';

type Cells = Readonly<Record<string, string>>;

/** A file: the minute it speaks of, no two alike, and its rows. */
interface File {
  readonly minute: number;
  readonly rows: readonly Cells[];
}

/** Files in some order of arrival. */
const filesOf = (row: fc.Arbitrary<Cells>): fc.Arbitrary<File[]> =>
  fc.uniqueArray(
    fc.record({ minute: fc.integer({ min: 0, max: 9 }), rows: fc.array(row, { minLength: 1, maxLength: 3 }) }),
    {
      selector: (file) => file.minute,
      minLength: 3,
      maxLength: 5,
    },
  );

interface Said {
  readonly cells: Cells;
  /** Compared place by place; the greatest counts. */
  readonly order: readonly (string | number)[];
}

const isGreater = (a: Said, b: Said): boolean => {
  for (const [place, value] of a.order.entries()) {
    const other = b.order[place] ?? '';
    if (value !== other) {
      return value > other;
    }
  }
  return false;
};

/** What the files say together, whatever their order: of each key the greatest row, but the greatest that has `kept`. */
function togetherOf(
  files: readonly File[],
  names: { readonly key: string; readonly kept: string; readonly winner: string | null },
): Map<string, Cells> {
  const said = files.flatMap(({ minute, rows }) =>
    rows.map((cells, line): Said => {
      return { cells, order: [names.winner === null ? '' : (cells[names.winner] ?? ''), minute, line] };
    }),
  );
  const greatest = (among: readonly Said[]) => among.reduce((a, b) => (isGreater(b, a) ? b : a));
  const result = new Map<string, Cells>();
  for (const key of new Set(said.map(({ cells }) => cells[names.key] ?? ''))) {
    const own = said.filter(({ cells }) => cells[names.key] === key);
    const withCell = own.filter(({ cells }) => cells[names.kept] !== '');
    const kept = withCell.length === 0 ? '' : (greatest(withCell).cells[names.kept] ?? '');
    result.set(key, { ...greatest(own).cells, [names.kept]: kept });
  }
  return result;
}

let serial = 0;
async function loadAll(feed: Feed, name: string, files: readonly File[]): Promise<void> {
  const [source = '', short = ''] = name.split('/');
  for (const { minute, rows } of files) {
    // A column of its own keeps files of the same rows from being the same bytes.
    const [header = '', ...lines] = exportFile(name, rows).trimEnd().split('\n');
    const text = [`${header},N${serial++}`, ...lines.map((line) => `${line},`)].join('\n');
    const result = await feed.load(`${short}.csv`, text, { source, export: short, minute });
    deepEqual([result.state, result.state === 'loaded' && result.counts.rejected], ['loaded', 0]);
  }
}

const clear = (feed: Feed, set: string) =>
  feed.database.query(`TRUNCATE feed."${set}"; DELETE FROM gateway.drift; DELETE FROM gateway.load`);

describe('Cells that an empty one does not overwrite', () => {
  const feed = useFeed();
  const message = fc.record({
    MessageId: fc.constantFrom('m1', 'm1', 'm2'),
    Content: fc.constantFrom('', '', 'a', 'b', 'c'),
    LastUpdatedAt: fc.constantFrom('', '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z', '2026-01-03T00:00:00Z'),
    AgentName: fc.constantFrom('', 'x', 'y'),
  });
  const session = fc.record({
    UserId: fc.constantFrom('1', '1', '2'),
    LoginAt: fc.constant('1750053600'),
    LogoutAt: fc.constantFrom('', '', '1750082400', '1750082401', '1750082402'),
    UserStatus: fc.constantFrom('1', '1', '2'),
  });

  async function messages(): Promise<string[]> {
    const rows = await feed().rows<{ v: string }>(
      `SELECT concat_ws('|', "MessageId", coalesce("Content", ''), coalesce("AgentName", '')) AS v FROM feed."SparkcentralMessages"`,
    );
    return rows.map((row) => row.v).sort();
  }

  it('are those of the greatest row that has them, in whatever order the files arrive', async () => {
    await fc.assert(
      fc.asyncProperty(filesOf(message), async (files) => {
        await clear(feed(), 'SparkcentralMessages');
        await loadAll(feed(), 'sparkcentral/messages', files);
        const expected = togetherOf(files, { key: 'MessageId', kept: 'Content', winner: 'LastUpdatedAt' });
        const texts = [...expected].map(([id, cells]) => [id, cells['Content'], cells['AgentName']].join('|'));
        deepEqual(await messages(), texts.sort());
      }),
      { numRuns: 15 },
    );
  });

  it('are those of the newest file that has them, where no winner is named', async () => {
    await fc.assert(
      fc.asyncProperty(filesOf(session), async (files) => {
        await clear(feed(), 'TracebuzzUserInboxStatuses');
        await loadAll(feed(), 'tracebuzz/user-inbox-statuses', files);
        const expected = togetherOf(files, { key: 'UserId', kept: 'LogoutAt', winner: null });
        const rows = await feed().rows<{ v: string }>(
          `SELECT concat_ws('|', "UserId", coalesce(extract(epoch FROM "LogoutAt")::bigint::text, ''), "UserStatus") AS v FROM feed."TracebuzzUserInboxStatuses"`,
        );
        const texts = [...expected].map(([id, cells]) => [id, cells['LogoutAt'], cells['UserStatus']].join('|'));
        deepEqual(rows.map((row) => row.v).sort(), texts.sort());
      }),
      { numRuns: 15 },
    );
  });

  it('count as new as their rows in a table that was made before this was noted', async () => {
    await clear(feed(), 'SparkcentralMessages');
    const row = (Content: string, day: number, AgentName = '') => ({
      MessageId: 'm1',
      Content,
      AgentName,
      LastUpdatedAt: `2026-01-0${day}T00:00:00Z`,
    });
    await loadAll(feed(), 'sparkcentral/messages', [{ minute: 3, rows: [row('b', 3)] }]);
    await feed().database.query(
      'ALTER TABLE feed."SparkcentralMessages" DROP COLUMN "_stamp_Content", DROP COLUMN "_winner_Content"',
    );
    const changes = await provision(feed().database, feed().catalogue);
    deepEqual(
      changes.changes.filter((line) => line.includes('Content')),
      [
        'SparkcentralMessages._stamp_Content: added (timestamp with time zone)',
        'SparkcentralMessages._winner_Content: added (timestamp with time zone)',
      ],
    );
    await loadAll(feed(), 'sparkcentral/messages', [{ minute: 5, rows: [row('', 5, 'x')] }]);
    await loadAll(feed(), 'sparkcentral/messages', [{ minute: 2, rows: [row('a', 2)] }]);
    deepEqual(await messages(), ['m1|b|x']);
    await loadAll(feed(), 'sparkcentral/messages', [{ minute: 4, rows: [row('c', 4)] }]);
    deepEqual(await messages(), ['m1|c|x']);
  });
});
