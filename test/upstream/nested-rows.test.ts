import assert from 'node:assert/strict';
import { IdleClock } from '../support/idle-clock.ts';
import { NestedFeed } from './nested-feed.ts';
import { planOf, readOptions } from './tenant.ts';
import { catalogue, fails, feeds, json, page, read } from './told-feed.ts';

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

describe('an $expand to one row', () => {
  const { connect } = feeds();
  /** `members`: of each row, as the feed answers an `$expand`. */
  const expanding = (members: readonly Readonly<Record<string, unknown>>[], refuses = /nothing/) =>
    connect(
      (_request, response, url) => {
        const isRefused = refuses.test(decodeURIComponent(url.search));
        json(
          response,
          isRefused ? '{"error":{"message":"no"}}' : JSON.stringify({ value: members }),
          isRefused ? 400 : 200,
        );
      },
      {},
      '/service/',
      { connection: { readsOptions: false } },
    );
  const request = 'FarCalls?$select=id&$expand=Agent($select=name)';
  const trial = 'Calls?$select=id,agentId&$filter=Agent/id ne null&$top=50&$expand=Agent($select=id,name)';
  const told = fails('NotImplemented', /does not show that it does what \$expand of FarCalls\?\$expand=Agent says/);

  it('is tried with rows that lead to one, since what is left out is null, and is not asked for where no row has any', async () => {
    const upstream = await expanding([{ id: 1, agentId: 'a' }]);
    await assert.rejects(read(upstream, request), told);
    await assert.rejects(read(upstream, request), told);
    assert.deepEqual(upstream.requests, [trial]);
  });

  it('is tried once where some row has one, and each time where none leads to any', async () => {
    for (const [members, trials] of [
      [[{ id: 1, agentId: 'a', Agent: { id: 'a', name: 'x' } }, { id: 2 }], 1],
      [[{ id: 1 }, { id: 2, agentId: null }], 2],
    ] as const) {
      const upstream = await expanding(members);
      const { rows } = await page(upstream, request);
      assert.deepEqual(rows[1], { id: 2, Agent: null });
      await page(upstream, request);
      assert.equal(upstream.requests.filter((one) => one === trial).length, trials);
    }
  });

  it('is tried with any rows where those that lead to one cannot be asked for', async () => {
    const upstream = await expanding([{ id: 1, agentId: 'a', Agent: { id: 'a', name: 'x' } }], /ne null/);
    assert.deepEqual((await page(upstream, request)).rows, [{ id: 1, Agent: { name: 'x' } }]);
    const never = await expanding([{ id: 1 }], /expand/);
    await assert.rejects(read(never, request), told);
  });
});

