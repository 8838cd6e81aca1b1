import assert from 'node:assert/strict';
import type { SampleRow } from '../../src/sandbox/sample-rows.ts';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { rules } from '../sql/filter-rules.ts';
import { agentRows, caseRows } from '../sql/sample-rows.ts';
import { model } from '../sql/small-model.ts';
import { tenantCatalogue, tenantSource } from '../upstream/tenant.ts';
import { feedOf } from './aspnet/feed-file.ts';
import { lackOfService, startFeeds } from './aspnet/service.ts';
import { startStrictService } from './strict/strict-service.ts';
import { type ThreeWays, threeWays, ways } from './three-ways.ts';

const documented = tenantCatalogue(tenantSource({}), model);
const properties = (set: string) => [...(model.entitySets.get(set)?.entityType.properties.keys() ?? [])];
/** Of all properties, as feeds give them. */
const whole = (set: string, rows: readonly object[]): readonly SampleRow[] =>
  rows.map((row) => ({ ...Object.fromEntries(properties(set).map((name) => [name, null])), ...row }) as SampleRow);
const rows = new Map([
  [
    'Agents',
    whole(
      'Agents',
      agentRows.filter(({ hidden }) => hidden !== true).map(({ hidden, ...row }) => row),
    ),
  ],
  [
    'Cases',
    whole(
      'Cases',
      caseRows.map(({ Messages, ...row }) => row),
    ),
  ],
  [
    'Messages',
    whole(
      'Messages',
      caseRows.flatMap(({ Id, Messages }) => Messages.map((one) => ({ CaseId: Id, ...one }))),
    ),
  ],
]);

interface Running {
  readonly url: string;
  close(): Promise<void>;
}

interface Upstream {
  readonly title: string;
  /** Why it cannot run here; null: it can. */
  readonly lack: () => string | null;
  readonly start: () => Promise<Running>;
  /** It has the rows that the rules speak of; otherwise the three ways are compared with each other alone. */
  readonly hasRows: boolean;
}

const upstreams: readonly Upstream[] = [
  {
    title: 'Microsoft.AspNetCore.OData',
    lack: lackOfService,
    start: async () => {
      const running = await startFeeds([feedOf(model, rows, { prefix: 'Far', navigations: true })]);
      return { url: running.roots[0] ?? assert.fail(), close: () => running.close() };
    },
    hasRows: true,
  },
  {
    title: 'a strict feed that compares, and does nothing else',
    lack: () => null,
    start: () => startStrictService(documented, rows, { prefix: 'Far', navigations: true }),
    hasRows: true,
  },
  {
    title: 'the sandbox',
    lack: () => null,
    start: () => startSandbox(documented, 'far', { rows: 40, seed: 4 }),
    hasRows: false,
  },
];

for (const { title, lack, start, hasRows } of upstreams) {
  describe(`each rule of $filter before ${title}: proxied, archived and both`, () => {
    let feed: Running | null = null;
    let gateways: ThreeWays;
    before(async function () {
      const why = lack();
      if (why !== null) {
        console.log(`      skipped: ${title} is ${why}`);
        this.skip();
      }
      feed = await start();
      gateways = await threeWays({ documented, source: 'far', url: feed.url });
      await gateways.copy();
    });
    after(async () => {
      await gateways?.close();
      await feed?.close();
    });

    for (const [filter, keeps] of rules) {
      it(filter, async () => {
        const query = `Cases?$select=Id&$orderby=Id&$filter=${encodeURIComponent(filter.replace('%2B', '+'))}`;
        const found = await Promise.all(ways.map((way) => gateways.rows(way, query)));
        const [proxied, archived, both] = found.map((served) => served.map(({ Id }) => Id));
        assert.deepEqual(both, archived);
        if (hasRows) {
          const expected = caseRows.filter(keeps).map(({ Id }) => Id);
          assert.deepEqual(archived, expected);
        }
        assert.deepEqual(proxied, archived);
      });
    }
  });
}
