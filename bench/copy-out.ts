/**
 * Rows and megabytes a second of `copyOut`, beside `psql -c COPY` where psql is there. Usage:
 * `npm run bench -- copy-out [rows] [rounds]`. Starts an embedded server of its own in a temporary folder.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startEmbeddedServer } from '../src/embedded/embedded-server.ts';
import { migrate } from '../src/warehouse/migrate.ts';
import { openDatabase } from '../src/warehouse/postgres-database.ts';

const rows = Number(process.argv[2] ?? 500_000);
const rounds = Number(process.argv[3] ?? 4);
const dataDir = mkdtempSync(path.join(os.tmpdir(), 'gateway-bench-'));
const server = await startEmbeddedServer({ dataDir, settings: { fsync: 'off' } });
const database = await openDatabase({ connection: server.address });

/** 22 columns as a messages export has them: ids, times, short codes, a text. */
const columns = [
  `md5(i::text) AS id`,
  ...['a', 'b', 'c', 'd', 'e', 'f'].map((name) => `md5((i * 7)::text)::text AS ${name}_ref`),
  ...['created', 'sent', 'read', 'updated'].map((name) => `now() - i * interval '1 second' AS ${name}_at`),
  ...['kind', 'channel', 'direction', 'state', 'team'].map((name) => `'${name}-' || i % 17 AS ${name}`),
  ...['length', 'score', 'part'].map((name) => `i % 1000 AS ${name}`),
  `i % 2 = 0 AS flag`,
  `repeat('words of a message, ', 1 + i % 8) AS content`,
  `CASE WHEN i % 3 = 0 THEN 'note' END AS note`,
];

try {
  await migrate(database);
  await database.query(
    `CREATE TABLE feed.m AS SELECT ${columns.join(', ')} FROM generate_series(1, ${String(rows)}) AS i`,
  );
  await database.query('GRANT SELECT ON feed.m TO gateway_reader');
  await database.query('VACUUM ANALYZE feed.m');
  for (let round = 0; round < rounds; round++) {
    report('psql COPY to /dev/null', psql());
    report('copyOut', await copyOut());
  }
} finally {
  await database.close();
  await server.stop();
  rmSync(dataDir, { recursive: true });
}

interface Measured {
  readonly seconds: number;
  readonly bytes: number;
  readonly note: string;
}

function report(name: string, measured: Measured | null): void {
  if (measured === null) {
    console.log(`${name}: not there`);
    return;
  }
  const rate = Math.round(rows / measured.seconds).toLocaleString('en');
  const megabytes = (measured.bytes / measured.seconds / 1e6).toFixed(0);
  console.log(`${name}: ${measured.seconds.toFixed(2)} s, ${rate} rows/s, ${megabytes} MB/s ${measured.note}`);
}

function psql(): Measured | null {
  const { host, port, user, password, database: name } = server.address;
  const out = openSync(os.devNull, 'w');
  const started = performance.now();
  const run = spawnSync(
    'psql',
    ['-h', host, '-p', String(port), '-U', user, '-d', name, '-c', 'COPY feed.m TO STDOUT'],
    {
      stdio: ['ignore', out, 'ignore'],
      env: { ...process.env, PGPASSWORD: password },
    },
  );
  closeSync(out);
  return run.status === 0 ? { seconds: (performance.now() - started) / 1000, bytes: 0, note: '' } : null;
}

async function copyOut(): Promise<Measured> {
  const started = performance.now();
  const cpu = process.cpuUsage();
  let bytes = 0;
  let count = 0;
  let batches = 0;
  const options = { timeout: 600_000, signal: new AbortController().signal };
  await database.read(async (session) => {
    for await (const batch of session.copyOut('SELECT * FROM feed.m')) {
      bytes += (batch.ends[batch.count - 1] ?? 0) - (batch.starts[0] ?? 0);
      count += batch.count;
      batches += 1;
    }
  }, options);
  if (count !== rows) {
    throw new Error(`${String(count)} rows instead of ${String(rows)}`);
  }
  const { user, system } = process.cpuUsage(cpu);
  const note = `(${String(batches)} batches, cpu ${(user / 1e6).toFixed(2)} + ${(system / 1e6).toFixed(2)} s)`;
  return { seconds: (performance.now() - started) / 1000, bytes, note };
}
