import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { lives } from '../../src/ingest/delivery/take/left-spools.ts';

const inMemory = '/dev/shm';
const prefix = 'gateway-test-';
const gigabyte = 1024 ** 3;
/** Bytes that have to be free for the servers to lie in memory, there and on the machine: each of at most four takes 0.2 GB. */
const needed = { there: 2 * gigabyte, ofMemory: 6 * gigabyte };

/**
 * Makes the folder below which the processes of a run have their servers: in memory where there is plenty, else in the folder for
 * temporary files. Each load makes and drops tables; giving ext4 inodes that were just freed took half of PostgreSQL's processor time.
 */
export function makeServerFolder(): string {
  const folder = below(inMemory) ?? below(os.tmpdir());
  if (folder === null) {
    throw new Error(`no folder can be made in ${os.tmpdir()}`);
  }
  return folder;
}

function below(parent: string): string | null {
  if (parent === inMemory && !hasRoom()) {
    return null;
  }
  const folder = mkdtempSync(path.join(parent, `${prefix}${process.pid}-`));
  // As root the server runs as another account, which must pass through.
  chmodSync(folder, 0o711);
  if (parent !== inMemory || runsPrograms(folder)) {
    return folder;
  }
  rmSync(folder, { recursive: true });
  return null;
}

function hasRoom(): boolean {
  try {
    removeLeftovers(inMemory);
    const { bavail, bsize } = statfsSync(inMemory);
    return bavail * bsize >= needed.there && os.freemem() >= needed.ofMemory;
  } catch {
    // There is no such folder but on Linux.
    return false;
  }
}

/** What runs that were killed have left would take memory until the machine starts again. */
export function removeLeftovers(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = new RegExp(`^${prefix}(\\d+)-`).exec(name)?.[1];
    if (pid !== undefined && !lives(Number(pid))) {
      rmSync(path.join(parent, name), { recursive: true, force: true });
    }
  }
}

/** Containers forbid it there; the server's programs are copied beside its data where its account cannot read them. */
function runsPrograms(folder: string): boolean {
  const file = path.join(folder, 'program');
  writeFileSync(file, '#!/bin/sh\nexit 0\n', { mode: 0o700 });
  const { status } = spawnSync(file);
  rmSync(file);
  return status === 0;
}
