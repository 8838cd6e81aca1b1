import { spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import os from 'node:os';
import type { BenchWarehouse } from './warehouse.ts';

const psqlThere = spawnSync('psql', ['--version']).status === 0;

/** What the limit is called in tables. */
export const copyName = psqlThere ? 'psql COPY' : 'COPY read in Node (there is no psql)';

/** Milliseconds of `psql -c 'COPY (select) TO STDOUT'` into nothing, its start included; without psql, of our own reader. */
export async function timeCopy(warehouse: BenchWarehouse, select: string): Promise<number> {
  if (!psqlThere) {
    return timeCopyInNode(warehouse, select);
  }
  return runPsql(warehouse, ['-c', `COPY (${select}) TO STDOUT`], null);
}

/** Milliseconds of psql with these arguments; `input` is a file for its standard input. */
export function runPsql(warehouse: BenchWarehouse, args: readonly string[], input: string | null): Promise<number> {
  const nowhere = openSync(os.devNull, 'w');
  const source = input === null ? 'ignore' : openSync(input, 'r');
  const started = performance.now();
  const child = spawn('psql', [warehouse.url, '-X', '-q', '-v', 'ON_ERROR_STOP=1', ...args], {
    stdio: [source, nowhere, 'inherit'],
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      const milliseconds = performance.now() - started;
      closeSync(nowhere);
      if (typeof source === 'number') {
        closeSync(source);
      }
      if (code === 0) {
        resolve(milliseconds);
      } else {
        reject(new Error(`psql ended with ${code}`));
      }
    });
  });
}

export const hasPsql = psqlThere;

/** Milliseconds of COPY read by our own reader, over a connection that is there already. */
export async function timeCopyInNode({ database }: BenchWarehouse, select: string): Promise<number> {
  const started = performance.now();
  const options = { timeout: 3_600_000, signal: new AbortController().signal };
  await database.read(async (session) => {
    for await (const batch of session.copyOut(select)) {
      void batch;
    }
  }, options);
  return performance.now() - started;
}
