import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { CompiledQuery } from '../../src/sql/compiled-query.ts';
import { testDatabase } from '../support/postgres.ts';
import { type ReadRow, readRows } from './read-rows.ts';
import { createTables } from './small-model.ts';

/** The tables of the small model on a real PostgreSQL, and queries run on them as the gateway runs them. */
export interface TestFeed {
  readonly client: pg.Client;
  read(query: CompiledQuery): Promise<ReadRow[]>;
  close(): Promise<void>;
}

/** A fresh database with the tables and the statements of `rows` run. */
export async function openTestFeed(rows: string): Promise<TestFeed> {
  const database = await testDatabase();
  const client = new pg.Client({ connectionString: database.connectionString });
  await client.connect();
  await client.query(`SET timezone = 'UTC'; SET datestyle = 'ISO'; SET intervalstyle = 'iso_8601'`);
  await client.query(createTables());
  await client.query(rows);
  return {
    client,
    read: async (query) => {
      const chunks: Buffer[] = [];
      for await (const chunk of client.query(copyTo(`COPY (${query.text}) TO STDOUT`))) {
        chunks.push(chunk as Buffer);
      }
      return readRows(query, Buffer.concat(chunks).toString('utf8'));
    },
    close: async () => {
      await client.end();
      await database.drop();
    },
  };
}
