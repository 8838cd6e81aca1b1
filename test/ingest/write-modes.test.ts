import { deepEqual, equal } from 'node:assert/strict';
import fc from 'fast-check';
import { loadFile } from '../../src/ingest/load/load-file.ts';
import { exportFile, type Feed, useFeed } from './support/feed.ts';

type Row = Readonly<Record<string, string | number | null>>;

/** One file of a sequence: when it speaks, and its rows. */
interface File {
  readonly minute: number;
  readonly rows: readonly Row[];
}

async function loadAll(feed: Feed, name: string, files: readonly (File & { readonly name?: string })[], set: string) {
  await feed.database.query(
    `TRUNCATE feed."${set}"; DELETE FROM gateway.reject; DELETE FROM gateway.drift; DELETE FROM gateway.load; DELETE FROM gateway.set_versions; DELETE FROM gateway.tombstones; DELETE FROM gateway.confirmation`,
  );
  const [source] = name.split('/');
  for (const [index, file] of files.entries()) {
    // A comment column of its own keeps files of the same rows from being the same bytes.
    const lines = exportFile(name, file.rows).trimEnd().split('\n');
    const text = lines
      .map((line, at) => `${line},${at === 0 ? 'SERIAL' : ''}${' '.repeat(at === 0 ? index : 0)}`)
      .join('\n');
    const path = feed.write(file.name ?? `delivery ${index}.csv`, text, file.minute);
    const result = await loadFile({ catalogue: feed.catalogue, database: feed.database }, path, {
      ...(source === undefined ? {} : { source }),
      export: name.split('/')[1] ?? '',
      force: true,
    });
    if (result.state !== 'loaded') {
      throw new Error(result.state === 'refused' ? result.error.message : result.message);
    }
    const { read, inserted, updated, unchanged, rejected, duplicate } = result.counts;
    equal(read, inserted + updated + unchanged + rejected + duplicate);
  }
}

/** Files in the order of what they speak of; of equal ones the later arrival counts as newer. */
const inOrder = <F extends File>(files: readonly F[]): F[] => [...files].sort((a, b) => a.minute - b.minute);

