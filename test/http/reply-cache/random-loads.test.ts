import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { ReplyCache } from '../../../src/http/reply-cache/reply-cache.ts';
import { type TestGateway, testGateway } from '../../support/gateway.ts';
import { runs } from '../../support/runs.ts';
import { Deliveries } from '../deliveries.ts';
import { type CacheServer, inflated, startCacheServer } from './cache-server.ts';

interface Request {
  readonly kind: 'request';
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
}

interface Load {
  readonly kind: 'load';
  readonly set: string;
  readonly statement: string;
}

const id = fc.integer({ min: 1, max: 4000 });

const load: fc.Arbitrary<Load> = fc
  .record({ what: fc.constantFrom('change', 'add', 'remove', 'agent', 'message'), id })
  .map(({ what, id: at }): Omit<Load, 'kind'> => {
    switch (what) {
      case 'change':
        return {
          set: 'Cases',
          statement: `UPDATE feed."Cases" SET "Priority" = "Priority" + 1 WHERE "Id" % 50 = ${at % 50}`,
        };
      case 'add':
        return {
          set: 'Cases',
          statement: `INSERT INTO feed."Cases" ("Id", "Title") SELECT max("Id") + 1, 'new' FROM feed."Cases"`,
        };
      case 'remove':
        return { set: 'Cases', statement: `DELETE FROM feed."Cases" WHERE "Id" = ${at}` };
      case 'agent':
        return { set: 'Agents', statement: `UPDATE feed."Agents" SET "Name" = 'Name ${at}' WHERE "Id" = ${at % 5}` };
      default:
        return {
          set: 'Messages',
          statement: `INSERT INTO feed."Messages" ("CaseId", "Number") VALUES (${at}, 1) ON CONFLICT DO NOTHING`,
        };
    }
  })
  .map((what) => ({ kind: 'load', ...what }));

const request: fc.Arbitrary<Request> = fc
  .record({
    query: fc.constantFrom(
      'Cases?$select=Id,Title,Priority',
      'Cases?$count=true&$orderby=Priority,Id desc',
      'Cases?$select=Id,Title&$expand=Agent($select=Name)',
      'Cases?$filter=Agent/Name ne null and not Messages/any()',
      'Agents?$expand=Cases($select=Id,Title)',
    ),
    // Names of this machine: an open feed answers no others. The host is in the links of a reply.
    headers: fc.constantFrom(
      { 'Accept-Encoding': 'gzip', Host: 'feed.localhost' },
      { 'Accept-Encoding': 'gzip', Host: 'other.localhost:8443' },
      { 'Accept-Encoding': 'deflate', Host: 'feed.localhost', Prefer: 'omit-values=nulls' },
      { 'Accept-Encoding': 'gzip', Host: 'feed.localhost', Prefer: 'odata.maxpagesize=3500' },
    ),
  })
  .map((what) => ({ kind: 'request', ...what }));

