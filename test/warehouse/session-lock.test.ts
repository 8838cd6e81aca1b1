import assert from 'node:assert/strict';
import { once } from 'node:events';
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
