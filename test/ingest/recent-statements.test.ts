import { deepEqual, equal, ok } from 'node:assert/strict';
import fc from 'fast-check';
import { makeAgain } from '../../src/ingest/derive/maintain-derived.ts';
import { loadFile } from '../../src/ingest/load/load-file.ts';
import type { Database, Transaction } from '../../src/warehouse/database.ts';
import { exportFile, useFeed } from './support/feed.ts';
import { dimensionOf, expectedThings, madeAtOnce, sorted, storedThings } from './support/made-at-once.ts';

/** More than the newest rows that are looked at before all rows of a thing are. */
const rows = 12_000;
const messages = 'feed."SparkcentralMessages"';
const dimensions = ['Contacts', 'Agents', 'Teams'].map((name) => `Sparkcentral${name}`);

type Cells = Readonly<Record<string, string>>;

/** A message of somebody, `minute` minutes after the first of those that are stored, which follow each other by a minute. */
const message = (id: string, contact: string, name: string, minute: number): Cells => {
  const at = new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString();
  return {
    ...{ MessageId: id, ContactProfileId: contact, ContactPrimaryIdentifier: name, LastUpdatedAt: at, CreatedAt: at },
    ...{ AgentId: `of ${contact}`, AgentName: name, TeamId: `with ${contact}`, TeamName: name },
  };
};

