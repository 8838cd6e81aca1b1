import { rmSync } from 'node:fs';
import process from 'node:process';
import { afterTests, serversVariable } from './lifetime.ts';
import { makeServerFolder } from './server-folder.ts';

/** Root hooks of every run, named by .mocharc.yaml. */
export const mochaHooks = {
  async afterAll(this: Mocha.Context): Promise<void> {
    await afterTests();
  },
};

let folder: string | null = null;

/** Runs once, in the parent where files run side by side: the folder below which each process makes its server. */
export function mochaGlobalSetup(): void {
  folder = makeServerFolder();
  process.env[serversVariable] = folder;
}

/** Workers do not stop their servers, which end with them; a server that is still writing its last page is waited for. */
export function mochaGlobalTeardown(): void {
  if (folder !== null) {
    rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 });
  }
}
