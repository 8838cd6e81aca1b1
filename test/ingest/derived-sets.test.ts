import { deepEqual, ok, strictEqual } from 'node:assert/strict';
import fc from 'fast-check';
import type { Catalogue } from '../../src/catalogue/catalogue.ts';
import { derivedFrom, derivedTables, sourcesOf } from '../../src/ingest/derive/derived-sets.ts';
import { catalogueOf } from '../support/catalogue-of.ts';
import { metadataFolder } from '../support/gateway.ts';
import { exportFile, type Feed, useFeed } from './support/feed.ts';

type Statement = {
  readonly ConversationId: string;
  readonly TopicIds: string;
  readonly TopicNames: string;
  readonly LastUpdatedAt: string;
};

interface StoredStatement extends Record<string, unknown> {
  readonly id: string;
  readonly topics: string | null;
  readonly names: string | null;
  readonly stamp: string | null;
}

const statement: fc.Arbitrary<Statement> = fc.record({
  ConversationId: fc.constantFrom('c1', 'c2', 'c3'),
  TopicIds: fc.constantFrom('', '1', '1,2', '2; 3', '3|1|3'),
  TopicNames: fc.constantFrom('', 'one', 'one,two', 'a,b,c'),
  LastUpdatedAt: fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z', '2026-01-03T00:00:00Z'),
});
const conversations = fc.uniqueArray(statement, { selector: (row) => row.ConversationId, maxLength: 3 });
const minute = fc.integer({ min: 0, max: 5 });
const delivery = fc.oneof(
  fc.record({ export: fc.constant('resolved-conversations'), minute, rows: conversations }),
  fc.record({ export: fc.constant('open-conversations'), minute, rows: conversations }),
  fc.record({
    export: fc.constant('messages'),
    minute,
    rows: fc.array(
      fc.record({
        MessageId: fc.constantFrom('m1', 'm1', 'm2'),
        ConversationId: fc.constantFrom('c1', 'c4', 'c5'),
        TagIds: fc.constantFrom('', '7', '7,8'),
        LastUpdatedAt: fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'),
      }),
      { maxLength: 2 },
    ),
  }),
);

const split = (text: string | null): string[] => (text === null ? [] : text.trim().split(/\s*[,;|]\s*/));

/** `id/topic/name/place` of the first place of each topic. */
function topicsOf({ id, topics, names }: StoredStatement): string[] {
  const ids = split(topics);
  const named = split(names);
  const seen = new Set<string>();
  return ids.flatMap((topic, index) => {
    if (topic === '' || seen.has(topic)) {
      return [];
    }
    seen.add(topic);
    return [`${id}/${topic}/${named.length === ids.length ? named[index] : null}/${index + 1}`];
  });
}

/** The conversations that the source tables, as they are stored, make: all at once, not step by step. */
async function expectedConversations(feed: Feed): Promise<Map<string, StoredStatement>> {
  const columns = `"ConversationId" AS id, "TopicIds" AS topics, "TopicNames" AS names, "LastUpdatedAt"::text AS stamp`;
  const resolved = await feed.rows<StoredStatement>(`SELECT ${columns} FROM feed."SparkcentralResolvedConversations"`);
  const open = await feed.rows<StoredStatement>(
    `SELECT ${columns} FROM feed."SparkcentralOpenConversations" WHERE _deleted_at IS NULL`,
  );
  const named = await feed.rows<{ id: string }>(`SELECT "ConversationId" AS id FROM feed."SparkcentralMessages"`);
  const found = new Map<string, StoredStatement>();
  for (const { id } of named) {
    found.set(id, { id, topics: null, names: null, stamp: null });
  }
  // Resolved ones last: of two equally new statements theirs counts.
  for (const row of [...open, ...resolved]) {
    const known = found.get(row.id);
    if (known === undefined || (row.stamp ?? '') >= (known.stamp ?? '')) {
      found.set(row.id, row);
    }
  }
  return found;
}

