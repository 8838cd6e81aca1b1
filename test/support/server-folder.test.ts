import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { makeServerFolder, removeLeftovers } from './server-folder.ts';

describe('the folder of the servers of a run', () => {
  it('lets other accounts pass through, and no one else look', () => {
    const folder = makeServerFolder();
    try {
      assert.equal(statSync(folder).mode & 0o777, 0o711);
      assert.deepEqual(readdirSync(folder), []);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('is removed by the next run where its own was killed; that of one that works stays, as does what is of others', () => {
    const parent = mkdtempSync(path.join(os.tmpdir(), 'gateway-leftovers-'));
    const { pid: dead } = spawnSync(process.execPath, ['--version']);
    const kept = [`gateway-test-${process.pid}-a`, 'gateway-test-a', 'other'];
    try {
      for (const name of [`gateway-test-${dead}-a`, ...kept]) {
        mkdirSync(path.join(parent, name, 'server'), { recursive: true });
      }
      removeLeftovers(parent);
      assert.deepEqual(readdirSync(parent).sort(), kept.sort());
    } finally {
      rmSync(parent, { recursive: true });
    }
  });
});