describe('http: shared replies among random loads', () => {
  let server: CacheServer;
  before(async () => {
    // Room for few, so that replies come and go.
    server = await startCacheServer({}, { totalBytes: 2_000_000 });
  });
  after(() => server.close());

  it('every reply is what a feed that keeps nothing would give at this moment', async () => {
    let hits = 0;
    let stale = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof({ arbitrary: load, weight: 1 }, { arbitrary: request, weight: 7 }), {
          minLength: 24,
          maxLength: 40,
        }),
        async (steps) => {
          for (const step of steps) {
            if (step.kind === 'load') {
              await server.load(step.set, step.statement);
              continue;
            }
            const reply = await server.wire(step.query, step.headers);
            if (server.fromCache()) {
              hits += 1;
            } else {
              stale += 1;
            }
            const plain = await server.wire(step.query, { ...step.headers, 'Accept-Encoding': 'identity' });
            assert.equal(server.fromCache(), false);
            assert.deepEqual([reply.status, plain.status], [200, 200], JSON.stringify(step));
            assert.ok(inflated(reply) === plain.body.toString(), JSON.stringify(step));
            assert.equal(reply.headers['preference-applied'], plain.headers['preference-applied']);
            assert.ok(server.cache.bytes <= 2_000_000);
          }
        },
      ),
      { numRuns: runs(6) },
    );
    assert.ok(hits > 3 && stale > 10, `${hits} kept replies and ${stale} others were compared`);
  });

  it('while loads go on, every reply is of one moment, and not of one before its request', async () => {
    const query = 'Cases?$select=Id,Title,Priority';
    let committed = 1_000_000;
    let running = true;
    const loads = (async () => {
      while (running) {
        await server.load('Cases', `UPDATE feed."Cases" SET "Priority" = ${committed + 1}`);
        committed += 1;
        await server.wire(query);
      }
    })();
    const from = server.feed.log.length;
    const client = async (): Promise<void> => {
      // On a busy machine loads may be slower than requests: there are enough of both.
      for (let times = 0; times < 25 || committed < 1_000_004; times++) {
        const before = committed;
        const text = inflated(await server.wire(query));
        const seen = new Set([...text.matchAll(/"Priority":(\d+)/g)].map(([, value]) => Number(value)));
        if (before === 1_000_000) {
          continue;
        }
        assert.equal(seen.size, 1, [...seen].join());
        for (const value of seen) {
          assert.ok(value >= before && value <= committed + 1, `${value}, not ${before} or later`);
        }
      }
    };
    await Promise.all([client(), client(), client()]).finally(() => {
      running = false;
    });
    await loads;
    assert.ok(
      server.feed.log.slice(from).some(({ fromCache }) => fromCache),
      'some replies were kept ones',
    );
  });
});

describe('http: shared replies and real loads', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-kept-'));
  const cache = new ReplyCache({
    folder,
    totalBytes: 64 * 1024 * 1024,
    observe: (one) => assert.fail(JSON.stringify(one)),
  });
  let feed: TestGateway;
  let deliveries: Deliveries;
  before(async () => {
    feed = await testGateway(undefined, { replies: cache });
    deliveries = new Deliveries(feed);
  });
  after(async () => {
    deliveries.close();
    await feed.close();
    await cache.close();
    rmSync(folder, { recursive: true });
  });

  it('a file that is loaded is in the next reply; one that changes nothing leaves the kept one', async () => {
    const statistics = (...counts: readonly number[]) =>
      Array.from({ length: 3000 }, (_, at) => ({
        RowDate: '2029-01-01',
        AgentId: at + 1,
        AssignedCount: counts[at % counts.length] ?? 0,
      }));
    const query = 'TracebuzzAgentStatistics?$orderby=AgentId&$select=AgentId,RowDate,AssignedCount,LoadedAt';
    const read = async (): Promise<{ readonly counts: readonly number[]; readonly timing: string }> => {
      const reply = await feed.get(query, { 'Accept-Encoding': 'gzip' });
      const { value } = (await reply.json()) as { value: readonly { AssignedCount: number }[] };
      for (; !cache.settled; ) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      return {
        counts: value.slice(0, 3).map(({ AssignedCount }) => AssignedCount),
        timing: reply.headers.get('server-timing') ?? '',
      };
    };
    await deliveries.load('tracebuzz/agent-statistics', statistics(1, 2, 3));
    assert.deepEqual((await read()).counts, [1, 2, 3]);
    assert.match((await read()).timing, /cache;dur/);
    await deliveries.load('tracebuzz/agent-statistics', statistics(1, 2, 3));
    const unchanged = await read();
    assert.deepEqual(unchanged.counts, [1, 2, 3]);
    assert.match(unchanged.timing, /cache;dur/);
    await deliveries.load('tracebuzz/agent-statistics', statistics(4, 2, 6));
    assert.deepEqual((await read()).counts, [4, 2, 6]);
    assert.deepEqual((await read()).counts, [4, 2, 6]);
  });
});
