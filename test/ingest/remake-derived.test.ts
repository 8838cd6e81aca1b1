import { deepEqual, equal, notEqual } from 'node:assert/strict';
import type { Catalogue, Derivation, DimensionSource, StoredSet } from '../../src/catalogue/catalogue.ts';
import { derivedColumns } from '../../src/ingest/derive/derived-columns.ts';
import { derivedTables } from '../../src/ingest/derive/derived-sets.ts';
import { remakeDerived } from '../../src/ingest/derive/remake-derived.ts';
import { loadFile } from '../../src/ingest/load/load-file.ts';
import { quoteIdentifier } from '../../src/sql/identifier.ts';
import type { Database } from '../../src/warehouse/database.ts';
import { provision } from '../../src/warehouse/tables/provision.ts';
import { catalogue, exportFile, type Feed, useFeed } from './support/feed.ts';

function withSet(set: string, change: (set: StoredSet) => Partial<StoredSet>): Catalogue {
  const found = catalogue.sets.get(set);
  if (found?.kind !== 'stored') {
    throw new Error(set);
  }
  return { ...catalogue, sets: new Map([...catalogue.sets, [set, { ...found, ...change(found) }]]) };
}

const withDerivation = (set: string, change: (derivation: Derivation) => Derivation): Catalogue =>
  withSet(set, ({ derivation }) => {
    if (derivation === null) {
      throw new Error(set);
    }
    return { derivation: change(derivation) };
  });

const withSources = (set: string, change: (from: readonly DimensionSource[]) => readonly DimensionSource[]) =>
  withDerivation(set, (derivation) => {
    if (derivation.kind !== 'dimension') {
      throw new Error(set);
    }
    return { ...derivation, from: change(derivation.from) };
  });

/** A source with another property for one of the dimension's; null: none. */
function told(source: DimensionSource, property: string, by: string | null): DimensionSource {
  if (!source.columns.has(property)) {
    return source;
  }
  const columns = [...source.columns].filter(([name]) => name !== property);
  return { ...source, columns: new Map(by === null ? columns : [...columns, [property, by]]) };
}

const agents = 'SparkcentralAgents';
const conversations = 'SparkcentralConversations';
const variants: Readonly<Record<string, Catalogue>> = {
  'a property of a dimension': withSources(agents, (from) => from.map((one) => told(one, 'EmailAddress', null))),
  'the column that a property comes from': withSources(agents, (from) =>
    from.map((one) => (one.set === 'SparkcentralMessages' ? told(one, 'Name', 'AgentReference') : one)),
  ),
  'a source of a dimension': withSources(agents, (from) => from.filter((one) => one.set !== 'SparkcentralMessages')),
  'how new a source is': withSources('SparkcentralTeams', (from) => from.map((one) => ({ ...one, stamp: null }))),
  'a property that a bridge and a dimension below are made of': withSources(conversations, (from) =>
    from.map((one) => told(told(one, 'TopicIds', null), 'TopicNames', null)),
  ),
  'the second list of a bridge': withDerivation('SparkcentralMessageTags', (derivation) => ({
    ...derivation,
    ...(derivation.kind === 'bridge' ? { paired: null } : {}),
  })),
};

const moment = (hour: number) => `2026-01-01T0${hour}:00:00Z`;
const deliveries: readonly (readonly [string, readonly Readonly<Record<string, string>>[]])[] = [
  [
    'messages',
    [
      {
        MessageId: 'm1',
        ConversationId: 'c1',
        AgentId: 'a1',
        AgentName: 'Ann',
        AgentReference: 'ref 1',
        TeamId: 't1',
        TeamName: 'One',
        TagIds: '7,8',
        TagNames: 'seven,eight',
        CreatedAt: moment(1),
      },
      { MessageId: 'm2', AgentId: 'a2', AgentName: 'Bob', TeamId: 't1', TeamName: 'Uno', CreatedAt: moment(0) },
      { MessageId: 'm3', AgentId: 'a4', AgentReference: 'ref 4', CreatedAt: moment(3) },
    ],
  ],
  [
    'agent-metrics',
    [
      { UserId: 'a1', UserName: 'Ann A.', UserEmailAddress: 'ann@example.com' },
      { UserId: 'a3', UserName: 'Cem', UserEmailAddress: 'cem@example.com' },
    ],
  ],
  [
    'resolved-conversations',
    [{ ConversationId: 'c1', TopicIds: 'x,y', TopicNames: 'X,Y', Channel: 'chat', LastUpdatedAt: moment(4) }],
  ],
];

async function clear(feed: Feed): Promise<void> {
  const { rows } = await feed.database.query<{ all: string }>(
    `SELECT string_agg(format('feed.%I', tablename), ', ') AS all FROM pg_tables WHERE schemaname = 'feed' AND tablename LIKE 'Sparkcentral%'`,
  );
  await feed.database.query(
    `TRUNCATE ${rows[0]?.all}; DELETE FROM gateway.drift; DELETE FROM gateway.load; DELETE FROM gateway.derivation`,
  );
}

async function loadAll(feed: Feed, of: Catalogue): Promise<void> {
  for (const [index, [name, rows]] of deliveries.entries()) {
    const path = feed.write(`${name}.csv`, exportFile(`sparkcentral/${name}`, rows), index);
    const period = name.endsWith('-metrics') ? { period: '2026-01-01..2026-01-02' } : {};
    const options = { source: 'sparkcentral', export: name, ...period };
    const result = await loadFile({ catalogue: of, database: feed.database }, path, options);
    deepEqual([result.state, result.state === 'loaded' && result.counts.rejected], ['loaded', 0]);
  }
}

