/**
 * The benchmarks: `npm run bench` for all of them, `npm run bench -- extraction gzip` for some. Each compares inside one
 * run, in interleaved rounds, with medians. Needs nothing but Node (PostgreSQL is the embedded one, or an empty database
 * named by DATABASE_URL); `psql` is the yardstick where it is installed. BENCH_ROWS and BENCH_ROUNDS change the size.
 */
import os from 'node:os';
import process from 'node:process';
import type { Workload } from './support/bench.ts';
import { countingClient } from './support/client.ts';
import { note, print } from './support/report.ts';
import { fill, openWarehouse } from './support/warehouse.ts';
import { counts } from './workloads/counts.ts';
import { csv } from './workloads/csv.ts';
import { dotNet } from './workloads/dot-net.ts';
import { extraction } from './workloads/extraction.ts';
import { gzip } from './workloads/gzip.ts';
import { ingest } from './workloads/ingest.ts';
import { memory } from './workloads/memory.ts';
import { peers } from './workloads/peers.ts';
import { planning } from './workloads/planning.ts';
import { policies } from './workloads/policies.ts';
import { proxied } from './workloads/proxied.ts';
import { rights } from './workloads/rights.ts';
import { slopes } from './workloads/slopes.ts';
import { standby } from './workloads/standby.ts';
import { unified } from './workloads/unified.ts';

const workloads: Readonly<Record<string, Workload>> = {
  ...{
    extraction,
    csv,
    counts,
    peers,
    gzip,
    planning,
    memory,
    ingest,
    proxied,
    rights,
    policies,
    standby,
    unified,
    slopes,
  },
  'dot-net': dotNet,
};

const rows = Number(process.env['BENCH_ROWS'] ?? 1_000_000);
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 3);
const chosen =
  process.argv.length > 2 ? process.argv.slice(2) : Object.keys(workloads).filter((name) => name !== 'slopes');
const unknown = chosen.filter((name) => workloads[name] === undefined);
if (unknown.length > 0) {
  note(`There is no benchmark ${unknown.join(', ')}. There are: ${Object.keys(workloads).join(', ')}.`);
  process.exit(2);
}

const [cpu] = os.cpus();
process.stdout.write(
  `Node ${process.versions.node}, ${os.platform()} ${os.arch()}, ${os.cpus().length} x ${cpu?.model ?? '?'}, ${Math.round(os.totalmem() / 1e9)} GB, load ${os
    .loadavg()
    .map((load) => load.toFixed(1))
    .join(' ')}; ${rows.toLocaleString('en')} messages, ${rounds} rounds\n`,
);
const warehouse = await openWarehouse();
const client = countingClient();
const verdicts: string[] = [];
try {
  const started = performance.now();
  await fill(warehouse.database, rows);
  note(`filled in ${((performance.now() - started) / 1000).toFixed(0)} s`);
  for (const name of chosen) {
    note(`${name} ...`);
    for (const report of (await workloads[name]?.({ warehouse, client, rows, rounds })) ?? []) {
      print(report);
      verdicts.push(...report.verdicts.map((line) => `${name}: ${line}`));
    }
  }
  process.stdout.write(`\n## Wanted and seen\n\n${verdicts.map((line) => `- ${line}\n`).join('')}`);
} finally {
  client.close();
  await warehouse.close();
}
