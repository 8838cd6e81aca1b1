import assert from 'node:assert/strict';
import { maskedText } from '../../../src/edm/mask.ts';
import { bindGrants, type SetRule } from '../../../src/plan/bind/grants.ts';
import { everything, type Grants } from '../../../src/plan/grants.ts';
import { type JoinedGateway, joinedGateway, judge } from '../cross-source/joined-gateway.ts';

type Row = Readonly<Record<string, unknown>>;

describe('http: rights over rows of a proxied feed', () => {
  let gateway: JoinedGateway;
  let current: Grants = everything;
  let agents: readonly Row[];
  let allowed: ReadonlySet<unknown>;

  before(async () => {
    gateway = await joinedGateway({ settings: { pageSize: 50 }, grantsOf: () => current });
    agents = await all('BuzzeasyAgents');
    const ids = agents.map(({ ID }) => String(ID));
    await judge(
      gateway.database,
      Array.from(
        { length: 40 },
        (_, n) => [n + 1, null, n % 9 === 0 ? null : `${ids[n % ids.length]}`, n % 4] as const,
      ),
    );
    const names = agents.flatMap(({ name }) => (typeof name === 'string' ? [name] : [])).toSorted();
    const name = names[Math.floor(names.length / 2)] ?? '';
    const rules = new Map([
      ['BuzzeasyAgents', { rows: `name ge '${name}'` }],
      ['TracebuzzJudgements', {}],
    ]);
    current = bindGrants(rules, gateway.proxied.catalogue());
    allowed = new Set(
      agents.filter((agent) => typeof agent['name'] === 'string' && agent['name'] >= name).map(({ ID }) => ID),
    );
    assert.ok(allowed.size > 0 && allowed.size < agents.length);
  });
  after(() => gateway?.close());

  async function all(query: string): Promise<readonly Row[]> {
    const found: Row[] = [];
    for (let next: unknown = query; next !== undefined; ) {
      const reply = await gateway.get(String(next));
      const page = (await reply.json()) as { readonly value: readonly Row[] };
      assert.equal(reply.status, 200, `${String(next)}: ${JSON.stringify(page)}`);
      found.push(...page.value);
      next = (page as unknown as Row)['@odata.nextLink'];
    }
    return found;
  }

  const isAllowed = ({ ID }: Row): boolean => allowed.has(ID);

  it('a collection, its count, and what other sets are there', async () => {
    assert.deepEqual(await all('BuzzeasyAgents'), agents.filter(isAllowed));
    assert.equal(await (await gateway.get('BuzzeasyAgents/$count')).text(), String(allowed.size));
    const { value } = await gateway.json('');
    assert.deepEqual(
      value.map(({ name }) => name),
      ['BuzzeasyAgents', 'TracebuzzJudgements'].filter((name) => value.some((one) => one['name'] === name)),
    );
    assert.equal((await gateway.get('BuzzeasyCalls')).status, 404);
    assert.equal((await gateway.get('$all/$count')).status, 200);
    assert.equal(await (await gateway.get('$all/$count')).text(), String(allowed.size + 40));
  });

  it('an entity and a property by key', async () => {
    for (const agent of agents) {
      const path = `BuzzeasyAgents('${String(agent['ID'])}')`;
      const found = await gateway.get(path);
      assert.equal(found.status, isAllowed(agent) ? 200 : 404, path);
      const { '@odata.context': _, ...row } = (await found.json()) as Row;
      assert.deepEqual(isAllowed(agent) ? row : null, isAllowed(agent) ? agent : null);
      const name = await gateway.get(`${path}/name/$value`);
      assert.equal(name.status, isAllowed(agent) ? 200 : 404, path);
      assert.ok(isAllowed(agent) || !(await name.text()).includes(String(agent['name'])));
    }
  });

  it('what leads to them from a stored set', async () => {
    const judged = await all('TracebuzzJudgements?$expand=Agent');
    assert.equal(judged.length, 40);
    for (const { AgentId, Agent } of judged) {
      assert.deepEqual(Agent, agents.find((agent) => agent['ID'] === AgentId && isAllowed(agent)) ?? null);
    }
    const ids = (rows: readonly Row[]): unknown[] => rows.map((row) => row['JudgementId']);
    const there = ids(judged.filter(({ Agent }) => Agent !== null));
    assert.deepEqual(ids(await all('TracebuzzJudgements?$filter=Agent ne null')), there);
    assert.deepEqual(ids(await all('TracebuzzJudgements?$filter=Agent/name ne null')), there);
    const others = ids(judged.filter(({ Agent }) => Agent === null));
    assert.deepEqual(ids(await all('TracebuzzJudgements?$filter=Agent/name eq null')), others);
    for (const [id, status] of [
      [there[0], 200],
      [others[0], 204],
    ]) {
      assert.equal((await gateway.get(`TracebuzzJudgements(${id})/Agent`)).status, status);
    }
  });

  it('what they lead to', async () => {
    const found = await all(
      'BuzzeasyAgents?$expand=Judgements($select=JudgementId)&$filter=Judgements/any(j:j/JudgementId lt 8)',
    );
    assert.ok(found.length > 0 && found.every(isAllowed));
  });

  it('pages go on with the same rights alone', async () => {
    const few = { Prefer: 'odata.maxpagesize=3' };
    const before = current;
    const whole = (agentRules: readonly SetRule[]): Grants => {
      const rules = new Map<string, readonly SetRule[]>([
        ['BuzzeasyAgents', agentRules],
        ['TracebuzzJudgements', [{}]],
      ]);
      return bindGrants(rules, gateway.proxied.catalogue());
    };
    let followed = 0;
    const others = [[{ rows: `ID ne '${String(agents[0]?.['ID'])}'` }], [{ masked: ['name'] }]] as const;
    try {
      for (const url of ['BuzzeasyAgents?$orderby=name', 'TracebuzzJudgements?$expand=Agent', '$all']) {
        current = whole([{}]);
        const first = (await (await gateway.get(url, few)).json()) as Row;
        const next = first['@odata.nextLink'];
        if (typeof next !== 'string') {
          // A feed has pages as it likes.
          assert.match(url, /^Buzzeasy/);
          continue;
        }
        followed += 1;
        assert.equal((await gateway.get(next, few)).status, 200, url);
        for (const agentRules of others) {
          current = whole(agentRules);
          const reply = await gateway.get(next, few);
          assert.deepEqual([reply.status, /InvalidSkipToken/.test(await reply.text())], [400, true], url);
        }
      }
      assert.ok(followed > 1);
    } finally {
      current = before;
    }
  });

  describe('whose names are masked', () => {
    let before: Grants;
    const masked = (name: unknown): unknown => (typeof name === 'string' ? maskedText(name, 'employee') : name);
    const seen = (): readonly Row[] => agents.map((agent) => ({ ...agent, name: masked(agent['name']) }));
    const rules = (agentRules: readonly SetRule[]): Grants => {
      const all = new Map([
        ['BuzzeasyAgents', agentRules],
        ['TracebuzzJudgements', [{}]],
      ]);
      return bindGrants(all, gateway.proxied.catalogue());
    };
    beforeEach(() => {
      before = current;
      current = rules([{ masked: ['name'] }]);
    });
    afterEach(() => {
      current = before;
    });

    it('a collection, an entity, a value, and what leads to them', async () => {
      assert.deepEqual(await all('BuzzeasyAgents'), seen());
      const [agent] = seen();
      const path = `BuzzeasyAgents('${String(agent?.['ID'])}')`;
      assert.deepEqual(
        { ...((await gateway.json(path)) as unknown as Row), '@odata.context': 0 },
        { ...agent, '@odata.context': 0 },
      );
      assert.equal(await (await gateway.get(`${path}/name/$value`)).text(), agent?.['name']);
      for (const { AgentId, Agent } of await all('TracebuzzJudgements?$expand=Agent')) {
        assert.deepEqual(Agent, seen().find(({ ID }) => ID === AgentId) ?? null);
      }
      assert.equal(await (await gateway.get('$all/$count')).text(), String(agents.length + 40));
      const every = (await all('$all')) as readonly Row[];
      assert.deepEqual(
        every.flatMap((row) => ('ID' in row ? [row['name']] : [])).toSorted(),
        seen()
          .map(({ name }) => name)
          .toSorted(),
      );
    });

    it('a filter, an order, groups and a search are about what is seen', async () => {
      const whole = String(agents[0]?.['name']);
      const mask = String(masked(whole));
      const ids = (rows: readonly Row[]): unknown[] => rows.map(({ ID }) => ID).toSorted();
      assert.deepEqual(await all(`BuzzeasyAgents?$filter=name eq '${whole}'`), []);
      assert.equal(await (await gateway.get(`BuzzeasyAgents/$count?$filter=name eq '${whole}'`)).text(), '0');
      assert.deepEqual(
        ids(await all(`BuzzeasyAgents?$filter=name eq '${mask}'`)),
        ids(seen().filter(({ name }) => name === mask)),
      );
      const ordered = await all('BuzzeasyAgents?$orderby=name desc&$select=name');
      const values = seen().map(({ name }) => String(name ?? ''));
      const inOrder = values.toSorted().toReversed();
      assert.deepEqual(
        ordered.map(({ name }) => String(name ?? '')),
        inOrder,
      );
      const groups = await all('BuzzeasyAgents?$apply=groupby((name),aggregate($count as N))');
      assert.deepEqual(groups.map(({ name }) => String(name ?? '')).toSorted(), [...new Set(inOrder)].toSorted());
      const judged = await all(`TracebuzzJudgements?$filter=Agent/name eq '${whole}'`);
      assert.deepEqual(judged, []);
      assert.equal((await all(`TracebuzzJudgements?$filter=Agent/name eq '${mask}'`)).length > 0, true);
    });

    it('of one role they are there, of another one not', async () => {
      const [first] = agents;
      current = rules([{ masked: ['name'] }, { rows: `ID eq '${String(first?.['ID'])}'` }]);
      const found = await all('BuzzeasyAgents');
      const expected = seen().map((row) => (row['ID'] === first?.['ID'] ? first : row));
      assert.deepEqual(found, expected);
    });
  });
});
