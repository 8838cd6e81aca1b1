import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type TestGateway, testGateway } from '../support/gateway.ts';
import { runs } from '../support/runs.ts';
import { Deliveries } from './deliveries.ts';
import { type DeltaClient, followers } from './delta-client.ts';

describe('http: pages of delta replies, with real loads', () => {
  let feed: TestGateway;
  let deliveries: Deliveries;
  const load: Deliveries['load'] = (...of) => deliveries.load(...of);
  before(async () => {
    feed = await testGateway(undefined, { pageSize: 3 });
    deliveries = new Deliveries(feed);
  });
  after(async () => {
    deliveries.close();
    await feed.close();
  });

  const { follower, brought, sameAsFresh } = followers(() => feed);

  const statistic = (AgentId: number, RowDate = '2029-01-01', AssignedCount = 1) => ({
    RowDate,
    AgentId,
    AssignedCount,
  });
  const statistics = (...ids: readonly number[]) => ids.map((id) => statistic(id));

  it('removed rows come in pages too, behind the changed ones, and as many as the client asks for', async () => {
    const set = 'tracebuzz/agent-statistics';
    await load(set, statistics(1, 2, 3, 4, 5, 6, 7, 8, 9));
    const query = 'TracebuzzAgentStatistics?$filter=RowDate ge 2029-01-01 and AssignedCount lt 5&$count=true';
    const client = await follower(query);
    const link = client.deltaLink ?? '';
    // Two changed, two that left the filter, five gone, one load after the other.
    for (const last of [8, 7, 6, 5]) {
      await load(set, statistics(...[1, 2, 3, 4, 5, 6, 7, 8].slice(0, last)));
    }
    const rows = [statistic(1, undefined, 2), statistic(2, undefined, 2), statistic(3, undefined, 7)];
    await load(set, [...rows, statistic(4, undefined, 7)]);
    const pagesOf = async (size: number): Promise<readonly string[][]> => {
      const pages: string[][] = [];
      for (let next: string | undefined = link; next !== undefined; ) {
        const reply = await feed.get(next, { Prefer: `odata.maxpagesize=${size}` });
        const page = (await reply.json()) as { value: Record<string, unknown>[]; [name: string]: unknown };
        assert.equal(reply.status, 200, JSON.stringify(page));
        assert.equal(page['@odata.count'], 9, 'the count is of all pages, on each');
        const told = (row: Record<string, unknown>): string =>
          String(row['reason'] ?? row['AgentId']) + (/AgentId=(\d)/.exec(String(row['id'] ?? ''))?.[1] ?? '');
        pages.push(page.value.map(told));
        next = page['@odata.nextLink'] as string | undefined;
        assert.equal(next === undefined, page['@odata.deltaLink'] !== undefined);
      }
      return pages;
    };
    assert.deepEqual(await pagesOf(2), [
      ['1', '2'],
      ['deleted9', 'deleted8'],
      ['deleted7', 'deleted6'],
      ['deleted5', 'changed3'],
      ['changed4'],
    ]);
    const order = ['1', '2', 'deleted9', 'deleted8', 'deleted7', 'deleted6', 'deleted5', 'changed3', 'changed4'];
    assert.deepEqual(
      await pagesOf(1),
      order.map((one) => [one]),
    );
    const three = [
      ['1', '2', 'deleted9'],
      ['deleted8', 'deleted7', 'deleted6'],
      ['deleted5', 'changed3', 'changed4'],
    ];
    assert.deepEqual(await pagesOf(3), three);
    assert.deepEqual(await pagesOf(500), three, "the server's own page size bounds them as well");
    assert.deepEqual(await brought(client), [2, 7]);
    const empty = await feed.get(client.deltaLink ?? '', { Prefer: 'odata.maxpagesize=1' });
    assert.deepEqual(((await empty.json()) as { value: unknown[] }).value, []);
  });

  it('what happens between the pages of a delta comes in the next one, whatever page it concerns', async () => {
    const set = 'tracebuzz/agent-statistics';
    await load(set, statistics(1, 2, 3, 4, 5, 6));
    const client = await follower('TracebuzzAgentStatistics?$filter=RowDate ge 2029-01-01');
    client.pageSizes = () => 1;
    for (const rest of [
      [2, 3, 4, 5, 6],
      [3, 4, 5, 6],
      [4, 5, 6],
    ]) {
      await load(set, statistics(...rest));
    }
    await load(set, [statistic(5, undefined, 2), statistic(6, undefined, 2)]);
    // Between the pages: a changed row goes, told and untold; a removed one comes again, told and untold.
    const steps = [statistics(6), statistics(1, 6), statistics(1, 4)];
    await client.catchUp(async () => {
      const step = steps.shift();
      if (step !== undefined) {
        await load(set, step);
      }
    });
    assert.equal(steps.length, 0);
    assert.deepEqual(
      [client.changed, client.removed, client.pages],
      [1, 3, 4],
      '5; then 1, 2 and 3: 6 had changed again, and 4 was back',
    );
    client.pageSizes = () => null;
    assert.deepEqual(await brought(client), [2, 2], '1 and 4 again, 5 and 6 gone');
    assert.deepEqual(await brought(client), [0, 0]);
  });

  it('removed and inserted again between two deltas: changed, not removed; removed twice: told once', async () => {
    const set = 'tracebuzz/agent-statistics';
    await load(set, statistics(1, 2, 3));
    const client = await follower('TracebuzzAgentStatistics?$filter=RowDate ge 2029-01-01');
    const late = await follower('TracebuzzAgentStatistics?$filter=RowDate ge 2029-01-01&$orderby=AgentId desc');
    await load(set, statistics(1, 3));
    await load(set, statistics(1, 2, 3));
    assert.deepEqual(await brought(client), [1, 0]);
    await load(set, statistics(1, 3));
    assert.deepEqual(await brought(client), [0, 1]);
    assert.deepEqual(await brought(late), [0, 1]);
    const { rows } = await feed.database.query(
      `SELECT FROM gateway.tombstones WHERE entity_set = 'TracebuzzAgentStatistics' AND key->>'AgentId' = '2' AND key->>'RowDate' = '2029-01-01'`,
    );
    assert.equal(rows.length, 1);
  });

  it('histories of loads and removals, read in pages of any size, end with the rows of the set', async () => {
    const set = 'tracebuzz/agent-statistics';
    const days = ['2030-01-01', '2030-01-02'];
    const day = fc
      .tuple(fc.constantFrom(...days), fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), fc.nat(3))
      .map(([RowDate, ids, count]) => ids.map((id) => statistic(id, RowDate, (count + id) % 3)));
    const size = fc.option(fc.integer({ min: 1, max: 5 }));
    const history = fc.array(fc.record({ before: day, between: fc.array(day, { maxLength: 4 }) }), {
      minLength: 1,
      maxLength: 3,
    });
    const queries = ['', ' and AssignedCount eq 1', ' and AssignedCount ne 0&$orderby=AssignedCount desc'];
    const clients: DeltaClient[] = [];
    for (const more of queries) {
      clients.push(await follower(`TracebuzzAgentStatistics?$filter=RowDate ge 2030-01-01${more}`));
    }
    let removed = 0;
    let paged = 0;
    await fc.assert(
      fc.asyncProperty(history, fc.infiniteStream(size), async (steps, sizes) => {
        for (const client of clients) {
          client.pageSizes = () => sizes.next().value ?? null;
        }
        for (const { before, between } of steps) {
          await load(set, before);
          for (const client of clients) {
            const pending = [...between];
            await client.catchUp(async () => {
              const rows = pending.shift();
              if (rows !== undefined) {
                await load(set, rows);
              }
            });
            removed += client.removed;
            paged += client.pages - 1;
          }
        }
        for (const client of clients) {
          await client.catchUp();
          await sameAsFresh(client);
        }
      }),
      { numRuns: runs(6) },
    );
    // A few histories, by chance short ones, have some tens of both.
    assert.ok(removed > 10 && paged > 10, `${removed} removed, ${paged} further pages`);
  });
});
