import assert from 'node:assert/strict';
import pg from 'pg';
import { testDatabase } from '../support/postgres.ts';

describe('testDatabase', () => {
  it('gives a database with code point order and Unicode case mapping', async () => {
    const database = await testDatabase();
    const client = new pg.Client({ connectionString: database.connectionString });
    await client.connect();
    const { rows } = await client.query(
      `SELECT lower('É' COLLATE "und-x-icu") AS icu, 'a' < 'B' COLLATE "C" AS folded, current_setting('server_encoding') AS encoding, version()`,
    );
    assert.deepEqual({ ...rows[0], version: null }, { icu: 'é', folded: false, encoding: 'UTF8', version: null });
    await client.end();
    await database.drop();
  });
});
