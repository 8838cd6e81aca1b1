import { deepEqual, equal } from 'node:assert/strict';
import path from 'node:path';
import { scanDropFolder } from '../../src/ingest/delivery/folder/drop-folder.ts';
import { openDatabase } from '../../src/warehouse/postgres-database.ts';
import { until } from '../support/until.ts';
import { exportFile, useFeed } from './support/feed.ts';

describe('A load beside years of others', () => {
  const feed = useFeed();
  const many = 20_000;

  /** Rows that were read one after the other without an index, by table. */
  const scanned = async (schema: 'gateway' | 'feed'): Promise<ReadonlyMap<string, number>> => {
    const rows = await feed().rows<{ name: string; n: number }>(
      `SELECT relname AS name, seq_tup_read::int AS n FROM pg_stat_user_tables WHERE schemaname = '${schema}'`,
    );
    return new Map(rows.map(({ name, n }) => [name, n]));
  };

  /** What of these was read since, where it is as much as a table of many. */
  const scannedSince = async (
    schema: 'gateway' | 'feed',
    before: ReadonlyMap<string, number>,
  ): Promise<readonly string[]> =>
    [...(await scanned(schema))].flatMap(([name, n]) => {
      const more = n - (before.get(name) ?? 0);
      return more < many / 2 ? [] : [`${name}: ${more} rows`];
    });

  /** Connections but the one that asks: the pool that it is of may have to open it. */
  const others = async (): Promise<readonly number[]> => {
    const found = await feed().rows<{ pid: number }>(
      `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`,
    );
    return found.map(({ pid }) => pid);
  };

  const drop = () => path.join(feed().folder, 'drop');

  /** A round of the drop folder. What a connection read is told at its end, so it has one of its own. */
  const round = async (): Promise<readonly string[]> => {
    const before = await others();
    const database = await openDatabase({ connection: feed().connectionString });
    try {
      const { results } = await scanDropFolder({ catalogue: feed().catalogue, database }, drop(), { settle: 0 });
      return results.map(({ state }) => state);
    } finally {
      await database.close();
      await until('its connections have ended', async () => (await others()).every((pid) => before.includes(pid)));
    }
  };

  it('asks the ledger by its indexes: no statement of a file reads a table of it whole', async () => {
    await feed().database.query(
      `INSERT INTO gateway.load (source, export, file_name, path, sha256, size_bytes, modified_at, state, removal, file_time, header, rows_read, rows_inserted)
       SELECT 'tracebuzz', e, e || n || '.csv', 'tracebuzz/' || e || n || '.csv', md5(e || n) || md5(e || n || 'x'), 100, now() - n * interval '1 hour', 'loaded', 'none', now() - n * interval '1 hour', '["a","b"]', 0, 0
         FROM generate_series(1, ${many / 2}) AS n, unnest(ARRAY['cases', 'notes']) AS e;
       INSERT INTO gateway.reject (load_id, line, byte_start, byte_end, code, message, state, closed_at, key, holds) SELECT load_id, 2, 0, 1, 'INVALID_INTEGER', 'x', 'dismissed', now(), '["1"]', '{}' FROM gateway.load;
       INSERT INTO gateway.alert (kind, details, state) SELECT 'rows.rejected', '{}', 'sent' FROM gateway.load;
       INSERT INTO gateway.rewritten_file (former_sha256, sha256) SELECT md5(n || 'a') || md5(n || 'b'), md5(n || 'c') || md5(n || 'd') FROM generate_series(1, ${many}) AS n;
       ANALYZE gateway.load, gateway.reject, gateway.alert, gateway.rewritten_file;
       -- What these statements read is told now, and not while the loads are watched.
       SELECT pg_stat_force_next_flush()`,
    );
    const cases = exportFile('tracebuzz/cases', [{ CaseId: 1 }, { CaseId: 2 }, { CaseId: 3, ClosedAt: 'late' }]);
    feed().write('drop/tracebuzz/raw-cases-1750000000.csv', cases, 1);
    deepEqual(await round(), ['loaded']);
    const before = await scanned('gateway');
    feed().write('drop/tracebuzz/raw-cases-1750000100.csv', cases.replace('late', ''), 2);
    feed().write('drop/tracebuzz/raw-cases-1750000200.csv', cases, 3);
    feed().write('drop/tracebuzz/what.csv', 'Nothing\n1\n', 4);
    const states = await round();
    equal(states.length, 3, states.join());
    deepEqual(await scannedSince('gateway', before), []);
  });

  const agents = 1000;

  it('asks its own set and those derived of it by their indexes, where it states a day of years anew', async () => {
    await feed().database.query(
      `INSERT INTO feed."TracebuzzAgentStatistics" ("RowDate", "AgentId", "HandledCount", _version, _load_id, _stamp)
       SELECT date '2025-12-31' - d, a, a % 50, 1, 0, '2024-01-01T00:00:00Z' FROM generate_series(0, ${(5 * many) / agents} - 1) AS d, generate_series(1, ${agents}) AS a;
       INSERT INTO gateway.set_versions (entity_set, version) VALUES ('TracebuzzAgentStatistics', 1) ON CONFLICT (entity_set) DO NOTHING;
       ANALYZE feed."TracebuzzAgentStatistics"`,
    );
    const state = async (number: number): Promise<void> => {
      const day = Array.from({ length: agents }, (_, place) => ({
        ...{ RowDate: '2025-12-31', AgentId: number + place, HandledCount: number },
      }));
      const file = `drop/tracebuzz/raw-agent-statistics-17700000${10 + number}.csv`;
      feed().write(file, exportFile('tracebuzz/agent-statistics', day), number);
      deepEqual(await round(), ['loaded']);
    };
    // The first one derives what stands there already.
    await state(1);
    await feed().database.query('ANALYZE; SELECT pg_stat_force_next_flush()');
    const before = await scanned('feed');
    await state(20);
    deepEqual(await scannedSince('feed', before), []);
    const [counted] = await feed().rows<{ n: number; last: number }>(
      `SELECT count(*)::int AS n, count(*) FILTER (WHERE "RowDate" = '2025-12-31')::int AS last FROM feed."TracebuzzAgentStatistics"`,
    );
    deepEqual(counted, { n: 5 * many, last: agents });
  });
});