/** The rows of all derived sets, by set. */
async function derivedRows(feed: Feed, of: Catalogue): Promise<Record<string, readonly unknown[]>> {
  const found: Record<string, readonly unknown[]> = {};
  for (const { table } of derivedTables(of).filter((one) => one.table.set.name.startsWith('Sparkcentral'))) {
    const columns = [...table.columns.values()].map(({ name }) => `${quoteIdentifier(name)}::text`);
    const rows = await feed.rows(`SELECT ARRAY[${columns.join(', ')}] AS v FROM ${table.name} ORDER BY 1`);
    found[table.set.name] = rows.map((row) => row['v']);
  }
  return found;
}

async function versions(feed: Feed): Promise<Map<string, string>> {
  const rows = await feed.rows<{ entity_set: string; version: string }>(
    `SELECT entity_set, version::text FROM gateway.set_versions`,
  );
  return new Map(rows.map((row) => [row.entity_set, row.version]));
}

/** The database, and how often it was asked. */
function counted(database: Database): { readonly database: Database; readonly asked: () => number } {
  let count = 0;
  const wrapped = Object.create(database, {
    query: {
      value: (text: string) => {
        count++;
        return database.query(text);
      },
    },
    transaction: { value: () => Promise.reject(new Error('there is nothing to write')) },
  }) as Database;
  return { database: wrapped, asked: () => count };
}

describe('Derived sets after the metadata derives them otherwise', () => {
  const feed = useFeed();

  async function fresh(of: Catalogue): Promise<Record<string, readonly unknown[]>> {
    await clear(feed());
    await remakeDerived(feed().database, of);
    await loadAll(feed(), of);
    return derivedRows(feed(), of);
  }

  for (const [title, variant] of Object.entries(variants)) {
    for (const [way, former, now] of [
      ['added', variant, catalogue],
      ['taken away', catalogue, variant],
    ] as const) {
      it(`are made as a fresh load makes them: ${title}, ${way}`, async () => {
        const expected = await fresh(now);
        notEqual(JSON.stringify(await fresh(former)), JSON.stringify(expected));
        const before = await versions(feed());
        const made = await remakeDerived(feed().database, now);
        deepEqual(await derivedRows(feed(), now), expected);
        const after = await versions(feed());
        const raised = [...after].filter(([set, version]) => before.get(set) !== version).map(([set]) => set);
        notEqual(raised.length, 0);
        deepEqual(
          raised.filter((set) => !made.includes(set)),
          [],
        );
        const { database, asked } = counted(feed().database);
        deepEqual(await remakeDerived(database, now), []);
        equal(asked(), 1);
        deepEqual(await versions(feed()), after);
      });
    }
  }

  it('keep the version of rows that come out as they were', async () => {
    await fresh(variants['a property of a dimension'] ?? catalogue);
    const versionsOf = () =>
      feed().rows<{ id: string; v: string }>(
        `SELECT "AgentId" AS id, _version::text AS v FROM feed."${agents}" ORDER BY 1`,
      );
    const before = await versionsOf();
    await remakeDerived(feed().database, catalogue);
    const after = await versionsOf();
    deepEqual(
      after.filter((row, index) => row.v !== before[index]?.v).map((row) => row.id),
      ['a1', 'a3'],
    );
  });

  it('keep what they learned where nothing is known of how they were made, and gain what they lack', async () => {
    await fresh(variants['a property of a dimension'] ?? catalogue);
    await feed().database.query(
      `DELETE FROM gateway.derivation; INSERT INTO feed."${agents}" ("AgentId", "Name", _load_id) VALUES ('gone', 'Gone', 1)`,
    );
    equal((await remakeDerived(feed().database, catalogue)).includes(agents), true);
    deepEqual(await feed().rows(`SELECT "AgentId" AS a, "EmailAddress" AS e FROM feed."${agents}" ORDER BY 1`), [
      { a: 'a1', e: 'ann@example.com' },
      { a: 'a2', e: null },
      { a: 'a3', e: 'cem@example.com' },
      { a: 'a4', e: null },
      { a: 'gone', e: null },
    ]);
  });
});

describe('A property that the metadata adds to a dimension', () => {
  const without = withSet(agents, ({ columns, derivation }) => ({
    columns: new Map([...columns].filter(([name]) => name !== 'EmailAddress')),
    derivation:
      derivation?.kind === 'dimension'
        ? { ...derivation, from: derivation.from.map((one) => told(one, 'EmailAddress', null)) }
        : derivation,
  }));
  const feed = useFeed(without);

  it('is filled for all things at the next start, by two gateways at once', async () => {
    await remakeDerived(feed().database, without);
    await loadAll(feed(), without);
    const { changes } = await provision(feed().database, catalogue);
    deepEqual(changes, [`${agents}.EmailAddress: added (text)`]);
    const made = await Promise.all([1, 2].map(() => remakeDerived(feed().database, catalogue)));
    deepEqual(made.flat(), [agents]);
    deepEqual(
      await feed().rows(`SELECT "AgentId" AS a FROM feed."${agents}" WHERE "EmailAddress" IS NOT NULL ORDER BY 1`),
      [{ a: 'a1' }, { a: 'a3' }],
    );
    equal(
      derivedTables(catalogue).every((one) => derivedColumns(one).length > 0),
      true,
    );
  });
});
