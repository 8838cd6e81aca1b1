import assert from 'node:assert/strict';
import { NestedFeed } from './nested-feed.ts';
import { feeds, page } from './told-feed.ts';

const calls = [1, 2, 3, 4, 5].map((id) => ({ id, agentId: 'a', seconds: 10 * (6 - id) }));

describe('rows of an $expand of a proxied feed', () => {
  const { connect } = feeds();

  for (const pageSize of [1, 2, 3, 100]) {
    it(`are no more than $top says where the feed passes over it, ${pageSize} at once`, async () => {
      const feed = new NestedFeed({ ignores: ['$top'], pageSize }, ['a', 'b'], calls);
      const upstream = await connect(feed.answer, { maxConcurrentRequests: 1 });
      for (const top of [0, 1, 2, 3, 5, 6]) {
        const { rows } = await page(upstream, `FarAgents?$select=id&$expand=Calls($select=id;$top=${top})`);
        const expected = calls.slice(0, top).map(({ id }) => ({ id }));
        assert.deepEqual(rows, [
          { id: 'a', Calls: expected },
          { id: 'b', Calls: [] },
        ]);
      }
    });
  }

  it('are asked for page by page until there are as many as $top says, and no further', async () => {
    const feed = new NestedFeed({ ignores: ['$top'], pageSize: 1 }, ['a'], calls);
    const upstream = await connect(feed.answer);
    await page(upstream, 'FarAgents?$select=id&$expand=Calls($select=id;$top=3)');
    assert.equal(upstream.requests.filter((request) => request.startsWith('Calls?page')).length, 2);
  });

  it('keep the count of all beside the rows that $top leaves', async () => {
    const feed = new NestedFeed({ ignores: ['$top'], pageSize: 2 }, ['a'], calls);
    const upstream = await connect(feed.answer);
    const { rows } = await page(upstream, 'FarAgents?$select=id&$expand=Calls($select=id;$count=true;$top=1)');
    assert.deepEqual(rows, [{ id: 'a', 'Calls@odata.count': 5, Calls: [{ id: 1 }] }]);
  });

  it('of references are no more than $top says, either', async () => {
    const feed = new NestedFeed({ ignores: ['$top'] }, ['a'], calls);
    const upstream = await connect(feed.answer);
    const { rows } = await page(upstream, 'FarAgents?$select=id&$expand=Calls/$ref($top=2)');
    assert.deepEqual(JSON.stringify(rows).match(/FarCalls\(\d\)/g), ['FarCalls(1)', 'FarCalls(2)']);
  });
});
