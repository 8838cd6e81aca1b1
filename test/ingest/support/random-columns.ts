import { deepEqual } from 'node:assert/strict';
import fc from 'fast-check';
import type { Catalogue } from '../../../src/catalogue/catalogue.ts';
import { loadFile } from '../../../src/ingest/load/load-file.ts';
import { catalogue, csv, type Feed } from './feed.ts';
import { clear, mended, servedRows } from './random-files.ts';

type Cells = Readonly<Record<string, string>>;

/** A file that has some of its export's columns only, and unknown ones (`X..`) beside them. */
export interface PartialFile {
  readonly minute: number;
  /** Hundreds come before tens here; no two alike. */
  readonly name: number;
  readonly columns: readonly string[];
  readonly rows: readonly Cells[];
}

/** An export whose columns come and go. */
export interface PartialExport {
  readonly title: string;
  readonly name: string;
  readonly key: readonly string[];
  /** Columns that a file may lack, and what their cells may be; unknown headers begin with `X`. */
  readonly cells: Readonly<Record<string, readonly string[]>>;
  readonly keys: Readonly<Record<string, readonly string[]>>;
  readonly winner: string | null;
  readonly kept: string | null;
  readonly deletion: string | null;
  /** The own set, then those derived from it. */
  readonly sets: readonly string[];
}

export function partialFiles(of: PartialExport, maxLength = 5): fc.Arbitrary<PartialFile[]> {
  const optional = Object.keys(of.cells);
  const cell = (values: readonly string[]) => fc.constantFrom(...values);
  const row = fc.record({
    ...Object.fromEntries(Object.entries(of.keys).map(([name, values]) => [name, cell(values)])),
    ...Object.fromEntries(Object.entries(of.cells).map(([name, values]) => [name, cell(values)])),
  });
  return fc.uniqueArray(
    fc.record({
      minute: fc.integer({ min: 0, max: 2 }),
      name: fc.constantFrom(1, 2, 3, 10, 20, 100),
      columns: fc.oneof(fc.constant(optional), fc.subarray(optional)),
      rows: fc.array(row, { minLength: 1, maxLength: 4 }),
    }),
    { selector: (file) => file.name, minLength: 1, maxLength },
  );
}

export async function loadPartial(
  feed: Feed,
  of: PartialExport,
  files: readonly PartialFile[],
  reading: Catalogue = mended,
): Promise<void> {
  await clear(feed, all);
  const [source = '', short = ''] = of.name.split('/');
  const target = catalogue.exports.find((one) => `${one.source}/${one.name}` === of.name);
  if (target === undefined) {
    throw new Error(of.name);
  }
  const headerOf = (name: string) => target.columns.find((one) => one.property === name)?.headers[0]?.text ?? name;
  for (const { minute, name: number, columns, rows } of files) {
    const names = [...of.key, ...columns];
    // Blank lines keep files of the same rows from being the same bytes.
    const text = csv([names.map(headerOf), ...rows.map((row) => names.map((one) => row[one] ?? ''))]);
    const path = feed.write(`${short} ${number}.csv`, text.replace('\n', '\n'.repeat(number + 1)), minute);
    const period = short.endsWith('-metrics') ? { period: '2026-01-01..2026-01-02' } : {};
    const options = { source, export: short, force: true, ...period };
    const result = await loadFile({ catalogue: reading, database: feed.database }, path, options);
    deepEqual(result.state, 'loaded');
    if (reading === mended) {
      deepEqual(result.state === 'loaded' && result.counts.rejected, 0);
    }
  }
}

interface Said {
  readonly cells: Cells;
  readonly columns: readonly string[];
  /** Compared place by place; the greatest counts. */
  readonly order: readonly (string | number)[];
}

const greatest = (among: readonly Said[]): Said | undefined =>
  among.reduce<Said | undefined>((a, b) => (a === undefined || isGreater(b, a) ? b : a), undefined);

function isGreater(a: Said, b: Said): boolean {
  for (const [place, value] of a.order.entries()) {
    const other = b.order[place] ?? '';
    if (value !== other) {
      return value > other;
    }
  }
  return false;
}

/**
 * What the files of an upsert say together, whatever their order: for each key and column the cell of the greatest row whose
 * file has the column; an empty one does not count in a kept column, unless its row says that it was deleted.
 */
export function together(of: PartialExport, files: readonly PartialFile[]): Map<string, Cells> {
  const said = files.flatMap(({ minute, name, columns, rows }) =>
    rows.map((cells, line): Said => {
      const winner = of.winner !== null && columns.includes(of.winner) ? (cells[of.winner] ?? '') : '';
      return { cells, columns, order: [winner, minute, name, line] };
    }),
  );
  const keyOf = (cells: Cells) => of.key.map((name) => cells[name]).join('|');
  const result = new Map<string, Cells>();
  for (const key of new Set(said.map(({ cells }) => keyOf(cells)))) {
    const own = said.filter(({ cells }) => keyOf(cells) === key);
    const deleted = (one: Said) =>
      of.deletion !== null && one.columns.includes(of.deletion) && one.cells[of.deletion] !== '';
    const values = Object.keys(of.cells).map((name) => {
      const states = own.filter((one) => one.columns.includes(name));
      const counting =
        name === of.kept
          ? own.filter((one) => deleted(one) || (one.columns.includes(name) && one.cells[name] !== ''))
          : states;
      const best = greatest(counting);
      return [name, best?.columns.includes(name) === true ? (best.cells[name] ?? '') : ''] as const;
    });
    result.set(key, Object.fromEntries(values));
  }
  return result;
}

