import assert from 'node:assert/strict';
import process from 'node:process';
import pg from 'pg';
import type { Database } from '../../src/warehouse/database.ts';
import { type DatabaseSettings, openDatabase } from '../../src/warehouse/postgres-database.ts';
import { openStandbys } from '../../src/warehouse/standby/open-standbys.ts';
import { share } from './lifetime.ts';
import { until } from './until.ts';

/** Resolves when the standby has what the primary has committed. Both are asked on connections that stay open. */
export class CatchUp {
  readonly #primary: pg.Client;
  readonly #standby: pg.Client;
  readonly #open: Promise<unknown>;

  constructor(primary: string, standby: string) {
    this.#primary = new pg.Client({ connectionString: primary });
    this.#standby = new pg.Client({ connectionString: standby });
    this.#open = Promise.all([this.#primary.connect(), this.#standby.connect()]);
  }

  async wait(): Promise<void> {
    await this.#open;
    const { rows } = await this.#primary.query<{ at: string }>('SELECT pg_current_wal_flush_lsn()::text AS at');
    const has = async (): Promise<boolean> => {
      const text = 'SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn AS has';
      return (await this.#standby.query<{ has: boolean }>(text, [rows[0]?.at])).rows[0]?.has === true;
    };
    if (!(await has())) {
      await until('the standby has caught up', has);
    }
  }

  async close(): Promise<void> {
    await this.#open;
    await Promise.all([this.#primary.end(), this.#standby.end()]);
  }
}

/** The same database on another server. */
export function sameDatabase(server: string, as: string): string {
  const url = new URL(server);
  url.pathname = new URL(as).pathname;
  return url.href;
}

/** How two feeds of one database are asked the same: on the primary alone, and by way of its standby. */
export interface ReadTwice {
  readonly database: Database;
  readonly alone: Database;
  /** Asks both and asserts that they say the same; gives the reply of the standby. `rootOf`: the service roots of both. */
  get(roots: readonly [standby: string, alone: string], path: string, init?: RequestInit): Promise<Response>;
  close(): Promise<void>;
}

let compared = 0;

/** What a reply says but for what differs in two that say the same: its id, the address of the feed, and the moment of `now()` in next links. */
export async function saidBy(reply: Response, root: string): Promise<readonly unknown[]> {
  const id = reply.headers.get('X-Request-Id') ?? '';
  const body = (await reply.clone().text())
    .replaceAll(root, 'http://feed.example.com/')
    .replaceAll(id, 'id')
    .replaceAll(/(\$skiptoken=[^"&.]*)\.[0-9a-z]+/g, '$1');
  return [reply.status, reply.headers.get('Content-Type'), reply.headers.get('Preference-Applied'), body];
}

/** null: READ_DATABASE_URL names no standby of the server of TEST_DATABASE_URL. */
export async function readTwice(
  settings: DatabaseSettings & { readonly connection: string },
): Promise<ReadTwice | null> {
  const server = process.env['READ_DATABASE_URL'];
  if (server === undefined || server === '') {
    return null;
  }
  const standby = sameDatabase(server, settings.connection);
  const catchUp = new CatchUp(settings.connection, sameDatabase(server, server));
  await catchUp.wait();
  const alone = await openDatabase(settings);
  const database = await openStandbys(await openDatabase(settings), {
    ...{ database: settings, addresses: [standby], maxLag: 3_600_000, every: 100, patience: 60_000 },
  });
  await until('the standby is read', () => database.occupancy().standbys?.[0]?.state === 'current');
  share({ close: async () => console.error(`      ${compared} replies compared`) });
  return {
    database,
    alone,
    get: async (roots, path, init) => {
      await catchUp.wait();
      const [own] = roots;
      // Also where a path names an address itself, as `$entity?$id=...` does.
      const at = (root: string): URL =>
        new URL(path.replaceAll(own, root).replaceAll(encodeURIComponent(own), encodeURIComponent(root)), root);
      const [there, here] = await Promise.all(roots.map((root) => fetch(at(root), init)));
      assert.ok(there !== undefined && here !== undefined);
      assert.deepEqual(await saidBy(there, roots[0]), await saidBy(here, roots[1]), path);
      compared += 1;
      return there;
    },
    close: async () => {
      await catchUp.close();
      await database.close();
      await alone.close();
    },
  };
}