describe('Things of a dimension that thousands of rows name', () => {
  const feed = useFeed();
  let serial = 0;

  /** Three contacts write in turn; two others wrote once, one of them before and one amid all. */
  async function fill(): Promise<void> {
    const { database, catalogue } = feed();
    const sets = dimensions.map((name) => dimensionOf(catalogue, name));
    const written = `SELECT n, CASE n WHEN 1 THEN 'early' WHEN ${rows / 2} THEN 'once' ELSE 'p' || n % 3 END AS contact, timestamptz '2026-01-01T00:00:00Z' + n * interval '1 minute' AS at FROM generate_series(1, ${rows}) AS n`;
    await database.query(
      `INSERT INTO ${messages} ("MessageId", "ContactProfileId", "ContactPrimaryIdentifier", "AgentId", "AgentName", "TeamId", "TeamName", "CreatedAt", "LastUpdatedAt", _stamp)
       SELECT 's' || n, contact, 'x', 'of ' || contact, 'x', 'with ' || contact, 'x', at, at, '2026-01-01T00:00:00Z' FROM (${written}) w`,
    );
    await database.query(`VACUUM (ANALYZE) ${messages}`);
    await database.transaction(async (transaction) => {
      for (const derived of sets) {
        await makeAgain(transaction, catalogue, { derived, marks: { loadId: '0', fileTime: '2026-01-01T00:00:00Z' } });
      }
    });
  }

  const readBy = async (transaction: Transaction): Promise<number> => {
    const { rows: found } = await transaction.query<{ n: number }>(
      `SELECT (seq_tup_read + coalesce(idx_tup_fetch, 0))::int AS n FROM pg_stat_xact_user_tables WHERE relid = '${messages}'::regclass`,
    );
    return found[0]?.n ?? 0;
  };

  /** Loads messages; resolves to how many rows of their table were read. */
  async function load(given: readonly Cells[]): Promise<number> {
    const { database, catalogue, write } = feed();
    let read = 0;
    const watched: Database = {
      query: (text, values) => database.query(text, values),
      transaction: (work) =>
        database.transaction(async (transaction) => {
          // What was read in former transactions of the connection may be told with it.
          const before = await readBy(transaction);
          const result = await work(transaction);
          read += (await readBy(transaction)) - before;
          return result;
        }),
      snapshot: (work) => database.snapshot(work),
      read: (work, options) => database.read(work, options),
      readWith: (brought, work, options) => database.readWith(brought, work, options),
      exclusively: (name, work) => database.exclusively(name, work),
      occupancy: () => database.occupancy(),
      close: () => database.close(),
    };
    serial += 1;
    // The same rows may come twice, and the same bytes would not be read again.
    const [header = '', ...lines] = exportFile('sparkcentral/messages', given).trimEnd().split('\n');
    const text = [`${header},N${serial}`, ...lines.map((line) => `${line},`)].join('\n');
    const file = write(`messages-${serial}.csv`, text, serial);
    const result = await loadFile({ catalogue, database: watched }, file, {
      ...{ source: 'sparkcentral', export: 'messages', force: true },
    });
    deepEqual([result.state, result.state === 'loaded' && result.counts.rejected], ['loaded', 0]);
    return read;
  }

  const names = async (): Promise<readonly string[]> =>
    (
      await feed().rows<{ v: string }>(
        `SELECT concat_ws(' ', "ContactProfileId", "PrimaryIdentifier", _version) AS v FROM feed."SparkcentralContacts" ORDER BY 1`,
      )
    ).map(({ v }) => v);

  const nameOf = async (contact: string): Promise<string | undefined> =>
    (await names()).find((one) => one.startsWith(`${contact} `))?.split(' ')[1];

  before(fill);

  it('become what a newer row says without a look at the older ones', async () => {
    const stored = await names();
    const read = await load([0, 1, 2].map((one) => message(`new${one}`, `p${one}`, 'y', rows + 1 + one)));
    const now = await names();
    deepEqual(
      now.map((one) => one.split(' ')[1]),
      ['x', 'x', 'y', 'y', 'y'],
    );
    deepEqual(now.slice(0, 2), stored.slice(0, 2), 'others keep their version');
    ok(read < rows / 10, `${read} rows were read`);
  });

  it('stay what they are, quietly, where an older row says otherwise', async () => {
    const stored = await names();
    await load([...[0, 1, 2].map((one) => message(`old${one}`, `p${one}`, 'z', -one)), message('old', 'once', 'z', 0)]);
    deepEqual(await names(), stored);
  });

  it('become what a row says that nothing of the newest rows tells of', async () => {
    await load([message('later', 'early', 'y', 2)]);
    equal(await nameOf('early'), 'y');
  });

  it('become what an old row says where the newest rows of theirs say nothing of it', async () => {
    await load([message('q1', 'q', 'y', 1), message('q2', 'q', 'x', 3), message('q3', 'q', '', rows + 1)]);
    equal(await nameOf('q'), 'x');
    await load([message('q2', 'p0', 'x', rows + 2)]);
    equal(await nameOf('q'), 'y');
  });

  it('are after any loads of newer, older and changed rows what all rows make at once', async () => {
    const all = dimensions.map((name) => dimensionOf(feed().catalogue, name));
    const minutes = [-1, 1, 1, rows / 2, rows - 1, rows, rows, rows + 1, rows + 1, rows + 2];
    const row = fc
      .tuple(
        fc.constantFrom('a', 'b', 'c', 's1', `s${rows / 2}`, `s${rows - 1}`, `s${rows}`),
        fc.constantFrom('p0', 'p1', 'early', 'once', 'new'),
        fc.constantFrom('x', 'y', 'z', ''),
        fc.constantFrom(...minutes),
      )
      .map((cells) => message(...cells));
    const deliveries = fc.array(fc.uniqueArray(row, { selector: ({ MessageId }) => MessageId, maxLength: 4 }), {
      minLength: 1,
      maxLength: 2,
    });
    await fc.assert(
      fc.asyncProperty(deliveries, async (loads) => {
        // What earlier runs loaded is there still: whatever it is, the rows make the same at once.
        for (const one of loads) {
          const before = await Promise.all(all.map((dimension) => storedThings(feed(), dimension)));
          await load(one);
          for (const [index, dimension] of all.entries()) {
            const expected = expectedThings(dimension, before[index] ?? new Map(), await madeAtOnce(feed(), dimension));
            deepEqual(sorted(await storedThings(feed(), dimension)), sorted(expected), dimension.table.set.name);
          }
        }
      }),
      { numRuns: 4, endOnFailure: true, examples: [[[[], []]]] },
    );
  });
});
