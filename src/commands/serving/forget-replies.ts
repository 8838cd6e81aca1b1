import { countErasures } from '../../ingest/ledger/erasures.ts';
import type { Database } from '../../warehouse/database.ts';

/** Forgets kept replies when somebody was erased, whichever gateway or command did it. */
export class ForgetReplies {
  readonly #database: Database;
  readonly #forget: () => Promise<void>;
  #known: number | null = null;

  constructor(database: Database, forget: () => Promise<void>) {
    this.#database = database;
    this.#forget = forget;
  }

  /** To be called at the start, and then as often as a person may have to wait for it. */
  async look(): Promise<void> {
    const erasures = await countErasures(this.#database);
    const isNew = this.#known !== null && this.#known !== erasures;
    this.#known = erasures;
    if (isNew) {
      await this.#forget();
    }
  }
}