/** The same of the stored rows. */
export async function storedCells(feed: Feed, of: PartialExport): Promise<Map<string, Cells>> {
  const [set = ''] = of.sets;
  const names = Object.keys(of.cells);
  const columns = names.filter((name) => !name.startsWith('X')).map((name) => `"${name}"::text AS "${name}"`);
  const key = of.key.map((name) => `"${name}"::text`).join(", '|', ");
  const rows = await feed.rows<Record<string, string | null>>(
    `SELECT concat(${key}) AS key, "Extras", ${columns.join(', ')} FROM feed."${set}" WHERE _load_id IS NOT NULL`,
  );
  return new Map(
    rows.map(({ key: one, Extras: extras, ...cells }) => {
      const all = { ...cells, ...(JSON.parse(extras ?? '{}') as Cells) };
      return [one ?? '', Object.fromEntries(names.map((name) => [name, all[name] ?? '']))];
    }),
  );
}

/** Two orders of arrival of the same files. */
export const arrivals = (of: PartialExport, maxLength = 5) =>
  partialFiles(of, maxLength).chain((files) =>
    fc.tuple(fc.constant(files), fc.shuffledSubarray(files, { minLength: files.length })),
  );

/** Files in the order of their times. */
export const inOrder = (files: readonly PartialFile[]): PartialFile[] =>
  [...files].sort((a, b) => a.minute - b.minute || a.name - b.name);

/** Loads the files in both orders and compares all that is served. */
export async function sameInAnyOrder(feed: Feed, of: PartialExport, given: readonly (readonly PartialFile[])[]) {
  const results = [];
  for (const files of given) {
    await loadPartial(feed, of, files);
    const found = [];
    for (const set of of.sets) {
      found.push(await servedRows(feed, set));
    }
    results.push(found);
  }
  deepEqual(results[1], results[0]);
}

const text = ['', 'a', 'b'];

export const upserts: readonly PartialExport[] = [
  {
    title: 'upsert',
    name: 'tracebuzz/cases',
    key: ['CaseId'],
    keys: { CaseId: ['1', '1', '2'] },
    cells: { ExternalId: text, QueueId: text, X1: text, 'X "2"': text, X3: ['', 'é\\"\t'] },
    winner: null,
    kept: null,
    deletion: null,
    sets: ['TracebuzzCases'],
  },
  {
    title: 'upsert with a winner, a kept cell and a deletion marker',
    name: 'sparkcentral/messages',
    key: ['MessageId'],
    keys: { MessageId: ['m1', 'm1', 'm2'] },
    cells: {
      LastUpdatedAt: ['', '2026-01-01 00:00:00+00', '2026-01-02 00:00:00+00'],
      Content: text,
      DeletedAt: ['', '', '2026-02-01 00:00:00+00'],
      AgentName: text,
      X1: text,
    },
    winner: 'LastUpdatedAt',
    kept: 'Content',
    deletion: 'DeletedAt',
    sets: ['SparkcentralMessages'],
  },
];

const count = ['0', '1', '2'];
const nothing = { winner: null, kept: null, deletion: null };

/** Exports of all write modes, with what is derived from them. */
export const modes: readonly PartialExport[] = [
  ...upserts,
  {
    title: 'upsert with a list and a dimension',
    name: 'sparkcentral/messages',
    key: ['MessageId', 'ConversationId'],
    keys: { MessageId: ['m1', 'm1', 'm2'], ConversationId: ['c'] },
    cells: {
      LastUpdatedAt: ['', '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'],
      TeamId: ['', 't', 'u'],
      TeamName: text,
      TagIds: ['', '7', '8,9'],
      TagNames: ['', 'x', 'y,z'],
    },
    ...nothing,
    sets: ['SparkcentralMessages', 'SparkcentralMessageTags', 'SparkcentralTeams'],
  },
  {
    title: 'snapshot',
    name: 'tracebuzz/labels',
    key: ['LabelId'],
    keys: { LabelId: ['1', '1', '2', '3'] },
    cells: { Name: text, CategoryLabelId: count, X1: text },
    ...nothing,
    sets: ['TracebuzzLabels'],
  },
  {
    title: 'restate by a column',
    name: 'tracebuzz/agent-statistics',
    key: ['RowDate', 'AgentId'],
    keys: { RowDate: ['2026-01-01', '2026-01-01', '2026-01-02'], AgentId: ['1', '2'] },
    cells: { AssignedCount: count, AgentName: text, X1: text },
    ...nothing,
    sets: ['TracebuzzAgentStatistics'],
  },
  {
    title: 'restate by the period of the file',
    name: 'sparkcentral/team-metrics',
    key: ['TeamId'],
    keys: { TeamId: ['t', 'u', 'v'] },
    cells: { TeamName: text, ResolvesWithReplyCount: count, X1: text },
    ...nothing,
    sets: ['SparkcentralTeamMetrics', 'SparkcentralTeams'],
  },
  {
    title: 'delete-insert',
    name: 'sparkcentral/contact-attributes',
    key: ['ContactProfileId', 'AttributeId'],
    keys: { ContactProfileId: ['p', 'p', 'q'], AttributeId: ['1', '2'] },
    cells: { AttributeName: text, AttributeValue: text, X1: text },
    ...nothing,
    sets: ['SparkcentralContactAttributes', 'SparkcentralContacts'],
  },
];

const all = [...new Set(modes.flatMap(({ sets }) => sets))];
