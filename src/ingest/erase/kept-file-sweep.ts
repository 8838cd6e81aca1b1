import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { Database } from '../../warehouse/database.ts';
import { countErasures } from '../ledger/erasures.ts';
import { filesBelow } from './erase-files.ts';
import { eraseKeptFiles } from './erase-kept-file.ts';

/** Milliseconds before the start in which other programs may have put files away. */
const before = 86_400_000;

/**
 * Takes persons who were erased out of files that came to the kept ones since it looked last, whoever put them there: what is fetched or
 * sent, and what commands loaded. Nothing is looked at where nobody was erased.
 */
export class KeptFileSweep {
  readonly #context: { readonly database: Database; readonly catalogue: Catalogue };
  readonly #folders: readonly string[];
  #since = Date.now() - before;

  constructor(context: { readonly database: Database; readonly catalogue: Catalogue }, folders: readonly string[]) {
    this.#context = context;
    this.#folders = folders;
  }

  async look(): Promise<void> {
    if ((await countErasures(this.#context.database)) === 0) {
      return;
    }
    const now = Date.now();
    for (const folder of this.#folders) {
      for (const path of await filesBelow(resolve(folder))) {
        const facts = await stat(path).catch(() => null);
        // Moving a file changes when its entry was changed, whatever time it has.
        if (facts !== null && facts.ctimeMs >= this.#since) {
          await eraseKeptFiles(this.#context, { paths: [path], source: null });
        }
      }
    }
    this.#since = now;
  }
}
