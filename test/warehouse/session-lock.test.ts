import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import type { Database } from '../../src/warehouse/database.ts';
import { openDatabase } from '../../src/warehouse/postgres-database.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';

describe('work that one program does at a time', () => {
  let store: TestDatabase;
  let one: Database;
  let other: Database;
  before(async () => {
    store = await testDatabase();
    one = await openDatabase({ connection: store.connectionString });
    other = await openDatabase({ connection: store.connectionString });
  });
  after(async () => {
    await one.close();
    await other.close();
    await store.drop();
  });

  it('is left out by whoever comes while it goes on, and is free after, also where it threw', async () => {
    const done = await one.exclusively('a', async () => {
      assert.equal(await other.exclusively('a', async () => 'never'), null);
      assert.equal(await one.exclusively('a', async () => 'never'), null);
      return other.exclusively('b', async () => 'another name');
    });
    assert.equal(done, 'another name');
    await assert.rejects(
      one.exclusively('a', () => Promise.reject(new Error('stumbled'))),
      /stumbled/,
    );
    assert.equal(await other.exclusively('a', async () => 'now'), 'now');
  });

  it('does not keep its lock for hours where its machine is gone: the server asks for it after half a minute', async () => {
    await one.exclusively('a', async () => {
      const { rows } = await other.query<{ query: string; theirs: number | null; ours: number | null }>(
        `SELECT query, client_port AS theirs, current_setting('port')::int AS ours FROM pg_stat_activity WHERE application_name = 'gateway lock a'`,
      );
      const [{ query = '', theirs = null, ours = null } = {}] = rows;
      assert.match(query, /set_config\('tcp_keepalives_idle', '30', false\)/);
      if (theirs === null || theirs < 0 || ours === null || !existsSync('/proc/net/tcp')) {
        return;
      }
      // proc(5): local and remote address, then, after the queues, the kind of timer (2: a sign of life is asked for) and its hundredths of a second.
      const hex = (port: number): string => port.toString(16).toUpperCase().padStart(4, '0');
      const line = new RegExp(`: \\S+:${hex(ours)} \\S+:${hex(theirs)} \\S+ \\S+ (\\S+):(\\S+) `);
      const [, kind, left = ''] = line.exec(readFileSync('/proc/net/tcp', 'utf8')) ?? [];
      assert.equal(kind, '02');
      assert.ok(Number.parseInt(left, 16) <= 3000, left);
    });
  });

  it('is told when its lock is lost, which others may take then', async () => {
    await one.exclusively('a', async (held) => {
      const lost = once(held, 'abort');
      await other.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'gateway lock a'`,
      );
      await lost;
      assert.equal(await other.exclusively('a', async () => 'taken over'), 'taken over');
    });
  });
});
