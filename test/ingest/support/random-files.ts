import fc from 'fast-check';
import type { Catalogue } from '../../../src/catalogue/catalogue.ts';
import { trueStamp } from '../../../src/ingest/ledger/confirmations.ts';
import { loadFile } from '../../../src/ingest/load/load-file.ts';
import { storedTable } from '../../../src/ingest/stored/stored-table.ts';
import { quoteIdentifier } from '../../../src/sql/identifier.ts';
import { catalogue, exportFile, type Feed } from './feed.ts';

type Cells = Readonly<Record<string, string>>;

/** The product's catalogue with other words that mean null. */
function withNulls(...words: readonly string[]): Catalogue {
  return {
    ...catalogue,
    exports: catalogue.exports.map((one) => ({
      ...one,
      files: { ...one.files, nullTokens: [...one.files.nullTokens, ...words] },
    })),
  };
}

/**
 * Rows with the key 77, or of the second day, have no key, and `never` is no number and no time. Each row has another cell
 * besides: one without any value is a blank line, and no reject.
 */
export const faulty = forgetting(withNulls('77', '2026-01-02'));
export const mended = forgetting(withNulls('never'));

export interface File {
  readonly minute: number;
  readonly rows: readonly Cells[];
  /** Hundreds come before tens here. */
  readonly name: number;
}

export const filesOf = (row: fc.Arbitrary<Cells>): fc.Arbitrary<File[]> =>
  fc.uniqueArray(
    fc.record({
      minute: fc.integer({ min: 0, max: 2 }),
      rows: fc.array(row, { minLength: 1, maxLength: 4 }),
      name: fc.constantFrom(1, 2, 10, 100),
    }),
    { selector: (file) => file.name, minLength: 1, maxLength: 4 },
  );

export async function clear(feed: Feed, sets: readonly string[]): Promise<void> {
  await feed.database.query(
    `TRUNCATE ${sets.map((set) => `feed."${set}"`).join(', ')}; DELETE FROM gateway.reject; DELETE FROM gateway.drift; DELETE FROM gateway.load; DELETE FROM gateway.tombstones; DELETE FROM gateway.confirmation`,
  );
}

export interface LoadedFiles {
  readonly name: string;
  readonly files: readonly File[];
  /** All files have the same columns. */
  readonly alike?: boolean;
}

export async function loadAll(
  feed: Feed,
  of: Catalogue,
  { name, files, alike = false, then }: LoadedFiles & { readonly then?: () => Promise<void> },
) {
  const [source = '', short = ''] = name.split('/');
  for (const { minute, rows, name: number } of files) {
    // A column of its own keeps files of the same rows from being the same bytes.
    const [header = '', ...lines] = exportFile(name, rows).trimEnd().split('\n');
    const text = alike
      ? [`${header},N`, ...lines.map((line) => `${line},${number}`)].join('\n')
      : [`${header},N${number}`, ...lines.map((line) => `${line},`)].join('\n');
    const path = feed.write(`${short} ${number}.csv`, text, minute);
    const period = short.endsWith('-metrics') ? { period: '2026-01-01..2026-01-02' } : {};
    const options = { source, export: short, force: true, ...period };
    const result = await loadFile({ catalogue: of, database: feed.database }, path, options);
    if (result.state !== 'loaded') {
      throw new Error(JSON.stringify(result));
    }
    await then?.();
  }
}

/** All that the feed serves of a set but what tells of its loads. */
export async function servedRows(feed: Feed, set: string): Promise<readonly unknown[]> {
  const table = storedTable(feed.catalogue, set);
  const own = table.set.derivation === null ? [`(${trueStamp(table)})::text`, '_deleted_at::text'] : [];
  const columns = [...[...table.columns.values()].map(({ name }) => `${quoteIdentifier(name)}::text`), ...own];
  const rows = await feed.rows<{ v: unknown[] }>(
    `SELECT ARRAY[${columns.join(', ')}] AS v FROM ${table.name} t ORDER BY 1`,
  );
  return rows.map((row) => row.v);
}

