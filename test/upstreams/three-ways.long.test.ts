import assert from 'node:assert/strict';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { documented, documentedFeed, source } from './aspnet/round-trip.ts';
import { lackOfService, startFeeds } from './aspnet/service.ts';
import { everyRow, everyShape } from './documented-three-ways.ts';
import { startStrictService } from './strict/strict-service.ts';
import { type ThreeWays, threeWays } from './three-ways.ts';

const rows = 60;
const { samples, file } = documentedFeed(rows, { navigations: true, settings: { pageSize: 17, skipToken: true } });

interface Running {
  readonly url: string;
  close(): Promise<void>;
}

const feeds: readonly (readonly [string, () => Promise<Running>])[] = [
  ['the sandbox', () => startSandbox(documented, source.name, { rows, seed: 1 })],
  [
    'Microsoft.AspNetCore.OData',
    async () => {
      const running = await startFeeds([file]);
      return { url: running.roots[0] ?? assert.fail(), close: () => running.close() };
    },
  ],
  [
    'a strict feed without navigations that leaves nulls out, compresses, and is busy now and then',
    async () => {
      const service = await startStrictService(documented, samples, { prefix: source.prefix, navigations: false });
      service.feed.pageSize = 17;
      Object.assign(service.feed.always, { omitsNulls: true, gzips: true });
      service.feed.faults.push(...Array.from({ length: 3000 }, (_, at) => (at % 9 === 8 ? { status: 503 } : {})));
      return service;
    },
  ],
];

for (const [title, start] of feeds) {
  describe(`all documented sets of ${title}, proxied, archived and both`, function () {
    this.timeout(600_000);
    let feed: Running | null = null;
    let gateways: ThreeWays;
    before(async function () {
      const lack = title.startsWith('Microsoft') ? lackOfService() : null;
      if (lack !== null) {
        console.log(`      skipped: ${title} is ${lack}`);
        this.skip();
      }
      feed = await start();
      gateways = await threeWays({ documented, source: source.name, url: feed.url });
      await gateways.copy();
    });
    after(async () => {
      await gateways?.close();
      await feed?.close();
    });

    it('have every row with its values', async () => {
      assert.equal(samples.size, 26);
      assert.deepEqual(
        gateways.names.filter((name) => !samples.has(name)),
        [],
      );
      await everyRow(gateways, samples);
    });

    it('give the same rows for every shape', async () => {
      assert.ok((await everyShape(gateways, samples)) > 1000);
    });
  });
}
