import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { afterTests, serversVariable } from './lifetime.ts';

/** Root hooks of every run, named by .mocharc.yaml. */
export const mochaHooks = {
  async afterAll(this: Mocha.Context): Promise<void> {
    await afterTests();
  },
};

let folder: string | null = null;

/** Runs once, in the parent where files run side by side: the folder below which each process makes its server. */
export function mochaGlobalSetup(): void {
  folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-test-'));
  // As root the server runs as another account, which must pass through.
  chmodSync(folder, 0o711);
  process.env[serversVariable] = folder;
}

/** Workers do not stop their servers, which end with them; a server that is still writing its last page is waited for. */
export function mochaGlobalTeardown(): void {
  if (folder !== null) {
    rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 });
  }
}