const key = fc.constantFrom('1', '2', '77');
const time = fc.constantFrom('', '1750000000', 'never');
const count = fc.constantFrom('0', '1', 'never');
const text = fc.constantFrom('', 'a', 'b');
const moment = fc.constantFrom('', '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z');

/** An export of each write mode, its rows, and the sets to compare, the own one first. */
export const modes: readonly (readonly [
  title: string,
  name: string,
  row: fc.Arbitrary<Cells>,
  sets: readonly string[],
])[] = [
  [
    'upsert',
    'tracebuzz/cases',
    fc.record({ CaseId: key, PersonId: fc.constant('5'), ClosedAt: time, ExternalId: text }),
    ['TracebuzzCases'],
  ],
  [
    'upsert with a winner, a kept cell, a list and a dimension',
    'sparkcentral/messages',
    fc.record({
      MessageId: fc.constantFrom('m1', 'm2', 'm3'),
      ConversationId: fc.constant('c'),
      Content: text,
      TeamId: fc.constant('t'),
      TeamName: text,
      TagIds: fc.constantFrom('', '[7]', '[8][9]'),
      CreatedAt: fc.constantFrom('2026-01-01T00:00:00Z', 'never'),
      LastUpdatedAt: moment,
    }),
    ['SparkcentralMessages', 'SparkcentralMessageTags', 'SparkcentralTeams'],
  ],
  [
    'upsert with a kept cell and no winner',
    'tracebuzz/user-inbox-statuses',
    fc.record({
      UserId: fc.constantFrom('1', '2'),
      LoginAt: fc.constant('1750000000'),
      LogoutAt: fc.constantFrom('', '1750000001', '1750000002', 'never'),
      UserStatus: count,
    }),
    ['TracebuzzUserInboxStatuses'],
  ],
  [
    'snapshot',
    'tracebuzz/labels',
    fc.record({ LabelId: key, CategoryLabelId: count, Name: fc.constantFrom('a', 'b') }),
    ['TracebuzzLabels'],
  ],
  [
    'restate by a column',
    'tracebuzz/agent-statistics',
    fc.record({
      RowDate: fc.constantFrom('2026-01-01', '2026-01-02'),
      AgentId: fc.constantFrom('1', '2'),
      AssignedCount: count,
    }),
    ['TracebuzzAgentStatistics'],
  ],
  [
    'restate by the period of the file',
    'sparkcentral/team-metrics',
    fc.record({ TeamId: fc.constantFrom('t', 'u', 'v'), TeamName: text, ResolvesWithReplyCount: count }),
    ['SparkcentralTeamMetrics'],
  ],
  [
    'delete-insert',
    'sparkcentral/contact-attributes',
    fc.record({
      ContactProfileId: fc.constantFrom('p', 'q', '77'),
      AttributeId: fc.constantFrom('1', '2'),
      AttributeName: text,
    }),
    ['SparkcentralContactAttributes', 'SparkcentralContacts'],
  ],
];

/** Dimensions whose things leave with their sources: what was known in between does not stay. */
function forgetting(of: Catalogue): Catalogue {
  const sets = [...of.sets].map(([name, set]) => {
    if (set.kind !== 'stored' || set.derivation?.kind !== 'dimension') {
      return [name, set] as const;
    }
    const from = set.derivation.from.map((one) => ({ ...one, follows: true }));
    return [name, { ...set, derivation: { ...set.derivation, from } }] as const;
  });
  return { ...of, sets: new Map(sets) };
}

/** Loads the files under metadata that rejects some of their rows. Gives the rows of each set as if all had been good from the start. */
export async function loadFaulty(
  feed: Feed,
  { sets, ...loaded }: LoadedFiles & { readonly sets: readonly string[] },
): Promise<readonly (readonly unknown[])[]> {
  await clear(feed, sets);
  await loadAll(feed, mended, loaded);
  const expected = [];
  for (const set of sets) {
    expected.push(await servedRows(feed, set));
  }
  await clear(feed, sets);
  await loadAll(feed, faulty, loaded);
  return expected;
}
