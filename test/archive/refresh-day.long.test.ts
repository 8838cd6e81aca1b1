import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { SampleRow } from '../../src/sandbox/sample-rows.ts';
import { type JoinedGateway, joinedGateway } from '../http/cross-source/joined-gateway.ts';
import { powerQueryHeaders } from '../http/power-query.ts';
import { TokenServer } from '../support/servers/token-server.ts';
import { guardedFeed } from '../upstream/sign-in/guarded-feed.ts';
import { documented, documentedFeed, source } from '../upstreams/aspnet/round-trip.ts';
import { startStrictService } from '../upstreams/strict/strict-service.ts';

const minute = 60_000;
const hour = 60 * minute;
type Row = Readonly<Record<string, unknown>>;

/**
 * What Power BI sends for one refresh of a model with all sets (https://learn.microsoft.com/power-query/read-query-diagnostics and the captures
 * in test/http/power-query.ts): the service document and `$metadata` again for each table, columns with their commas as `%2C`, the key among
 * them, a window of RangeStart and RangeEnd, a row count, and an expand with its brackets as `%28` and `%29`.
 */
function tableRequests(set: string, day: string): readonly string[] {
  const { key, properties } = documented.model.entitySets.get(set)?.entityType ?? assert.fail(set);
  const columns = [...properties.keys()].slice(0, 8);
  const select = [...new Set([...columns, ...key])].join('%2C');
  const time = [...properties.values()].find(
    (one) => /utc$/i.test(one.name) && one.type === 'Edm.DateTimeOffset',
  )?.name;
  const range = (from: string, to: string): string =>
    `${set}?$filter=${time}%20ge%20${from}%20and%20${time}%20lt%20${to}&$select=${select}`;
  return [
    '',
    '$metadata',
    `${set}?$select=${select}`,
    `${set}?%24top=1000`,
    `${set}/$count`,
    ...(time === undefined ? [] : [range(`${day}T00%3A00%3A00Z`, `${day}T12%3A00%3A00Z`)]),
  ];
}

const { name: navigation } =
  [...(documented.model.entitySets.get('BuzzeasyCalls')?.entityType.navigationProperties.values() ?? [])].find(
    ({ collection, target }) => !collection && target.startsWith(source.prefix),
  ) ?? assert.fail();
/** As Power BI writes it: a bracket is never plain. */
const expand = `${navigation}%28%24select%3Did%29`;

describe('a day of scheduled refresh of a feed that is proxied and archived', function () {
  this.timeout(1_800_000);
  let gateway: JoinedGateway;
  let requests = 0;

  /** Follows all pages; time passes with each. */
  async function read(query: string): Promise<readonly Row[]> {
    const rows: Row[] = [];
    for (let next: string | undefined = query; next !== undefined; ) {
      const reply = await fetch(new URL(next, gateway.root), { headers: powerQueryHeaders });
      const text = await reply.text();
      requests += 1;
      assert.equal(reply.status, 200, `${next}: ${text}`);
      gateway.clock.at += 10_000;
      if (!text.startsWith('{')) {
        return rows;
      }
      const page = JSON.parse(text) as { value: Row[]; '@odata.nextLink'?: string };
      rows.push(...page.value);
      next = page['@odata.nextLink'];
    }
    return rows;
  }

  it('no request fails, whenever its token ends; and no row comes twice or is missing', async () => {
    const { samples } = documentedFeed(40, { navigations: false });
    const service = await startStrictService(documented, samples, { prefix: source.prefix, navigations: false });
    service.feed.pageSize = 15;
    const server = await TokenServer.start();
    server.clients.set('gateway', { id: 'gateway', secret: 'of the client', certificate: null });
    server.lifetime = (7 * hour) / 1000;
    const feed = await guardedFeed(service.url, (header) => server.accepts(header));
    const folder = await mkdtemp(path.join(os.tmpdir(), 'day-'));
    await writeFile(path.join(folder, 'secret'), 'of the client');
    gateway = await joinedGateway({
      settings: { pageSize: 10 },
      archived: true,
      environment: {
        ...{ BUZZEASY_URL: feed.url, BUZZEASY_SIGN_IN: 'client-credentials', BUZZEASY_CLIENT_ID: 'gateway' },
        ...{ BUZZEASY_ISSUER: server.issuer('v2'), BUZZEASY_SCOPE: 'https://feed.example/.default' },
        BUZZEASY_CLIENT_SECRET_FILE: path.join(folder, 'secret'),
      },
    });
    try {
      const { clock } = gateway;
      const calls = service.feed.sets['Calls'] as SampleRow[];
      const begin = Math.ceil(clock.at / (24 * hour)) * 24 * hour;
      clock.at = begin;
      server.now = () => clock.at;
      let added = 0;
      for (let refresh = 0; refresh < 8; refresh++) {
        const day = new Date(begin).toISOString().slice(0, 10);
        for (const name of samples.keys()) {
          for (const request of tableRequests(name, day)) {
            await read(request);
          }
          // A call ends while others are read.
          if (added < refresh * 12 + 12) {
            const startedAtUTC = new Date(clock.at - 5 * minute).toISOString();
            calls.push({ ...(calls[0] ?? {}), id: `added-${added++}`, startedAtUTC, startedAt: startedAtUTC });
          }
        }
        const expanded = await read(`BuzzeasyCalls?$expand=${expand}&$select=id%2CstartedAtUTC%2C${navigation}`);
        const ids = expanded.map(({ id }) => String(id));
        assert.deepEqual([...new Set(ids)].sort(), calls.map(({ id }) => String(id)).sort());
        assert.equal(ids.length, calls.length, 'no row twice');
        if (refresh === 1) {
          // Somebody takes its rights back and gives them again: one 401, and a new token.
          server.revokeTokens();
        }
        clock.at = begin + (refresh + 1) * 3 * hour - 40 * minute;
        const copies = await gateway.archives?.run({ signal: new AbortController().signal });
        assert.deepEqual(
          copies?.filter(({ state }) => state !== 'copied'),
          [],
        );
        clock.at = begin + (refresh + 1) * 3 * hour;
      }
      assert.ok(server.tokenCalls.length >= 5, `${server.tokenCalls.length} tokens`);
      assert.equal(
        new Set(feed.seen.filter((one) => one !== undefined)).size,
        server.tokenCalls.length,
        'each was used',
      );
      assert.ok(requests > 2000, `${requests} requests`);
      assert.deepEqual([gateway.broken, gateway.defects], [[], []]);
      assert.deepEqual(
        gateway.log.filter(({ status }) => status >= 400),
        [],
      );
      const sets = [...(gateway.archives?.catalogue().sets.values() ?? [])];
      assert.equal(sets.filter((set) => set.kind === 'stored' && set.role === 'copy').length, 26);
    } finally {
      await gateway.close();
      await feed.close();
      await server.close();
      await service.close();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
