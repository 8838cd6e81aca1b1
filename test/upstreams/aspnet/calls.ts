import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { SampleRow } from '../../../src/sandbox/sample-rows.ts';
import { callRow, evaluate } from '../../upstream/conditions.ts';
import { planOf, tenantCatalogue, tenantModel, tenantSource } from '../../upstream/tenant.ts';
import { type FeedSettings, feedOf } from './feed-file.ts';
import type { ReadFeed } from './read-feed.ts';
import type { Read } from './round-trip.ts';

const documented = tenantCatalogue(tenantSource({}));

/** Calls with nulls everywhere, and texts that services are known to read otherwise. */
export const calls: readonly SampleRow[] = [
  ...fc.sample(callRow, { numRuns: 150, seed: 3 }),
  ...['', "O'Neil", 'a,b', '(a)', '"q"', '""', 'back\\slash', '%', ' lead', 'é😀'].map((subject) => ({ subject })),
].map(
  (row, at): SampleRow => ({ ...row, id: at + 1, tags: [], cost: null, startedAt: '2026-01-05T08:00:00.1234567Z' }),
);

const agents: readonly SampleRow[] = ['a', 'b', ''].map((id) => ({ id, name: `name of ${id}` }));

/** The tenant of test/upstream/tenant.ts as a feed over objects. */
export function callsFeed(settings: FeedSettings): Read {
  const rows = new Map([
    ['FarCalls', calls],
    ['FarAgents', agents],
    ['FarDays', []],
  ]);
  const file = feedOf(tenantModel(), rows, { prefix: 'Far', navigations: true, settings });
  return { file, documented, source: 'far' };
}

/** Ids of the calls for which a condition is true: as read, and as OData says. */
export async function idsOf(feed: ReadFeed, condition: string): Promise<readonly [unknown[], unknown[]]> {
  const plan = planOf(`FarCalls?$filter=${condition}`, documented);
  assert.ok(plan.kind === 'Collection' && plan.restriction.filter !== null);
  const { filter } = plan.restriction;
  const expected = calls.filter((row) => evaluate(filter, row as Parameters<typeof evaluate>[1], 'odata') === true);
  const found = await feed.rows(`FarCalls?$select=id&$filter=${condition}`);
  const ids = (rows: readonly SampleRow[]) => rows.map((row) => row['id']);
  return [ids(found), ids(expected)];
}
