import assert from 'node:assert/strict';
import fc from 'fast-check';
import { derivedFrom } from '../../src/ingest/derive/derived-sets.ts';
import { makeAgain } from '../../src/ingest/derive/maintain-derived.ts';
import { loadFile } from '../../src/ingest/load/load-file.ts';
import type { Database, Transaction } from '../../src/warehouse/database.ts';
import { testsOnCitus } from '../citus/support/placed-database.ts';
import { runs } from '../support/runs.ts';
import { exportFile, useFeed } from './support/feed.ts';

type Cells = Readonly<Record<string, string>>;

const label = fc.constantFrom('', 'x', 'y', 'z');
const moment = fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z', '2026-01-03T00:00:00Z');
/** Cells of a message: some that agents, teams, contacts and tags are made of, some that nothing is. */
const cells: Readonly<Record<string, fc.Arbitrary<string>>> = {
  ContactProfileId: fc.constantFrom('', 'p1', 'p2'),
  ContactPrimaryIdentifier: label,
  Medium: label,
  AgentId: fc.constantFrom('', 'a1', 'a2'),
  AgentName: label,
  AgentReference: label,
  TeamId: fc.constantFrom('', 't1', 't2'),
  TeamName: label,
  TagIds: fc.constantFrom('', '7', '7,8', '8,7'),
  TagNames: fc.constantFrom('', 'seven', 'seven,eight', 'eight,seven'),
  CreatedAt: moment,
  LastUpdatedAt: moment,
  Origin: label,
  ConversationUrl: label,
  Content: label,
};
const ids = ['m1', 'm2', 'm3', 'm4', 'm5'];
const anyCell = fc
  .constantFrom(...Object.keys(cells))
  .chain((name) => fc.tuple(fc.constant(name), cells[name] ?? label));
/** What changes in which message. */
const change = fc.tuple(fc.constantFrom(...ids), fc.array(anyCell, { minLength: 1, maxLength: 2 }));

/** Tables lie on workers; on Citus itself they all do. */
const modes = testsOnCitus ? [true] : [false, true];

