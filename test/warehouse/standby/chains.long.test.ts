import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import type { Database } from '../../../src/warehouse/database.ts';
import { openDatabase } from '../../../src/warehouse/postgres-database.ts';
import { openStandbys } from '../../../src/warehouse/standby/open-standbys.ts';
import { type StandbyPair, startStandbyPair } from '../../support/standby.ts';
import { unhurried } from '../../support/unhurried.ts';
import { until } from '../../support/until.ts';
import { type DatabaseFeed, feedOn, withSmallModel } from './standby-feed.ts';

const rows = `INSERT INTO feed."Agents" ("Id", "Name", "_version") SELECT g, 'Agent ' || g, 1 FROM generate_series(1, 40) AS g`;
const disturbances = 12;
const readers = 4;

interface Page {
  readonly '@odata.count'?: number;
  readonly '@odata.nextLink'?: string;
  readonly '@odata.deltaLink'?: string;
  readonly value: readonly { readonly Id: number }[];
}

/** Rows are only added, in the order of the pages: whatever a chain saw at its beginning, it has to show, and nothing twice. */
describe('pages and delta links while a standby falls behind, dies and comes back', () => {
  let pair: StandbyPair;
  let database: Database;
  let alone: Database;
  /** Two gateways of one database, one of which reads on the standby: each page is asked of either. */
  let feeds: readonly DatabaseFeed[] = [];
  let pages = 0;
  const servers = new Map<string, number>();
  before(async () => {
    pair = await startStandbyPair(withSmallModel(rows));
    const settings = { ...unhurried, connection: pair.primary };
    database = await openStandbys(await openDatabase(settings), {
      ...{ database: settings, addresses: [pair.standby], maxLag: 3_600_000, every: 20, patience: 100 },
    });
    alone = await openDatabase(settings);
    feeds = [await feedOn(database, { pageSize: 7 }), await feedOn(alone, { pageSize: 7 })];
  });
  after(async () => {
    for (const feed of feeds) {
      await feed.close();
    }
    await database.close();
    await alone.close();
    await pair.close();
  });

  async function page(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Page> {
    pages += 1;
    // Not in step with the pages of a chain, which are many.
    const reply = await feeds[pages % 3 === 0 ? 1 : 0]?.get(path, { headers });
    const body = (await reply?.text()) ?? '';
    assert.equal(reply?.status, 200, `${path}: ${body}`);
    const server = reply.headers.get('X-Read-Server')?.split(';')[0] ?? 'alone';
    servers.set(server, (servers.get(server) ?? 0) + 1);
    return JSON.parse(body) as Page;
  }

  /** The ids of all pages, and the delta link at their end. */
  async function chain(first: Page): Promise<{ readonly ids: readonly number[]; readonly delta: string }> {
    const ids = first.value.map(({ Id }) => Id);
    let last = first;
    for (let next = first['@odata.nextLink']; next !== undefined; next = last['@odata.nextLink']) {
      last = await page(next);
      ids.push(...last.value.map(({ Id }) => Id));
    }
    return { ids, delta: last['@odata.deltaLink'] ?? '' };
  }

  const isPrefix = (ids: readonly number[]): boolean => ids.every((id, index) => id === index + 1);

  it('no page loses or repeats a row, no delta link misses one, and no request fails', async () => {
    let over = false;
    const writer = new pg.Client({ connectionString: pair.primary });
    await writer.connect();
    const write = async (): Promise<void> => {
      for (let id = 41, version = 2; !over; id += 1, version += 1) {
        await writer.query(
          `BEGIN; INSERT INTO feed."Agents" ("Id", "Name", "_version") VALUES (${id}, 'Agent ${id}', ${version});
           UPDATE gateway.set_versions SET version = ${version} WHERE entity_set = 'Agents'; COMMIT`,
        );
        await pause(10);
      }
    };
    const read = async (): Promise<void> => {
      while (!over) {
        const counted = await page('Agents?$count=true');
        const { ids } = await chain(counted);
        assert.ok(isPrefix(ids), ids.join());
        assert.ok(ids.length >= (counted['@odata.count'] ?? 0), `${ids.length} of ${counted['@odata.count']}`);
        const tracked = await chain(await page('Agents', { Prefer: 'track-changes' }));
        const changed = await chain(await page(tracked.delta));
        const all = [...new Set([...tracked.ids, ...changed.ids])];
        assert.ok(isPrefix(all) && all.length >= tracked.ids.length, all.join());
      }
    };
    const disturb = async (): Promise<void> => {
      for (let done = 0; done < disturbances && !over; done += 1) {
        const before = [...servers.values()].reduce((sum, one) => sum + one, 0);
        if (done % 4 === 0) {
          await pair.kill();
        } else {
          await pair.pause();
        }
        const asked = (): number => [...servers.values()].reduce((sum, one) => sum + one, 0);
        // Whole chains of all readers.
        await until('readers went on', () => over || asked() > before + 200);
        await (done % 4 === 0 ? pair.restart() : pair.resume());
        await until('the standby is read', () => database.occupancy().standbys?.[0]?.state === 'current');
        const back = servers.get('standby 1') ?? 0;
        await until('it was read', () => over || (servers.get('standby 1') ?? 0) > back + 10);
      }
    };
    const working = Promise.all([write(), ...Array.from({ length: readers }, read)]);
    const disturbing = disturb();
    try {
      await Promise.race([disturbing, working]);
    } finally {
      over = true;
      await Promise.allSettled([disturbing, working]);
      await writer.end();
    }
    await working;
    const [there = 0, here = 0] = ['standby 1', 'primary'].map((name) => servers.get(name) ?? 0);
    assert.ok(there > 200 && here > 200, `${there} there, ${here} here`);
  });
});
