import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { unobserved } from '../../../src/observation/observe.ts';
import { type Sandbox, startSandbox } from '../../../src/sandbox/sandbox.ts';
import { joinedKeys } from '../../../src/source/federated/joined-keys.ts';
import { KnownRows } from '../../../src/source/federated/known-rows.ts';
import { sourcesOf } from '../../../src/source/federated/sources.ts';
import { catalogueOf } from '../../support/catalogue-of.ts';
import { metadataFolder } from '../../support/gateway.ts';
import { type JoinedGateway, joinedGateway, judge } from './joined-gateway.ts';

type Row = Record<string, unknown>;

/** Rows on a page of the feed. */
const pageLength = 25;

describe('what a filter between sources asks for', () => {
  let sandbox: Sandbox;
  let front: Server;
  let gateway: JoinedGateway;
  let agents: readonly string[];
  const asked: string[] = [];
  /** The rest of a reply, by the token of its next page. */
  const further = new Map<string, readonly unknown[]>();
  /** Requests that are still answered; the others are cut in the middle of the body. */
  let left = Number.POSITIVE_INFINITY;

  before(async () => {
    sandbox = await startSandbox(catalogueOf(metadataFolder), 'buzzeasy', { rows: 60, seed: 1 });
    front = createServer(async (request, response) => {
      const url = request.url ?? '';
      const token = /\$skiptoken=(\w+)/.exec(decodeURIComponent(url))?.[1];
      const reply = await fetch(new URL(`.${url.replace(/&?(%24|\$)skiptoken=\w+/, '')}`, sandbox.url));
      const body = url.includes('$metadata') ? await reply.text() : paged(await reply.text(), url, token);
      if (!url.includes('$metadata')) {
        asked.push(decodeURIComponent(url).replace(/^\/(\w+\/)*(?=\w+\?)/, ''));
        left -= 1;
      }
      response.writeHead(reply.status, { 'Content-Type': reply.headers.get('content-type') ?? '' });
      if (left >= 0) {
        return response.end(body);
      }
      // Later than the head, so that the gateway sees where the body ends.
      return response.write(body.slice(0, Math.floor(body.length / 2)), () => setTimeout(() => response.destroy(), 50));
    });
    front.listen(0, '127.0.0.1');
    await once(front, 'listening');
    const { port } = front.address() as AddressInfo;
    gateway = await joinedGateway({ environment: { BUZZEASY_URL: `http://127.0.0.1:${port}/` } });
    agents = (await gateway.json('BuzzeasyAgents?$select=ID&$top=20')).value.map((row) => String(row['ID']));
    const rows = agents.map((agent, at) => [at + 1, null, agent, at] as const);
    await judge(gateway.database, [...rows, [100, null, null, 0]]);
  });
  /** The sandbox gives all rows at once; a feed of the field does not. */
  function paged(text: string, url: string, token: string | undefined): string {
    const page = JSON.parse(text) as { value?: readonly unknown[] };
    if (page.value === undefined) {
      return text;
    }
    const rows = token === undefined ? page.value : (further.get(token) ?? []);
    const next = `p${further.size}`;
    if (rows.length > pageLength) {
      further.set(next, rows.slice(pageLength));
    }
    const link = `.${url.replace(/&?(%24|\$)skiptoken=\w+/, '')}&$skiptoken=${next}`;
    const more = rows.length > pageLength ? { '@odata.nextLink': link } : {};
    return JSON.stringify({ ...page, value: rows.slice(0, pageLength), ...more });
  }

  beforeEach(() => {
    asked.length = 0;
    left = Number.POSITIVE_INFINITY;
    // Nothing is known of the feed any more: agents are copied for a day.
    gateway.clock.at += 4 * 86_400_000;
  });
  after(async () => {
    await gateway?.close();
    front?.close();
    front?.closeAllConnections();
    await sandbox?.close();
  });

  const base = 'TracebuzzJudgements?$select=JudgementId&$filter=';
  const named = "'Sanne de Vries 1'";

  for (const [filter, requests] of [
    [`Agent/name eq ${named}`, [`Agents?$select=ID&$filter=name eq ${named}&$top=10001`]],
    // What holds without an agent is asked the other way round: few rows, and those without one stay.
    [`Agent/name ne ${named}`, [`Agents?$select=ID&$filter=name eq ${named}&$top=10001`]],
    // All that is said of one agent is one request.
    [
      `Agent/name eq ${named} and Score gt 1 and not (Agent/customID eq null)`,
      [`Agents?$select=ID&$filter=name eq ${named} and customID ne null&$top=10001`],
    ],
    [
      `Agent/name eq ${named} or Call/holdCount gt 499 or Score gt 18`,
      [`Agents?$select=ID&$filter=name eq ${named}&$top=10001`, 'Calls?$select=id&$filter=holdCount gt 499&$top=10001'],
    ],
    [
      `not (contains(Agent/name,'Vries 1') or Score gt 1)`,
      [`Agents?$select=ID&$filter=not (contains(name,'Vries 1'))&$top=10001`],
    ],
    ['Score gt 1', []],
  ] as const) {
    it(`${filter}: ${requests.length === 0 ? 'nothing' : requests.join(', then ')}`, async () => {
      const reply = await gateway.get(base + encodeURIComponent(filter));
      if (reply.status !== 200) {
        assert.match(await reply.text(), /LimitExceeded/);
      }
      const first = asked.filter((one) => !one.includes('$skiptoken'));
      assert.deepEqual(first, requests);
    });
  }

  it('a proxied set of which no row can be is not asked', async () => {
    const none = 'Judgements/any(j:j/Score gt 999)';
    assert.deepEqual((await gateway.json(`BuzzeasyAgents?$filter=${none}&$count=true`)).value, []);
    assert.equal(await (await gateway.get(`BuzzeasyAgents/$count?$filter=${none} and name ne 'x'`)).text(), '0');
    assert.deepEqual((await gateway.json(`BuzzeasyAgents?$filter=${none}&$expand=Judgements`)).value, []);
    assert.deepEqual(asked, []);
    assert.equal(await (await gateway.get(`BuzzeasyAgents/$count?$filter=not ${none}`)).text(), '60');
  });

  it('F3 now() of the first page is what all pages of a proxied set ask for', async () => {
    const found: unknown[] = [];
    for (let next: unknown = 'BuzzeasyCalls?$select=id&$filter=startedAtUTC lt now()'; next !== undefined; ) {
      const reply = await gateway.get(String(next));
      assert.equal(reply.status, 200, `${String(next)}: ${await reply.clone().text()}`);
      const page = (await reply.json()) as { value: Row[] } & Row;
      found.push(...page.value.map((row) => row['id']));
      next = page['@odata.nextLink'];
    }
    assert.ok(found.length > 2 * pageLength && new Set(found).size === found.length, String(found.length));
    assert.equal(asked.length, 3);
    assert.equal(new Set(asked.map((url) => /lt (\S+Z)/.exec(url)?.[1])).size, 1, asked.join('\n'));
  });

  it('keys of all pages count', async () => {
    const present = (await gateway.json('BuzzeasyAgents?$select=ID&$filter=deletedAt ne null')).value;
    assert.ok(present.length > pageLength - 1, `${present.length}`);
    asked.length = 0;
    const { value } = await gateway.json(`${base}Agent/ID ne null`);
    assert.deepEqual(
      value.map((row: Row) => row['JudgementId']),
      agents.map((_, at) => at + 1),
    );
    assert.equal(asked.length, 3, asked.join('\n'));
  });

  it('more keys than may be fetched are an error that says what to narrow', async () => {
    const { catalogue, upstreams } = gateway.proxied;
    const set = catalogue().model.entitySets.get('BuzzeasyAgents') ?? assert.fail();
    const id = set.entityType.properties.get('ID') ?? assert.fail();
    const format = { root: gateway.root, namespace: 'Gateway', ieee754Compatible: false, omitNulls: false } as const;
    const { signal } = new AbortController();
    const options = { ...format, metadata: 'minimal', skipToken: null, signal } as const;
    const sources = sourcesOf(catalogue(), upstreams);
    const store = { database: gateway.database, timeout: 1000 };
    const place = {
      sources,
      store,
      recency: 'any' as const,
      options,
      signal,
      observe: unobserved,
      format: options,
      known: new KnownRows(),
    };
    const condition = { kind: 'Constant', type: 'Edm.Boolean', value: 'true' } as const;
    const variable = { name: '$it', set };
    const wanted = { set, properties: [id], condition, variable };
    const keysOf = (most: number, repeated: boolean) => joinedKeys({ ...wanted, repeated, most }, place);
    for (const repeated of [true, false]) {
      const keys = await keysOf(60, repeated);
      assert.equal(new Set(keys.map(String)).size, 60);
      await assert.rejects(keysOf(59, repeated), /BuzzeasyAgents.*more than 59 .*; narrow it/);
    }
  });

  it('a feed that breaks off while the keys are read is an error, never fewer rows', async () => {
    left = 1;
    const reply = await gateway.get(`${base}Agent/ID ne null`);
    assert.equal(reply.status, 503, await reply.text());
  });

  describe('C13 what a proxied read says of itself', () => {
    const logged = async (query: string): Promise<number | null | undefined> => {
      const reply = await gateway.get(query);
      assert.equal(reply.status, 200, await reply.text());
      return gateway.log.at(-1)?.rows;
    };

    it('the rows of a page, an entity and a completed page are counted in the log', async () => {
      assert.equal(await logged('BuzzeasyAgents?$select=ID'), pageLength);
      assert.equal(await logged('BuzzeasyAgents?$select=ID&$expand=Judgements($select=Score)'), pageLength);
      assert.equal(await logged(`BuzzeasyAgents?$select=ID&$filter=ID eq '${agents[0]}'`), 1);
      assert.equal(await logged(`BuzzeasyAgents?$filter=ID eq 'nobody'`), 0);
      assert.equal(await logged(`BuzzeasyAgents('${agents[0]}')`), 1);
    });

    it('HEAD reads no row: a feed that breaks off in the middle of them does not matter', async () => {
      for (const query of ['BuzzeasyAgents', 'BuzzeasyAgents?$expand=Judgements']) {
        left = 0;
        const reply = await fetch(`${gateway.root}${query}`, { method: 'HEAD' });
        assert.equal(reply.status, 200, query);
        assert.equal(gateway.log.at(-1)?.error, null);
        left = Number.POSITIVE_INFINITY;
      }
      assert.equal((await fetch(`${gateway.root}BuzzeasyNobodies`, { method: 'HEAD' })).status, 404);
      assert.deepEqual([gateway.broken, gateway.defects], [[], []]);
    });
  });
});
