import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { Database } from '../../warehouse/database.ts';
import { newestErasure } from '../ledger/erasures.ts';
import { filesBelow, finishExchanges, sourceOfPlace } from './erase-files.ts';
import { eraseKeptFiles } from './erase-kept-file.ts';

/** Milliseconds before the start in which other programs may have put files away, and erased somebody. */
const before = 86_400_000;

/**
 * Takes persons who were erased out of files that came to the kept ones since it looked last, whoever put them there: what is fetched or
 * sent, and what commands loaded. After a further erasure it looks at all: whoever made it may not reach the folders of this gateway. Nothing is looked
 * at where nobody was erased.
 */
export class KeptFileSweep {
  readonly #context: { readonly database: Database; readonly catalogue: Catalogue };
  readonly #folders: readonly string[];
  readonly #looksAtAll: boolean;
  #since = Date.now() - before;
  /** The last erasure that was known when it looked last; null: it has not looked yet. */
  #known: string | null = null;

  /** `looksAtAll`: also at those that lay there when somebody was erased; false: whoever erased saw to these. */
  constructor(
    context: { readonly database: Database; readonly catalogue: Catalogue },
    folders: readonly string[],
    { looksAtAll = true }: { readonly looksAtAll?: boolean } = {},
  ) {
    this.#context = context;
    this.#folders = folders;
    this.#looksAtAll = looksAtAll;
  }

  async look(): Promise<void> {
    const newest = await newestErasure(this.#context.database);
    if (newest === null) {
      this.#known = '';
      return;
    }
    const now = Date.now();
    const isFurther = this.#known === null ? newest.ago < before : this.#known !== newest.id;
    const since = isFurther && this.#looksAtAll ? 0 : this.#since;
    const failures: unknown[] = [];
    for (const folder of this.#folders) {
      await finishExchanges(this.#context.database, folder);
      for (const path of await filesBelow(resolve(folder))) {
        const facts = await stat(path).catch(() => null);
        // Moving a file changes when its entry was changed, whatever time it has.
        if (facts !== null && facts.ctimeMs >= since) {
          const source = sourceOfPlace(this.#context.catalogue, folder, path);
          await eraseKeptFiles(this.#context, { paths: [path], source }).catch((error: unknown) =>
            failures.push(error),
          );
        }
      }
    }
    if (failures.length > 0) {
      // The others are done; this one is looked at again.
      throw failures[0];
    }
    this.#since = now;
    this.#known = newest.id;
  }
}
