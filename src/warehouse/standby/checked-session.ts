import type { DatabaseRow, QueryResult, ReadSession, Rest, RowBatch, TextRow } from '../database.ts';

/**
 * A session that gives nothing before its opening was found to be right. That comes in the round trip of its rows, so a read which may not be older
 * than others costs none of its own.
 */
export class CheckedSession implements ReadSession {
  readonly rest: Rest;
  readonly #session: ReadSession;
  readonly #check: (opening: readonly TextRow[]) => Promise<void>;
  #checked: Promise<readonly TextRow[]> | null = null;

  /** `check`: throws where the opening says that nothing may be given. */
  constructor(session: ReadSession, check: (opening: readonly TextRow[]) => Promise<void>) {
    this.rest = session.rest;
    this.#session = session;
    this.#check = check;
  }

  opening(): Promise<readonly TextRow[]> {
    this.#checked ??= this.#open();
    return this.#checked;
  }

  async query<Row extends DatabaseRow = DatabaseRow>(text: string): Promise<QueryResult<Row>> {
    await this.opening();
    return this.#session.query<Row>(text);
  }

  async *copyOut(
    select: string,
    options: { readonly final: boolean } = { final: false },
  ): AsyncGenerator<RowBatch, void, undefined> {
    for await (const batch of this.#session.copyOut(select, options)) {
      await this.opening();
      yield batch;
    }
    await this.opening();
  }

  async #open(): Promise<readonly TextRow[]> {
    const rows = await this.#session.opening();
    await this.#check(rows);
    return rows;
  }
}
