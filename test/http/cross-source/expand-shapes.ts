import assert from 'node:assert/strict';
import { type JoinedGateway, joinedGateway, judge, type StartedFeed } from './joined-gateway.ts';

type Row = Record<string, unknown>;

/** Tests of a `describe`: navigation between stored and proxied sets, whatever the proxied feed is. */
export function expandShapes(start: () => Promise<StartedFeed>): void {
  let feed: StartedFeed | null = null;
  let gateway: JoinedGateway;
  let agents: readonly Row[];
  let calls: readonly Row[];
  const rows: [number, string | null, string | null, number][] = [];

  before(async () => {
    feed = await start();
    gateway = await joinedGateway({ environment: feed.environment });
    agents = (await gateway.json('BuzzeasyAgents?$orderby=ID')).value;
    calls = (await gateway.json('BuzzeasyCalls')).value;
    const id = (from: readonly Row[], at: number, key: string) => String(from[at % from.length]?.[key]);
    for (let n = 1; n <= 1300; n++) {
      rows.push([
        n,
        n % 11 === 0 ? null : n % 13 === 0 ? 'nowhere' : id(calls, n * 7, 'id'),
        n % 5 === 0 ? null : id(agents, n, 'ID'),
        n % 9,
      ]);
    }
    await judge(gateway.database, rows);
    await gateway.database.query(
      `UPDATE feed."TracebuzzJudgements"
       SET "At" = timestamptz '2026-01-01Z' + ("JudgementId" * 7919 % 1000) * interval '1 minute'`,
    );
  });
  after(async () => {
    await gateway?.close();
    await feed?.close();
  });

  const agentOf = (id: string | null): Row | null => agents.find((one) => one['ID'] === id) ?? null;
  const callOf = (id: string | null): Row | null => calls.find((one) => one['id'] === id) ?? null;

  it('a stored set expands to one of a proxied set, over all pages, each row once', async () => {
    const found: Row[] = [];
    let pages = 0;
    for (
      let next: unknown = 'TracebuzzJudgements?$select=JudgementId&$expand=Agent($select=ID,name)';
      next !== undefined;
    ) {
      const reply = await gateway.get(String(next), { Prefer: 'odata.maxpagesize=700' });
      assert.equal(reply.status, 200, await reply.clone().text());
      const page = (await reply.json()) as { value: Row[] };
      found.push(...page.value);
      next = (page as Row)['@odata.nextLink'];
      pages += 1;
    }
    assert.equal(pages, 2);
    const expected = rows.map(([JudgementId, , agent]) => {
      const one = agentOf(agent);
      return { JudgementId, Agent: one === null ? null : { ID: one['ID'], name: one['name'] } };
    });
    assert.deepEqual(found, expected);
  });

  it('two navigations at once, filtered, ordered, skipped and counted by the stored side', async () => {
    const reply = await gateway.json(
      'TracebuzzJudgements?$filter=Score eq 4&$orderby=JudgementId desc&$top=600&$skip=3&$count=true&$select=Score&$expand=Call($select=id),Agent($select=ID)',
    );
    const matching = rows.filter((row) => row[3] === 4).sort((a, b) => b[0] - a[0]);
    assert.equal(reply['@odata.count'], matching.length);
    assert.deepEqual(
      reply.value,
      matching.slice(3, 603).map(([, call, agent]) => ({
        Score: 4,
        Call: callOf(call) === null ? null : { id: call },
        Agent: agent === null ? null : { ID: agent },
      })),
    );
    assert.match(String(reply['@odata.context']), /#TracebuzzJudgements\(Score,Call\(id\),Agent\(ID\)\)$/);
  });

  const orders: readonly (readonly [string, (a: (typeof rows)[number], b: (typeof rows)[number]) => number])[] = [
    ['Score desc', (a, b) => b[3] - a[3] || a[0] - b[0]],
    ['Score,JudgementId desc', (a, b) => a[3] - b[3] || b[0] - a[0]],
    ['JudgementId desc', (a, b) => b[0] - a[0]],
    ['CallId', (a, b) => (a[1] ?? '').localeCompare(b[1] ?? '', 'en') || a[0] - b[0]],
  ];
  for (const [order, compare] of orders) {
    for (const select of ['JudgementId', 'JudgementId,Score,CallId']) {
      it(`all rows in the order of ${order}, ${select} selected: more than are joined at once, over pages`, async () => {
        const found: unknown[] = [];
        let next: unknown = `TracebuzzJudgements?$orderby=${order}&$select=${select}&$expand=Agent($select=ID)`;
        while (next !== undefined) {
          const reply = await gateway.get(String(next), { Prefer: 'odata.maxpagesize=1100' });
          const page = (await reply.json()) as { value: Row[] };
          for (const row of page.value) {
            const [id, , agent] = rows[Number(row['JudgementId']) - 1] ?? assert.fail();
            assert.deepEqual(row['Agent'], agent === null ? null : { ID: agent });
            found.push(id);
          }
          next = (page as Row)['@odata.nextLink'];
        }
        assert.deepEqual(
          found,
          [...rows].sort(compare).map(([id]) => id),
        );
      });
    }
  }

  it('a range of time, in whatever order it comes: every row once', async () => {
    const range = 'At ge 2026-01-01T00:00:00Z and At lt 2026-01-01T15:00:00Z';
    const found: number[] = [];
    for (
      let next: unknown = `TracebuzzJudgements?$filter=${range}&$select=JudgementId&$expand=Agent/$ref`;
      next !== undefined;
    ) {
      const reply = await gateway.get(String(next), { Prefer: 'odata.maxpagesize=800' });
      const page = (await reply.json()) as { value: Row[] };
      found.push(...page.value.map((row) => Number(row['JudgementId'])));
      next = (page as Row)['@odata.nextLink'];
    }
    const expected = rows.map(([id]) => id).filter((id) => (id * 7919) % 1000 < 900);
    assert.ok(expected.length > 1100);
    assert.deepEqual(
      found.sort((a, b) => a - b),
      expected,
    );
  });

  it('a proxied set expands to many of a stored set, with options inside for each parent', async () => {
    const reply = await gateway.json(
      'BuzzeasyAgents?$orderby=ID&$select=name&$top=5&$expand=Judgements($select=JudgementId;$filter=Score gt 2;$orderby=Score desc,JudgementId;$top=4;$skip=1;$count=true)',
    );
    assert.equal(reply.value.length, 5);
    for (const [index, agent] of reply.value.entries()) {
      const id = agents[index]?.['ID'];
      const all = rows.filter((row) => row[2] === id && row[3] > 2).sort((a, b) => b[3] - a[3] || a[0] - b[0]);
      assert.deepEqual(agent, {
        name: agents[index]?.['name'],
        'Judgements@odata.count': all.length,
        Judgements: all.slice(1, 5).map(([JudgementId]) => ({ JudgementId })),
      });
    }
  });

  it('stored, proxied, stored, proxied: every level joined', async () => {
    const [first] = (
      await gateway.json(
        'TracebuzzJudgements?$filter=JudgementId eq 1&$expand=Call($select=durationInSeconds;$expand=Judgements($select=JudgementId;$orderby=JudgementId;$expand=Agent($select=ID)),Channel($select=id))&$select=JudgementId',
      )
    ).value;
    const call = callOf(rows[0]?.[1] ?? '');
    const same = rows.filter((row) => row[1] === call?.['id']);
    assert.deepEqual(first, {
      JudgementId: 1,
      Call: {
        durationInSeconds: call?.['durationInSeconds'],
        Channel: { id: call?.['channelId'] },
        Judgements: same.map(([JudgementId, , agent]) => ({
          JudgementId,
          Agent: agent === null ? null : { ID: agent },
        })),
      },
    });
  });

  it('a join below an expand of the same source', async () => {
    const inside = 'Calls($select=isOutbound;$expand=Judgements($select=JudgementId;$count=true))';
    const filter = `id eq '${calls[0]?.['channelId']}'`;
    const [channel] = (await gateway.json(`BuzzeasyChannels?$filter=${filter}&$select=id&$expand=${inside}`)).value;
    const own = calls.filter((one) => one['channelId'] === channel?.['id']);
    assert.deepEqual(
      channel?.['Calls'],
      own.map((one) => {
        const judged = rows.filter((row) => row[1] === one['id']).map(([JudgementId]) => ({ JudgementId }));
        return { isOutbound: one['isOutbound'], 'Judgements@odata.count': judged.length, Judgements: judged };
      }),
    );
  });

  it('/$ref and /$count, references and counts only', async () => {
    const [row] = (
      await gateway.json('BuzzeasyAgents?$orderby=ID&$top=1&$select=name&$expand=Judgements/$count($filter=Score eq 1)')
    ).value;
    const id = agents[0]?.['ID'];
    assert.equal(row?.['Judgements@odata.count'], rows.filter((one) => one[2] === id && one[3] === 1).length);
    const [judgement] = (await gateway.json('TracebuzzJudgements?$top=1&$select=Score&$expand=Agent/$ref')).value;
    assert.deepEqual(judgement, {
      Score: rows[0]?.[3],
      Agent: { '@odata.id': `${gateway.root}BuzzeasyAgents('${rows[0]?.[2]}')` },
    });
  });

  it('one entity with what it leads to, from either side', async () => {
    const judgement = await gateway.json('TracebuzzJudgements(1)?$select=JudgementId&$expand=Agent($select=name)');
    assert.deepEqual(judgement['Agent'], { name: agentOf(rows[0]?.[2] ?? '')?.['name'] });
    assert.match(String(judgement['@odata.context']), /#TracebuzzJudgements\(JudgementId,Agent\(name\)\)\/\$entity$/);
    const agent = await gateway.json(
      `BuzzeasyAgents('${agents[0]?.['ID']}')?$select=ID&$expand=Judgements($select=JudgementId)`,
    );
    assert.deepEqual(
      agent['Judgements'],
      rows.filter((row) => row[2] === agents[0]?.['ID']).map(([JudgementId]) => ({ JudgementId })),
    );
    await gateway.json('TracebuzzJudgements(999999)?$expand=Agent', 404);
  });

  it('paths lead from one source to the other', async () => {
    const id = rows[0]?.[2];
    const agent = await gateway.json('TracebuzzJudgements(1)/Agent');
    assert.deepEqual({ ...agent, '@odata.context': undefined }, { ...agentOf(id ?? ''), '@odata.context': undefined });
    assert.equal(
      await (await gateway.get('TracebuzzJudgements(1)/Agent/name/$value')).text(),
      agentOf(id ?? '')?.['name'],
    );
    assert.equal((await gateway.get('TracebuzzJudgements(5)/Agent')).status, 204);
    assert.equal((await gateway.get('TracebuzzJudgements(13)/Call')).status, 204);
    await gateway.json('TracebuzzJudgements(999999)/Agent', 404);
    const mine = rows.filter((row) => row[2] === id);
    const page = await gateway.json(
      `BuzzeasyAgents('${id}')/Judgements?$count=true&$filter=Score lt 5&$orderby=Score desc,JudgementId&$select=JudgementId&$top=3`,
    );
    const low = mine.filter((row) => row[3] < 5).sort((a, b) => b[3] - a[3] || a[0] - b[0]);
    assert.equal(page['@odata.count'], low.length);
    assert.deepEqual(
      page.value,
      low.slice(0, 3).map(([JudgementId]) => ({ JudgementId })),
    );
    assert.equal(await (await gateway.get(`BuzzeasyAgents('${id}')/Judgements/$count`)).text(), String(mine.length));
    await gateway.json("BuzzeasyAgents('nobody')/Judgements", 404);
    const back = await gateway.json(`BuzzeasyAgents('${id}')/Judgements(${mine[0]?.[0]})/Call?$select=id`);
    assert.equal(back['id'], mine[0]?.[1]);
    const both = await gateway.json(
      `BuzzeasyAgents('${id}')/Judgements?$select=JudgementId&$top=2&$expand=Call($select=id)`,
    );
    assert.deepEqual(
      both.value,
      mine
        .slice(0, 2)
        .map(([JudgementId, call]) => ({ JudgementId, Call: callOf(call) === null ? null : { id: call } })),
    );
  });

  it('code lists of proxied sets are navigation to stored rows', async () => {
    const page = await gateway.json('BuzzeasyCalls?$select=channelType&$top=5&$expand=ChannelTypeLookup($select=Name)');
    assert.equal(page.value.length, 5);
    for (const row of page.value) {
      assert.deepEqual(row['ChannelTypeLookup'], row['channelType'] === null ? null : { Name: row['channelType'] });
    }
  });

  it('full metadata, nulls left out, strings for long numbers', async () => {
    const reply = await gateway.get(
      'TracebuzzJudgements?$select=JudgementId&$filter=JudgementId in (1,5)&$expand=Agent($select=name)',
      { Accept: 'application/json;odata.metadata=full;IEEE754Compatible=true', Prefer: 'omit-values=nulls' },
    );
    const { value } = (await reply.json()) as { value: Row[] };
    assert.equal(value[0]?.['JudgementId'], '1');
    const agent = value[0]?.['Agent'] as Row;
    assert.equal(agent['@odata.id'], `${gateway.root}BuzzeasyAgents('${rows[0]?.[2]}')`);
    assert.ok(!('ID' in agent) && !('AgentId' in (value[0] ?? {})));
    assert.ok(!Object.keys({ ...agent, ...value[0] }).some((name) => /^(ID|AgentId)@/.test(name)));
    assert.ok(!('Agent' in (value[1] ?? {})));
  });

  it('links of a joined navigation property stand immediately before it', async () => {
    const reply = await gateway.get('TracebuzzJudgements?$filter=JudgementId eq 1&$expand=Agent($select=name)', {
      Accept: 'application/json;odata.metadata=full',
    });
    const { value } = (await reply.json()) as { value: Row[] };
    const [row = {}] = value;
    const id = `${gateway.root}TracebuzzJudgements(1)`;
    assert.deepEqual(Object.keys(row).slice(-3), [
      'Agent@odata.associationLink',
      'Agent@odata.navigationLink',
      'Agent',
    ]);
    assert.equal(row['Agent@odata.navigationLink'], `${id}/Agent`);
    const linked = await gateway.json('TracebuzzJudgements(1)/Agent?$select=name');
    assert.equal((linked as unknown as Row)['name'], (row['Agent'] as Row)['name']);
  });

  describe('what no source can do alone is worked out here', () => {
    const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
    const nameOf = (agent: string | null): string => String(agentOf(agent)?.['name'] ?? '');

    it('an order by rows of another source', async () => {
      const { value } = await gateway.json(
        'TracebuzzJudgements?$orderby=Agent/name,JudgementId desc&$select=JudgementId',
      );
      const ordered = [...rows].sort((a, b) => byText(nameOf(a[2]), nameOf(b[2])) || b[0] - a[0]);
      assert.deepEqual(
        value,
        ordered.map(([JudgementId]) => ({ JudgementId })),
      );
    });

    it('groups by rows of another source', async () => {
      const { value } = await gateway.json(
        'TracebuzzJudgements?$apply=groupby((Agent/name),aggregate($count as N))&$filter=Agent/name ne null',
      );
      const counts = new Map<string, number>();
      for (const [, , agent] of rows) {
        counts.set(nameOf(agent), (counts.get(nameOf(agent)) ?? 0) + 1);
      }
      counts.delete('');
      const found = value.map((row): [string, unknown] => [String((row['Agent'] as Row)['name']), row['N']]);
      assert.deepEqual(new Map(found), counts);
    });

    it('a count of rows of another source, and an $expand beside $apply', async () => {
      const { value } = await gateway.json('BuzzeasyAgents?$filter=Judgements/$count gt 40&$select=ID&$orderby=ID');
      const many = agents.filter(({ ID }) => rows.filter(([, , agent]) => agent === ID).length > 40);
      assert.deepEqual(
        value,
        many.map(({ ID }) => ({ ID })),
      );
      const expanded = await gateway.json(
        'TracebuzzJudgements?$apply=filter(Score gt 7)&$expand=Agent($select=ID)&$select=JudgementId',
      );
      assert.deepEqual(
        expanded.value,
        rows
          .filter(([, , , score]) => score > 7)
          .map(([JudgementId, , agent]) => ({ JudgementId, Agent: agent === null ? null : { ID: agent } })),
      );
    });

    it('conditions inside of an $expand on the row outside', async () => {
      const [first] = agents;
      const { value } = await gateway.json(
        `BuzzeasyAgents?$expand=Judgements($filter=$it/ID eq '${String(first?.['ID'])}' and Score eq 8;$select=JudgementId)&$select=ID&$orderby=ID`,
      );
      const own = rows.filter(([, , agent, score]) => agent === first?.['ID'] && score === 8);
      const expected = agents.map(({ ID }) => ({
        ID,
        Judgements: ID === first?.['ID'] ? own.map(([JudgementId]) => ({ JudgementId })) : [],
      }));
      assert.deepEqual(value, expected);
    });
  });
}
