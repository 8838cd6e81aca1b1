import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import type { Database } from '../../../src/warehouse/database.ts';
import { openDatabase } from '../../../src/warehouse/postgres-database.ts';
import { openStandbys } from '../../../src/warehouse/standby/open-standbys.ts';
import { type StandbyCluster, startStandbys } from '../../support/standby.ts';
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
for (const count of [1, 2]) {
  describe(`pages and delta links while ${count === 1 ? 'a standby falls behind, dies and comes' : 'two standbys fall behind, die and come'} back`, () => {
    let cluster: StandbyCluster;
    let database: Database;
    let alone: Database;
    /** Two gateways of one database, one of which reads on standbys: each page is asked of either. */
    let feeds: readonly DatabaseFeed[] = [];
    let pages = 0;
    const servers = new Map<string, number>();
    before(async () => {
      cluster = await startStandbys(count, withSmallModel(rows));
      const settings = { ...unhurried, connection: cluster.primary };
      const addresses = cluster.standbys.map(({ url }) => url);
      database = await openStandbys(await openDatabase(settings), {
        ...{ database: settings, addresses, maxLag: 3_600_000, every: 20, patience: 100 },
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
      await cluster.close();
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

    const states = () => (database.occupancy().standbys ?? []).map(({ state }) => state);
    const isPrefix = (ids: readonly number[]): boolean => ids.every((id, index) => id === index + 1);

    it('no page loses or repeats a row, no delta link misses one, and no request fails', async () => {
      let over = false;
      const writer = new pg.Client({ connectionString: cluster.primary });
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
      const asked = (): number => [...servers.values()].reduce((sum, one) => sum + one, 0);
      const goOn = async (): Promise<void> => {
        const before = asked();
        // Whole chains of all readers.
        await until('readers went on', () => over || asked() > before + 200);
      };
      const disturb = async (): Promise<void> => {
        for (let done = 0; done < disturbances && !over; done += 1) {
          const number = 1 + (done % count);
          const standby = cluster.standbys[number - 1] ?? assert.fail();
          const dies = done % 4 < count;
          await (dies ? standby.kill() : standby.pause());
          await goOn();
          // All of them are away for a while.
          const others = dies && number === count ? cluster.standbys.slice(0, number - 1) : [];
          for (const other of others) {
            await other.kill();
          }
          await (others.length === 0 ? Promise.resolve() : goOn());
          for (const other of others) {
            await other.restart();
          }
          await (dies ? standby.restart() : standby.resume());
          await until('all are read', () => states().every((state) => state === 'current'));
          const back = servers.get(`standby ${number}`) ?? 0;
          await until('it was read', () => over || (servers.get(`standby ${number}`) ?? 0) > back + 10);
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
      for (const name of ['primary', ...cluster.standbys.map((_, index) => `standby ${index + 1}`)]) {
        assert.ok((servers.get(name) ?? 0) > 200, JSON.stringify([...servers]));
      }
    });
  });
}
