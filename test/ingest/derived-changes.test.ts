import { deepEqual } from 'node:assert/strict';
import fc from 'fast-check';
import type { Catalogue, DimensionSource } from '../../src/catalogue/catalogue.ts';
import { affectedTable } from '../../src/ingest/derive/affected-keys.ts';
import { derivationQuery } from '../../src/ingest/derive/derive-rows.ts';
import { derivedColumns } from '../../src/ingest/derive/derived-columns.ts';
import { asDimension, type DerivedDimension, forgets } from '../../src/ingest/derive/derived-sets.ts';
import type { Deriving } from '../../src/ingest/derive/dimension-rows.ts';
import { columnList } from '../../src/ingest/stored/column-lists.ts';
import { columnOf, storedTable } from '../../src/ingest/stored/stored-table.ts';
import { quoteIdentifier } from '../../src/sql/identifier.ts';
import { catalogue, exportFile, type Feed, useFeed } from './support/feed.ts';

const dimensions = ['Agents', 'Teams', 'Contacts', 'Conversations', 'Tags', 'Topics'].map(
  (name) => `Sparkcentral${name}`,
);
const periods = ['2026-01-01..2026-01-02', '2026-01-02..2026-01-03'] as const;

type Cells = Readonly<Record<string, string>>;
/** Things by key, each a value of every column. */
type Things = ReadonlyMap<string, readonly (string | null)[]>;

const agent = fc.constantFrom('', 'a1', 'a2', 'a3');
const label = fc.constantFrom('', 'x', 'y');
const moment = fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z', '2026-01-03T00:00:00Z');
const conversation = fc.constantFrom('c1', 'c2', 'c3');
const contact = fc.constantFrom('p1', 'p2');
const rowsOf = (row: fc.Arbitrary<Cells>): fc.Arbitrary<Cells[]> => fc.array(row, { maxLength: 4 });
const spoken = { LastStatusChangeAgentId: agent, LastStatusChangeAgentName: label, LastUpdatedAt: moment };
const open = { ConversationId: conversation, ContactProfileId: contact, Medium: label, TopicIds: label, ...spoken };
const times = { CreatedAt: moment, LastUpdatedAt: moment };
const message = {
  MessageId: fc.constantFrom('m1', 'm2', 'm3', 'm4'),
  ConversationId: conversation,
  ContactProfileId: contact,
  ContactPrimaryIdentifier: label,
  AgentId: agent,
  AgentName: label,
  AgentReference: label,
  TeamId: fc.constantFrom('', 't1', 't2'),
  TeamName: label,
  TagIds: fc.constantFrom('', '7', '7,8'),
  ...times,
};
const deliveries: Readonly<Record<string, fc.Arbitrary<Cells[]>>> = {
  messages: rowsOf(fc.record(message)),
  'response-times': rowsOf(
    fc.record({
      OutboundMessageId: fc.constantFrom('r1', 'r2'),
      ReplyingAgentId: agent,
      ReplyingAgentName: label,
      ConversationId: conversation,
      ToAt: moment,
    }),
  ),
  'agent-metrics': fc.uniqueArray(fc.record({ UserId: fc.constantFrom('a1', 'a2'), UserName: label }), {
    selector: (row) => row.UserId,
    maxLength: 2,
  }),
  'open-conversations': rowsOf(fc.record(open)),
  'resolved-conversations': rowsOf(fc.record(open)),
  'contact-attributes': rowsOf(fc.record({ ContactProfileId: contact, AttributeId: fc.constantFrom('1', '2') })),
};
const delivery = fc.oneof(
  ...Object.entries(deliveries).map(([name, rows]) => ({
    weight: name === 'messages' ? 4 : 1,
    arbitrary: fc.record({
      name: fc.constant(name),
      rows,
      minute: fc.integer({ min: 0, max: 4 }),
      period: fc.constantFrom(...periods),
    }),
  })),
);

/** An agent that nothing states any more keeps what was known; an older message then says less, and counts. */
const forgottenAgent = [
  { name: 'agent-metrics', rows: [{ UserId: 'a1', UserName: 'x' }], minute: 0, period: periods[0] },
  { name: 'agent-metrics', rows: [{ UserId: 'a2', UserName: 'y' }], minute: 1, period: periods[0] },
  {
    name: 'messages',
    rows: [{ MessageId: 'm1', ConversationId: 'c1', AgentId: 'a1', AgentName: 'x', CreatedAt: '2026-01-01T00:00:00Z' }],
    minute: 2,
    period: periods[0],
  },
];

function dimensionOf(of: Catalogue, name: string): DerivedDimension {
  const table = storedTable(of, name);
  const { derivation } = table.set;
  const dimension = derivation === null || derivation.kind === 'rows' ? null : asDimension({ table, derivation });
  if (dimension === null) {
    throw new Error(`${name} is no dimension`);
  }
  return dimension;
}

const thingsOf = (rows: readonly { k: string; v: (string | null)[] }[]): Things =>
  new Map(rows.map(({ k, v }) => [k, v]));

async function storedThings(feed: Feed, { table, derivation }: DerivedDimension): Promise<Things> {
  const columns = derivedColumns({ table, derivation }).map((name) => `${quoteIdentifier(name)}::text`);
  return thingsOf(
    await feed.rows(
      `SELECT concat_ws('/', ${columnList(table.key)}) AS k, ARRAY[${columns.join(', ')}] AS v FROM ${table.name}`,
    ),
  );
}

