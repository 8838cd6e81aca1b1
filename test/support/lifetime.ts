import process from 'node:process';

/** Names the folder below which each process of a run makes its server. */
export const serversVariable = 'GATEWAY_TEST_SERVERS';

/** What many test files of one process share: a server, a loaded feed. */
export interface Shared {
  /** Called after the tests of each file where files run side by side, else once at the end. Throws what a test should have shown. */
  readonly check?: () => void;
  /** Called once at the end, in reverse order of `share`. Not called in a worker, which ends without a word: what must end with it has to do so by itself. */
  close(): Promise<void>;
}

const shared: Shared[] = [];

/** Keeps something until the process has run all of its files. */
export function share(thing: Shared): void {
  shared.push(thing);
}

/** mocha's workers (`--parallel`) run files one after another and `afterAll` after each; nobody tells them which was the last. */
export const inWorker = process.env['MOCHA_WORKER_ID'] !== undefined;

export async function afterTests(): Promise<void> {
  const faults: unknown[] = [];
  for (const { check } of shared) {
    try {
      check?.();
    } catch (error) {
      faults.push(error);
    }
  }
  if (!inWorker) {
    for (const thing of shared.splice(0).reverse()) {
      await thing.close();
    }
  }
  if (faults.length > 0) {
    throw faults[0];
  }
}