describe('Derived sets', () => {
  const feed = useFeed();
  let serial = 0;

  it('are after any sequence of loads what their source tables make at once', async () => {
    const tables = [
      'ResolvedConversations',
      'OpenConversations',
      'Messages',
      'Conversations',
      'ConversationTopics',
      'MessageTags',
    ];
    await fc.assert(
      fc.asyncProperty(fc.array(delivery, { minLength: 1, maxLength: 5 }), async (deliveries) => {
        await feed().database.query(
          `TRUNCATE ${tables.map((name) => `feed."Sparkcentral${name}"`).join(', ')}; DELETE FROM gateway.drift; DELETE FROM gateway.load`,
        );
        for (const { export: name, minute: at, rows } of deliveries) {
          const [header = '', ...lines] = exportFile(`sparkcentral/${name}`, rows).trimEnd().split('\n');
          const text = [`${header},N${serial++}`, ...lines.map((line) => `${line},`)].join('\n');
          const result = await feed().load(`${name}.csv`, text, {
            source: 'sparkcentral',
            export: name,
            minute: at,
            force: true,
          });
          deepEqual([result.state, result.state === 'loaded' && result.counts.rejected], ['loaded', 0]);
        }
        const expected = await expectedConversations(feed());
        const stored = await feed().rows<StoredStatement>(
          `SELECT "ConversationId" AS id, "TopicIds" AS topics, "TopicNames" AS names, "LastUpdatedAt"::text AS stamp FROM feed."SparkcentralConversations"`,
        );
        const text = (row: StoredStatement) => `${row.id}|${row.topics}|${row.names}|${row.stamp}`;
        deepEqual(stored.map(text).sort(), [...expected.values()].map(text).sort());
        const bridge = await feed().rows<{ v: string }>(
          `SELECT "ConversationId" || '/' || "TopicId" || '/' || coalesce("TopicName", 'null') || '/' || "Position" AS v FROM feed."SparkcentralConversationTopics"`,
        );
        deepEqual(bridge.map((row) => row.v).sort(), [...expected.values()].flatMap(topicsOf).sort());
        const tags = await feed().rows<{ v: string }>(
          `SELECT "MessageId" || '/' || "TagId" AS v FROM feed."SparkcentralMessageTags"`,
        );
        const messages = await feed().rows<{ id: string; tags: string | null }>(
          `SELECT "MessageId" AS id, "TagIds" AS tags FROM feed."SparkcentralMessages"`,
        );
        deepEqual(
          tags.map((row) => row.v).sort(),
          messages.flatMap(({ id, tags: list }) => split(list).map((tag) => `${id}/${tag}`)).sort(),
        );
      }),
      { numRuns: 15 },
    );
  });
});

/** Counts how often somebody goes through all of its values. */
class CountingMap<Key, Value> extends Map<Key, Value> {
  passes = 0;

  override values(): MapIterator<Value> {
    this.passes += 1;
    return super.values();
  }
}

describe('what is derived in a catalogue', () => {
  it('is found once: no start and no load looks for it again', () => {
    const whole = catalogueOf(metadataFolder);
    const sets = new CountingMap(whole.sets);
    const catalogue = { ...whole, sets };
    const all = derivedTables(catalogue);
    const sources = all.map((one) => [...sourcesOf(catalogue, one)].sort());
    ok(sources.some((names) => names.length > 10));
    const first = [...sets.keys()].map((name) => derivedFrom(catalogue, name));
    const { passes } = sets;
    ok(passes <= 2 * sets.size, `${passes} passes over ${sets.size} sets`);
    strictEqual(derivedTables(catalogue), all);
    deepEqual(
      all.map((one) => [...sourcesOf(catalogue, one)].sort()),
      sources,
    );
    ok([...sets.keys()].every((name, at) => derivedFrom(catalogue, name) === first[at]));
    strictEqual(sets.passes, passes, 'nothing is looked for again');
  });

  it('is another where a set of the catalogue is another', () => {
    const whole = catalogueOf(metadataFolder);
    const names = (of: Catalogue): readonly string[] => derivedTables(of).map(({ table }) => table.set.name);
    const [name = ''] = names(whole);
    const set = whole.sets.get(name);
    ok(set?.kind === 'stored');
    const sets = new Map([...whole.sets, [name, { ...set, derivation: null }]]);
    ok(!names({ ...whole, sets }).includes(name));
    ok(names(whole).includes(name));
  });
});