describe('Write modes: the order of arrival does not matter', () => {
  const feed = useFeed();
  const minute = fc.integer({ min: 0, max: 4 });
  const value = fc.constantFrom('a', 'b', 'c');

  it('upsert: the newest file that names a key says its values', async () => {
    const file = fc.record({
      minute,
      rows: fc.array(fc.record({ CaseId: fc.integer({ min: 1, max: 3 }), ExternalId: value }), { maxLength: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(file, { minLength: 1, maxLength: 4 }), async (files) => {
        await loadAll(feed(), 'tracebuzz/cases', files, 'TracebuzzCases');
        const model = new Map<number, string>();
        for (const one of inOrder(files)) {
          for (const row of one.rows) {
            model.set(row.CaseId, row.ExternalId);
          }
        }
        const rows = await feed().rows<{ id: string; v: string }>(
          `SELECT "CaseId"::text AS id, "ExternalId" AS v FROM feed."TracebuzzCases"`,
        );
        deepEqual(rows.map((row) => `${row.id}=${row.v}`).sort(), [...model].map(([id, v]) => `${id}=${v}`).sort());
      }),
      { numRuns: 15 },
    );
  });

  it('upsert with a winner: the greatest stamp, then the newest file', async () => {
    const stamp = fc.constantFrom(null, 1750000000, 1750000500);
    const row = fc.record({ SuggestionId: fc.integer({ min: 1, max: 2 }), Response: value, LastUpdatedAt: stamp });
    const file = fc.record({ minute, rows: fc.array(row, { maxLength: 3 }) });
    const target = feed;
    await fc.assert(
      fc.asyncProperty(fc.array(file, { minLength: 1, maxLength: 4 }), async (files) => {
        const property = textProperty(target(), 'tracebuzz/ai-suggestions', ['SuggestionId', 'LastUpdatedAt']);
        const renamed = files.map((one) => ({
          minute: one.minute,
          rows: one.rows.map(({ Response, ...rest }) => ({ ...rest, [property]: Response })),
        }));
        await loadAll(target(), 'tracebuzz/ai-suggestions', renamed, 'TracebuzzAiSuggestions');
        const model = new Map<number, { v: string; stamp: number }>();
        for (const one of inOrder(files)) {
          for (const { SuggestionId, Response, LastUpdatedAt } of one.rows) {
            const known = model.get(SuggestionId);
            const newness = LastUpdatedAt ?? -1;
            if (known === undefined || newness >= known.stamp) {
              model.set(SuggestionId, { v: Response, stamp: newness });
            }
          }
        }
        const rows = await target().rows<{ id: string; v: string }>(
          `SELECT "SuggestionId"::text AS id, "${property}" AS v FROM feed."TracebuzzAiSuggestions" ORDER BY 1`,
        );
        deepEqual(
          rows.map((r) => [Number(r.id), r.v]),
          [...model].sort(([a], [b]) => a - b).map(([id, { v }]) => [id, v]),
        );
      }),
      { numRuns: 15 },
    );
  });

  it('snapshot: the newest snapshot says who is there, and each row keeps its last values', async () => {
    const file = fc.record({
      minute,
      rows: fc.uniqueArray(fc.record({ LabelId: fc.integer({ min: 1, max: 3 }), Name: value }), {
        selector: (row) => row.LabelId,
        maxLength: 3,
      }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(file, { minLength: 1, maxLength: 4 }), async (files) => {
        await loadAll(feed(), 'tracebuzz/labels', files, 'TracebuzzLabels');
        const model = new Map<number, { v: string; gone: number | null }>();
        for (const one of inOrder(files)) {
          for (const [id, known] of model) {
            if (!one.rows.some((row) => row.LabelId === id)) {
              known.gone ??= one.minute;
            }
          }
          for (const row of one.rows) {
            model.set(row.LabelId, { v: row.Name, gone: null });
          }
        }
        const rows = await feed().rows<{ id: string; v: string; gone: string | null }>(
          `SELECT "LabelId"::text AS id, "Name" AS v, (extract(epoch FROM _deleted_at - '2026-01-01Z') / 60)::int::text AS gone FROM feed."TracebuzzLabels" ORDER BY 1`,
        );
        deepEqual(
          rows.map((r) => [Number(r.id), r.v, r.gone === null ? null : Number(r.gone)]),
          [...model].sort(([a], [b]) => a - b).map(([id, { v, gone }]) => [id, v, gone]),
        );
      }),
      { numRuns: 40 },
    );
  });

  it('snapshot: a row that comes back late goes again with the next snapshot, loaded before', async () => {
    const row = { LabelId: 3, Name: 'a' };
    const files = [[1], [0, row], [2], [1, row]] as const;
    await loadAll(
      feed(),
      'tracebuzz/labels',
      files.map(([at, ...rows]) => ({ minute: at, rows })),
      'TracebuzzLabels',
    );
    deepEqual(await feed().rows(`SELECT _deleted_at::text AS gone FROM feed."TracebuzzLabels"`), [
      { gone: '2026-01-01 00:02:00+00' },
    ]);
  });

  it('restate: the newest file that names a period holds all its rows', async () => {
    const row = fc.record({
      RowDate: fc.constantFrom('2026-01-01', '2026-01-02'),
      AgentId: fc.integer({ min: 1, max: 2 }),
      n: fc.integer({ min: 0, max: 3 }),
    });
    const file = fc.record({
      minute,
      rows: fc.uniqueArray(row, { selector: (r) => `${r.RowDate}/${r.AgentId}`, maxLength: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(file, { minLength: 1, maxLength: 4 }), async (files) => {
        const count = numberProperty(feed(), 'tracebuzz/agent-statistics', ['AgentId']);
        const renamed = files.map((one) => ({
          minute: one.minute,
          rows: one.rows.map(({ n, ...rest }) => ({ ...rest, [count]: n })),
        }));
        await loadAll(feed(), 'tracebuzz/agent-statistics', renamed, 'TracebuzzAgentStatistics');
        const model = new Map<string, string[]>();
        for (const one of inOrder(files)) {
          for (const date of new Set(one.rows.map((r) => r.RowDate))) {
            model.set(
              date,
              one.rows.filter((r) => r.RowDate === date).map((r) => `${date}/${r.AgentId}=${r.n}`),
            );
          }
        }
        const rows = await feed().rows<{ v: string }>(
          `SELECT "RowDate"::text || '/' || "AgentId" || '=' || "${count}" AS v FROM feed."TracebuzzAgentStatistics"`,
        );
        deepEqual(rows.map((r) => r.v).sort(), [...model.values()].flat().sort());
      }),
      { numRuns: 20 },
    );
  });

  it('restate by the period of the file: an empty newer file empties the period, whatever comes late', async () => {
    const name = '[1][team][01012026000000][02012026000000].csv';
    const row = { TeamId: 'x', TeamName: 'X' };
    for (const files of [
      [
        { minute: 1, rows: [row], name },
        { minute: 2, rows: [], name },
      ],
      [
        { minute: 2, rows: [], name },
        { minute: 1, rows: [row], name },
      ],
    ]) {
      await loadAll(feed(), 'sparkcentral/team-metrics', files, 'SparkcentralTeamMetrics');
      deepEqual(await feed().rows('SELECT "TeamId" FROM feed."SparkcentralTeamMetrics"'), []);
    }
  });

  it('delete-insert: the newest file that names a parent holds all its rows', async () => {
    const row = fc.record({
      ContactProfileId: fc.constantFrom('p', 'q'),
      AttributeId: fc.constantFrom('1', '2'),
      v: value,
    });
    const file = fc.record({
      minute,
      rows: fc.uniqueArray(row, { selector: (r) => `${r.ContactProfileId}/${r.AttributeId}`, maxLength: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(file, { minLength: 1, maxLength: 4 }), async (files) => {
        const property = textProperty(feed(), 'sparkcentral/contact-attributes', ['ContactProfileId', 'AttributeId']);
        const renamed = files.map((one) => ({
          minute: one.minute,
          rows: one.rows.map(({ v, ...rest }) => ({ ...rest, [property]: v })),
        }));
        await loadAll(feed(), 'sparkcentral/contact-attributes', renamed, 'SparkcentralContactAttributes');
        const model = new Map<string, string[]>();
        for (const one of inOrder(files)) {
          for (const parent of new Set(one.rows.map((r) => r.ContactProfileId))) {
            model.set(
              parent,
              one.rows.filter((r) => r.ContactProfileId === parent).map((r) => `${parent}/${r.AttributeId}=${r.v}`),
            );
          }
        }
        const rows = await feed().rows<{ v: string }>(
          `SELECT "ContactProfileId" || '/' || "AttributeId" || '=' || "${property}" AS v FROM feed."SparkcentralContactAttributes"`,
        );
        deepEqual(rows.map((r) => r.v).sort(), [...model.values()].flat().sort());
      }),
      { numRuns: 15 },
    );
  });
});

describe('Write modes: removal', () => {
  const feed = useFeed();
  const users = (ids: readonly number[], bad = '') =>
    exportFile(
      'tracebuzz/users',
      ids.map((id) => ({ UserId: id, Name: `u${id}` })),
    ) + bad;
  const ids = Array.from({ length: 30 }, (_, index) => index + 1);
  const present = async () =>
    (
      await feed().rows<{ n: string }>(
        'SELECT count(*)::text AS n FROM feed."TracebuzzUsers" WHERE _deleted_at IS NULL AND _load_id IS NOT NULL',
      )
    )[0]?.n;

  it('refuses a snapshot that lacks more than half of the rows, unless forced', async () => {
    await feed().load('raw-users-1750000000.csv', users(ids));
    const result = await feed().load('raw-users-1750000100.csv', users([1, 2]));
    equal(result.state === 'refused' && result.error.code, 'SnapshotTooSmall');
    equal(await present(), '30');
    equal((await feed().load('raw-users-1750000100.csv', users([1, 2]), { force: true })).state, 'loaded');
    equal(await present(), '2');
  });

  it('does not take a rejected row for a missing one', async () => {
    await feed().load('raw-users-1750000200.csv', users([1, 2, 3]));
    const bad = users([1, 2]).trimEnd();
    const width = (bad.split('\n')[0] ?? '').split(',').length;
    const row = `3,x,,,,,not a number`
      .split(',')
      .concat(Array(Math.max(0, width - 7)).fill(''))
      .slice(0, width)
      .join(',');
    const result = await feed().load('raw-users-1750000300.csv', `${bad}\n${row}\n`);
    equal(result.state === 'loaded' && result.counts.rejected, 1);
    equal(await present(), '3');
  });

  it('removes nothing while a rejected row hides its key', async () => {
    const result = await feed().load('raw-users-1750000400.csv', users([1], 'x"y,\n'));
    equal(
      result.state === 'loaded' && result.message,
      'Nothing was removed: the keys of 1 rejected rows are not known.',
    );
    equal(await present(), '3');
  });

  it('never takes a row of the metadata for a missing one, not even after a file stated it', async () => {
    await feed().load('raw-users-1750000500.csv', users([-1, 1, 2, 3]));
    await feed().load('raw-users-1750000600.csv', users([1, 2, 3]));
    deepEqual(await feed().rows('SELECT _deleted_at FROM feed."TracebuzzUsers" WHERE "UserId" = -1'), [
      { _deleted_at: null },
    ]);
  });

  it('an empty cell never overwrites a stored text where the metadata says so', async () => {
    const message = (content: string, at: string) =>
      exportFile('sparkcentral/messages', [
        { MessageId: 'm1', Content: content, LastUpdatedAt: at, CreatedAt: '2026-01-01T00:00:00Z' },
      ]);
    const options = { source: 'sparkcentral', export: 'messages' };
    const content = async () => (await feed().rows('SELECT "Content" FROM feed."SparkcentralMessages"'))[0];
    await feed().load('a.csv', message('', '2026-01-02T00:00:00Z'), { ...options, minute: 2 });
    await feed().load('b.csv', message('old text', '2026-01-01T00:00:00Z'), { ...options, minute: 1 });
    deepEqual(await content(), { Content: 'old text' });
    await feed().load('c.csv', message('', '2026-01-03T00:00:00Z'), { ...options, minute: 3 });
    deepEqual(await content(), { Content: 'old text' });
  });
});

const propertiesOf = (feed: Feed, name: string, encoding: string, not: readonly string[]): string => {
  const target = feed.catalogue.exports.find((one) => `${one.source}/${one.name}` === name);
  const column = target?.columns.find((one) => one.encoding === encoding && !not.includes(one.property));
  if (column === undefined) {
    throw new Error(`${name} has no ${encoding} column`);
  }
  return column.property;
};
const textProperty = (feed: Feed, name: string, not: readonly string[]) => propertiesOf(feed, name, 'text', not);
const numberProperty = (feed: Feed, name: string, not: readonly string[]) => propertiesOf(feed, name, 'integer', not);
