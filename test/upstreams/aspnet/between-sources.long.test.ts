import { expandShapes } from '../../http/cross-source/expand-shapes.ts';
import { filterShapes } from '../../http/cross-source/filter-shapes.ts';
import type { StartedFeed } from '../../http/cross-source/joined-gateway.ts';
import { documentedFeed } from './round-trip.ts';
import { lackOfService, startFeeds } from './service.ts';

/** Of the same rows as the sandbox. */
const rows = 60;

for (const navigations of [true, false]) {
  describe(`between sources, before Microsoft.AspNetCore.OData with${navigations ? '' : 'out'} navigation properties`, function () {
    this.timeout(600_000);
    before(function () {
      const lack = lackOfService();
      if (lack !== null) {
        console.log(`      skipped: Microsoft.AspNetCore.OData is ${lack}`);
        this.skip();
      }
    });

    async function start(): Promise<StartedFeed> {
      const { file } = documentedFeed(rows, { navigations, settings: { maxTop: 1000 } });
      const feeds = await startFeeds([file]);
      return { environment: { BUZZEASY_URL: feeds.roots[0] ?? '' }, close: () => feeds.close() };
    }

    describe('filters', () => filterShapes(start));
    describe('expanded rows', () => expandShapes(start));
  });
}
