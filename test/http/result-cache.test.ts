import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ResultCache } from '../../src/source/stored/result-cache.ts';
import { startTestServer, type TestServer } from './test-server.ts';

describe('http: counts that are known', () => {
  let feed: TestServer;
  beforeEach(async () => {
    feed = await startTestServer({ rows: rows(1, 5) });
  });
  afterEach(() => feed.close());

  const insert = (from: number, count: number): Promise<unknown> => feed.client.query(rows(from, count));
  const raise = (): Promise<unknown> =>
    feed.client.query("UPDATE gateway.set_versions SET version = version + 1 WHERE entity_set = 'Cases'");
  const count = async (path = 'Cases/$count'): Promise<string> => (await feed.get(path)).text();
  const inPage = async (path: string): Promise<unknown> => {
    const page = (await (await feed.get(path)).json()) as { '@odata.count': number };
    return page['@odata.count'];
  };

  it('are not made again for the same data, and are after every new version of it', async () => {
    assert.deepEqual([await count(), await count()], ['5', '5']);
    // Rows without a new version, which no load writes: only a count that is remembered does not see them.
    await insert(6, 2);
    assert.equal(await count(), '5');
    await raise();
    assert.deepEqual([await count(), await count()], ['7', '7']);
  });

  it('serve $count=true of every page too, and no other statement', async () => {
    assert.equal(await inPage('Cases?$count=true&$top=2'), 5);
    await insert(6, 2);
    assert.equal(await inPage('Cases?$count=true&$top=2&$skip=2'), 5);
    assert.equal(await inPage('Cases?$count=true&$filter=Id ge 1'), 7);
    await raise();
    assert.equal(await inPage('Cases?$count=true&$top=2'), 7);
  });

  it('are none where the count depends on the clock, or a set has no version', async () => {
    const past = 'Cases/$count?$filter=CreatedAt lt now() or Id gt 0';
    assert.equal(await count(past), '5');
    await insert(6, 1);
    assert.equal(await count(past), '6');
    await feed.client.query("DELETE FROM gateway.set_versions WHERE entity_set = 'Cases'");
    assert.equal(await count(), '6');
    await insert(7, 1);
    assert.equal(await count(), '7');
  });

  it('bound a time range, and let in the rows of the next load wherever they stand', async () => {
    const ids = async (options = ''): Promise<unknown[]> => {
      const path = `Cases?$select=Id&$filter=CreatedAt ge 2025-01-02T00:00:00Z and CreatedAt lt 2025-02-01T00:00:00Z${options}`;
      const found: unknown[] = [];
      for (let next: string | undefined = path; next !== undefined; ) {
        const headers = { Prefer: 'odata.maxpagesize=2' };
        const page = (await (await feed.get(next, headers)).json()) as {
          value: { Id: number }[];
          '@odata.nextLink'?: string;
        };
        found.push(...page.value.map(({ Id }) => Id));
        next = page['@odata.nextLink'];
      }
      return found;
    };
    const at = (id: number, day: string): Promise<unknown> =>
      feed.client.query(`UPDATE feed."Cases" SET "CreatedAt" = '2025-01-${day}T12:00:00Z' WHERE "Id" = ${id}`);
    assert.deepEqual(await ids(), []);
    for (const [id, day] of [
      [1, '01'],
      [2, '02'],
      [3, '03'],
      [4, '31'],
    ] as const) {
      await at(id, day);
    }
    // No load changes rows without a new version: only bounds that are remembered hide these.
    assert.deepEqual(await ids(), []);
    await raise();
    assert.deepEqual(
      [await ids(), await ids('&$skip=1'), await ids('&$top=2')],
      [
        [2, 3, 4],
        [3, 4],
        [2, 3],
      ],
    );
    await feed.client.query(`INSERT INTO feed."Cases" ("Id", "CreatedAt") VALUES (50, '2025-01-05T00:00:00Z')`);
    await at(1, '30');
    await raise();
    assert.deepEqual(await ids(), [1, 2, 3, 4, 50]);
  });

  it('are those of PostgreSQL, whatever is loaded between them', async () => {
    let next = 100;
    const paths = ['Cases/$count', 'Cases/$count?$filter=Id gt 3', 'Cases/$count?$filter=Agent/Name eq null'];
    const step = fc.oneof(
      fc.nat(4).map((added) => ({ added })),
      fc.constantFrom(...paths).map((path) => ({ path })),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 12 }), async (steps) => {
        for (const taken of steps) {
          if ('path' in taken) {
            const where = taken.path.includes('Id gt 3') ? 'WHERE "Id" > 3' : '';
            const { rows: found } = await feed.client.query<{ n: string }>(
              `SELECT count(*) AS n FROM feed."Cases" ${where}`,
            );
            assert.equal(await count(taken.path), found[0]?.n);
          } else {
            await feed.client.query('BEGIN');
            await insert(next, taken.added);
            await raise();
            await feed.client.query('COMMIT');
            next += taken.added;
          }
        }
      }),
      { numRuns: 25 },
    );
  });
});

function rows(from: number, count: number): string {
  return `INSERT INTO feed."Cases" ("Id") SELECT generate_series(${from}, ${from + count - 1})`;
}

describe('ResultCache', () => {
  it('forgets a count after five minutes, whatever the versions say', () => {
    let now = 1;
    const counts = new ResultCache(() => now);
    counts.keep('SELECT 1', { versions: 'v', answer: '1' });
    now += 300_000;
    assert.equal(counts.recall('SELECT 1')?.versions, 'v');
    now += 1;
    assert.equal(counts.recall('SELECT 1'), null);
  });

  it('forgets the counts that nobody asked for longest', () => {
    const counts = new ResultCache();
    for (let n = 0; n < 10_000; n++) {
      counts.keep(`SELECT ${n}`, { versions: 'v', answer: String(n) });
    }
    assert.equal(counts.recall('SELECT 0')?.answer, '0');
    counts.keep('SELECT 2', { versions: 'w', answer: '2' });
    counts.keep('SELECT x', { versions: 'v', answer: '0' });
    assert.deepEqual([counts.recall('SELECT 1'), counts.recall('SELECT 0')?.answer], [null, '0']);
    assert.deepEqual([counts.recall('SELECT 2')?.versions, counts.recall('SELECT 3')?.answer], ['w', '3']);
  });
});