describe('options inside of $expand that a feed passes over', () => {
  const { connect } = feeds();
  const asked = {
    $filter: 'FarAgents?$select=id&$expand=Calls($select=id;$filter=seconds gt 20)',
    $orderby: 'FarAgents?$select=id&$expand=Calls($select=id;$orderby=seconds;$top=2)',
    $skip: 'FarAgents?$select=id&$expand=Calls($select=id;$skip=1)',
  } as const;
  const ids = {
    $filter: [1, 2, 3],
    $orderby: [5, 4],
    $skip: [2, 3, 4, 5],
  };
  const options = ['$filter', '$orderby', '$skip'] as const;
  const trials = ({ requests }: { readonly requests: readonly string[] }): number =>
    requests.filter((request) => request.includes('Calls/any()')).length;

  for (const option of options) {
    it(`${option}: is told before a row is given, and not asked for again`, async () => {
      const feed = new NestedFeed({ ignores: [option] }, ['b', 'a'], calls);
      const upstream = await connect(feed.answer);
      const told = fails(
        'NotImplemented',
        new RegExp(`does not show that it does what \\${option} of FarAgents\\?\\$expand=Calls says`),
      );
      await assert.rejects(read(upstream, asked[option]), told);
      const before = upstream.requests.length;
      await assert.rejects(read(upstream, asked[option]), told);
      assert.equal(upstream.requests.length, before);
      for (const other of options.filter((one) => one !== option)) {
        const { rows } = await page(upstream, asked[other]);
        assert.deepEqual(rows[1], { id: 'a', Calls: ids[other].map((id) => ({ id })) }, other);
      }
    });

    it(`${option}: a feed that does it is tried once a day`, async () => {
      const feed = new NestedFeed({}, ['b', 'a'], calls);
      const time = new IdleClock();
      const upstream = await connect(feed.answer, {}, '/service/', { connection: { time } });
      for (const hours of [0, 1, 24]) {
        time.at += hours * 3_600_000;
        const { rows } = await page(upstream, asked[option]);
        assert.deepEqual(rows[1], { id: 'a', Calls: ids[option].map((id) => ({ id })) });
        const once = option === '$orderby' ? 3 : 2;
        assert.equal(trials(upstream), hours === 24 ? 2 * once : once);
      }
    });

    it(`${option}: a feed that refuses to show it is not trusted with it`, async () => {
      const feed = new NestedFeed({ refuses: [option] }, ['b', 'a'], calls);
      const upstream = await connect(feed.answer);
      await assert.rejects(read(upstream, asked[option]), fails('NotImplemented', /does not show that it does what/));
    });
  }

  it('$orderby: rows that come meanwhile, on either end, do not turn what a feed of the newest first gives', async () => {
    for (const agentId of ['a', 'new']) {
      const feed = new NestedFeed({ ignores: ['$orderby'] }, ['b', 'a'], calls);
      const growing: typeof feed.answer = (request, response, url) => {
        const id = 100 + feed.calls.length;
        feed.calls = [{ id, agentId: `${agentId}${agentId === 'new' ? id : ''}`, seconds: 1 }, ...feed.calls];
        feed.calls = [{ id: -id, agentId: `new${id}`, seconds: 1 }, ...feed.calls];
        feed.agents = [`new${id}`, ...feed.agents];
        feed.answer(request, response, url);
      };
      const upstream = await connect(growing);
      await assert.rejects(read(upstream, asked.$orderby), fails('NotImplemented', /does not show that it does what/));
    }
  });

  it('where no row leads to another there is nothing to be wrong about, and it is tried again', async () => {
    const feed = new NestedFeed({ ignores: ['$filter'] }, [], []);
    const upstream = await connect(feed.answer);
    assert.deepEqual((await page(upstream, asked.$filter)).rows, []);
    await page(upstream, asked.$filter);
    assert.equal(trials(upstream), 2);
  });

  it('an order is asked for where no row leads to two others, and not where that is not known of all', async () => {
    const alone = (count: number): NestedFeed => {
      const agents = Array.from({ length: count }, (_, at) => `a${at}`);
      return new NestedFeed(
        {},
        agents,
        agents.map((agentId, id) => ({ id, agentId, seconds: id })),
      );
    };
    const some = await connect(alone(3).answer);
    assert.equal((await page(some, asked.$orderby)).rows.length, 3);
    const many = await connect(alone(60).answer);
    await assert.rejects(read(many, asked.$orderby), fails('NotImplemented', /does not show that it does what/));
  });

  it('at every level, of an entity and of rows that are joined by key', async () => {
    const feed = new NestedFeed({ ignores: ['$filter'] }, ['a'], calls);
    const upstream = await connect(feed.answer);
    for (const request of [
      "FarAgents('a')?$expand=Calls($filter=seconds gt 20)",
      'FarCalls?$expand=Agent($expand=Calls($filter=seconds gt 20))',
    ]) {
      await assert.rejects(
        read(upstream, request),
        fails('NotImplemented', /does not show that it does what/),
        request,
      );
    }
    const plan = planOf(asked.$filter, catalogue);
    assert.equal(plan.kind, 'Collection');
    if (plan.kind === 'Collection') {
      const { set, selection } = { set: plan.selection.set, selection: plan.selection };
      const properties = [...set.entityType.properties.values()].filter(({ name }) => name === 'id');
      const { restriction } = plan;
      const rows = upstream.fetchByKeys({ set, properties, keys: [['a']], selection, restriction }, readOptions());
      await assert.rejects(
        async () => {
          for await (const row of rows) {
            assert.fail(row);
          }
        },
        fails('NotImplemented', /does not show that it does what/),
      );
    }
  });
});