/** The dimension made from all rows of all its sources, as if nothing of it were there. */
async function madeAtOnce(feed: Feed, dimension: DerivedDimension): Promise<Things> {
  const { table, derivation } = dimension;
  const keys = derivation.from.map((one) => {
    const from = storedTable(feed.catalogue, one.set);
    const theirs = table.key.map((name) => {
      const [property = ''] = [...one.columns].find(([ours]) => columnOf(table, ours) === name)?.slice(1) ?? [];
      return quoteIdentifier(columnOf(from, property));
    });
    return `SELECT ${theirs.join(', ')} FROM ${from.name}`;
  });
  const columns = derivedColumns(dimension).map((name) => `${quoteIdentifier(name)}::text`);
  return feed.database.transaction(async (transaction) => {
    const affected = affectedTable(dimension);
    await transaction.query(
      `CREATE TEMP TABLE ${affected} (${table.key.map((name) => `${quoteIdentifier(name)} text COLLATE "C"`).join(', ')}) ON COMMIT DROP`,
    );
    await transaction.query(`INSERT INTO ${affected} ${keys.join(' UNION ')}`);
    const made = async (deriving: Deriving): Promise<Things> => {
      const { rows } = await transaction.query<{ k: string; v: (string | null)[] }>(
        `SELECT concat_ws('/', ${columnList(table.key)}) AS k, ARRAY[${columns.join(', ')}] AS v FROM (${derivationQuery(feed.catalogue, dimension, deriving)}) d`,
      );
      return thingsOf(rows);
    };
    const noted = new Set(derivation.from.map((one) => one.set));
    const affectedOnes = await made({ whole: false, noted });
    deepEqual(await made({ whole: true, noted }), affectedOnes);
    return affectedOnes;
  });
}

/** What was known before is kept where nothing says otherwise, unless the dimension takes its things along with a set. */
function expectedThings(dimension: DerivedDimension, before: Things, made: Things): Things {
  if (forgets(dimension)) {
    return made;
  }
  const expected = new Map(before);
  for (const [key, values] of made) {
    expected.set(
      key,
      values.map((value, index) => value ?? before.get(key)?.[index] ?? null),
    );
  }
  return expected;
}

const sorted = (things: Things) => [...things].sort(([a], [b]) => (a < b ? -1 : 1));

function isMadeAtOnce(title: string, of: Catalogue): void {
  describe(title, () => {
    const feed = useFeed(of);
    let serial = 0;

    async function load({
      name,
      rows,
      minute,
      period,
    }: {
      name: string;
      rows: Cells[];
      minute: number;
      period: string;
    }) {
      const [header = '', ...lines] = exportFile(`sparkcentral/${name}`, rows).trimEnd().split('\n');
      const text = [`${header},N${serial++}`, ...lines.map((line) => `${line},`)].join('\n');
      const result = await feed().load(`${name}.csv`, text, {
        source: 'sparkcentral',
        export: name,
        minute,
        force: true,
        ...(name.endsWith('-metrics') ? { period } : {}),
      });
      deepEqual([result.state, result.state === 'loaded' && result.counts.rejected], ['loaded', 0]);
    }

    it('after any loads, each dimension is what all rows of its sources make at once', async () => {
      const all = dimensions.map((name) => dimensionOf(feed().catalogue, name));
      const tables = [
        ...new Set([
          ...all.flatMap((one) => [one.table.name, ...one.derivation.from.map(({ set }) => `feed."${set}"`)]),
        ]),
      ];
      await fc.assert(
        fc.asyncProperty(fc.array(delivery, { minLength: 2, maxLength: 5 }), async (loads) => {
          await feed().database.query(
            `TRUNCATE ${tables.join(', ')}; DELETE FROM gateway.drift; DELETE FROM gateway.load`,
          );
          for (const one of loads) {
            const before = await Promise.all(all.map((dimension) => storedThings(feed(), dimension)));
            await load(one);
            for (const [index, dimension] of all.entries()) {
              const made = await madeAtOnce(feed(), dimension);
              const expected = expectedThings(dimension, before[index] ?? new Map(), made);
              deepEqual(sorted(await storedThings(feed(), dimension)), sorted(expected), dimension.table.set.name);
            }
          }
        }),
        { numRuns: 6, examples: [[forgottenAgent]] },
      );
    });
  });
}

/** The catalogue with other ways to take rows into its dimensions. */
function withSources(change: (source: DimensionSource, index: number) => DimensionSource): Catalogue {
  const sets = new Map(catalogue.sets);
  for (const name of dimensions) {
    const set = sets.get(name);
    if (set?.kind !== 'stored' || set.derivation?.kind !== 'dimension') {
      throw new Error(name);
    }
    sets.set(name, { ...set, derivation: { ...set.derivation, from: set.derivation.from.map(change) } });
  }
  return { ...catalogue, sets };
}

isMadeAtOnce('Dimensions kept by what changed', catalogue);
isMadeAtOnce(
  'Dimensions kept by what changed, where the newest file counts for some of their sources',
  withSources((source, index) => (index % 2 === 0 ? source : { ...source, stamp: null })),
);
isMadeAtOnce(
  'Dimensions kept by what changed, where things leave with a set',
  withSources((source, index) => ({ ...source, follows: index % 3 === 2 })),
);