for (const isDistributed of modes) {
  describe(`Rows that change in nothing that a derived set is made of, ${isDistributed ? 'in the forms for tables on workers' : 'on one server'}`, () => {
    const feed = useFeed();
    const tables = () => derivedFrom(feed().catalogue, 'SparkcentralMessages');
    let serial = 0;
    let asked: string[] = [];

    /** Loads messages as they are now; resolves to how many statements about things were noted, by set. */
    async function load(messages: ReadonlyMap<string, Cells>): Promise<ReadonlyMap<string, number>> {
      const { database, catalogue, write } = feed();
      const noted = new Map<string, number>();
      asked = [];
      const watch = (transaction: Transaction): Transaction => ({
        ...transaction,
        isDistributed,
        copyIn: (text, bytes) => transaction.copyIn(text, bytes),
        query: async (text, values) => {
          const result = await transaction.query<never>(text, values);
          asked.push(text);
          const [, set] = /^INSERT INTO "?(?:said|affected)_(\w+)"? /.exec(text) ?? [];
          if (set !== undefined) {
            noted.set(set, (noted.get(set) ?? 0) + result.rowCount);
          }
          return result;
        },
      });
      const watched: Database = Object.assign(Object.create(database) as Database, {
        query: database.query.bind(database),
        transaction: <T>(work: (transaction: Transaction) => Promise<T>) =>
          database.transaction((transaction) => work(watch(transaction))),
      });
      serial += 1;
      const rows = [...messages].map(([MessageId, row]) => ({ MessageId, ConversationId: 'c', ...row }));
      // The same rows may come twice, and the same bytes would not be read again.
      const text = `${exportFile('sparkcentral/messages', rows)}${' '.repeat(serial)}`;
      const file = write(`messages-${serial}.csv`, text, serial);
      const options = { source: 'sparkcentral', export: 'messages', force: true } as const;
      const result = await loadFile({ catalogue, database: watched }, file, options);
      assert.deepEqual([result.state, result.state === 'loaded' && result.counts.rejected], ['loaded', 0]);
      return noted;
    }

    const dump = async (asker: Pick<Database | Transaction, 'query'>): Promise<readonly string[]> => {
      const found: string[] = [];
      for (const { table } of tables()) {
        const { rows } = await asker.query<{ row: string }>(
          `SELECT (to_jsonb(t) - '_row' - '_loaded_at')::text AS row FROM ${table.name} t ORDER BY 1`,
        );
        found.push(...rows.map(({ row }) => `${table.set.name} ${row}`));
      }
      return found;
    };

    /** Nothing becomes otherwise where all is made from all rows. */
    async function assertMade(): Promise<void> {
      const kept = await dump(feed().database);
      const undone = feed().database.transaction(async (transaction) => {
        for (const derived of tables()) {
          await makeAgain(transaction, feed().catalogue, {
            derived,
            marks: { loadId: '0', fileTime: '2026-01-01T00:00:00Z' },
          });
        }
        assert.deepEqual(await dump(transaction), kept);
        throw new Undone();
      });
      await assert.rejects(undone, Undone);
    }
    class Undone extends Error {}

    const begin = (): Promise<unknown> =>
      feed().database.query(
        `TRUNCATE feed."SparkcentralMessages", ${tables()
          .map(({ table }) => table.name)
          .join(', ')}; DELETE FROM gateway.confirmation; DELETE FROM gateway.drift; DELETE FROM gateway.load`,
      );
    const first: Cells = {
      ...{
        ContactProfileId: 'p1',
        ContactPrimaryIdentifier: 'x',
        AgentId: 'a1',
        AgentName: 'x',
        TeamId: 't1',
        TeamName: 'x',
      },
      ...{
        TagIds: '7',
        TagNames: 'seven',
        CreatedAt: '2026-01-01T00:00:00Z',
        LastUpdatedAt: '2026-01-01T00:00:00Z',
        Origin: 'x',
      },
    };

    it('are looked at by those alone that are made of what changed', async () => {
      await begin();
      await load(new Map(ids.map((id) => [id, first])));
      const looked = async (more: Cells): Promise<readonly string[]> => {
        const noted = await load(new Map(ids.map((id) => [id, { ...first, ...more }])));
        await assertMade();
        return [...noted].flatMap(([set, rows]) => (rows > 0 ? [set] : [])).sort();
      };
      const of = (...names: readonly string[]): readonly string[] => names.map((name) => `Sparkcentral${name}`);
      assert.deepEqual(await looked({ Origin: 'y' }), []);
      assert.deepEqual(await looked({ Origin: 'z', Content: 'text' }), []);
      assert.deepEqual(await looked({ TeamName: 'y' }), of('Teams'));
      assert.deepEqual(await looked({ TeamName: 'y', TagIds: '7,8' }), of('MessageTags', 'Tags'));
      assert.deepEqual(
        await looked({ TeamName: 'y', TagIds: '7,8', LastUpdatedAt: '2026-01-02T00:00:00Z' }),
        of('Contacts', 'Conversations'),
      );
      assert.deepEqual(
        await looked({ ...first, LastUpdatedAt: '2026-01-03T00:00:00Z' }).then((sets) => sets.length > 3),
        true,
      );
    });

    it('are no reason to ask anything for such a set, where no other row changes', async () => {
      await begin();
      await load(new Map(ids.map((id) => [id, first])));
      await load(new Map(ids.map((id) => [id, { ...first, Origin: 'y' }])));
      const made = /"(?:\w+_)?Sparkcentral(?:Agents|Teams|Contacts|MessageTags|Tags|Conversations)"/;
      assert.deepEqual(
        asked.filter((text) => made.test(text)),
        [],
      );
      const decided = asked.filter((text) => text.startsWith('CREATE TEMP TABLE decided_rows'));
      assert.equal(decided.length, 1);
      const told =
        /\(t\."TeamId" IS NOT DISTINCT FROM s\."TeamId" AND .*\) AS _alike_\d.* FROM staged_rows s CROSS JOIN LATERAL /;
      assert.equal(told.test(decided[0] ?? ''), isDistributed, 'a worker tells it with what becomes of rows');
      const compared = asked.filter((text) => text.startsWith('CREATE TEMP TABLE "untouched_'));
      assert.equal(compared.length, 1);
      assert.equal(compared[0]?.includes('"feed"'), !isDistributed);
    });

    it('are looked at by those to which they are newer now than before', async () => {
      await begin();
      const named = (name: string, day: string): Cells => ({
        ...{ ...first, ContactPrimaryIdentifier: name, LastUpdatedAt: `2026-01-0${day}T00:00:00Z` },
      });
      await load(
        new Map([
          ['m1', named('x', '1')],
          ['m2', named('y', '2')],
        ]),
      );
      await load(new Map([['m1', named('x', '3')]]));
      const [contact] = await feed().rows('SELECT "PrimaryIdentifier" AS name FROM feed."SparkcentralContacts"');
      assert.deepEqual(contact, { name: 'x' });
      await assertMade();
    });

    it('give with all others what all rows make at once, whatever changes in which of them', async () => {
      const starts = fc.array(fc.record(cells), { minLength: 4, maxLength: 4 });
      const history = fc.array(fc.array(change, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 5 });
      await fc.assert(
        fc.asyncProperty(starts, history, async (start, loads) => {
          await begin();
          const now = new Map(start.map((row, index) => [ids[index] ?? '', row]));
          await load(now);
          for (const changes of loads) {
            const stated = new Map<string, Cells>();
            for (const [id, changed] of changes) {
              const row = { ...first, ...now.get(id), ...Object.fromEntries(changed) };
              now.set(id, row);
              stated.set(id, row);
            }
            await load(stated);
            await assertMade();
          }
        }),
        { numRuns: runs(3) },
      );
    });
  });
}
