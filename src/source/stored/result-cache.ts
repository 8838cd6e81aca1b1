import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { CompiledQuery } from '../../sql/compiled-query.ts';
import type { ReadSession, RowRights } from '../../warehouse/database.ts';
import { KeptCounts } from './kept-counts.ts';
import { singleCell } from './single-row.ts';

/** What a statement gave, and the data versions of all sets it was asked of. */
interface CachedResult {
  readonly versions: string;
  readonly answer: string;
}

const most = 10_000;
/** Milliseconds. Loads raise versions with every row they change; rows that somebody changes by hand are seen after this time. */
const lifetime = 300_000;

/**
 * Small answers of PostgreSQL by statement, those asked for last. A count of millions of rows takes as long as reading them,
 * and every page of a paged read asks for the same one again; as long as the data has the versions it was made from,
 * it is still right.
 */
export class ResultCache {
  /** Counts that outlive the version they were made from. */
  readonly counts: KeptCounts;
  readonly #now: () => number;
  readonly #results: LRUCache<string, CachedResult>;
  readonly #rights: string;

  /** `now`: milliseconds of a clock that never goes back and never stands at 0. */
  constructor(
    now: () => number = () => performance.now(),
    counts: KeptCounts = new KeptCounts({}, now),
    results: LRUCache<string, CachedResult> = new LRUCache({
      max: most,
      ttl: lifetime,
      ttlResolution: 0,
      perf: { now },
    }),
    rights = '',
  ) {
    this.#now = now;
    this.counts = counts;
    this.#results = results;
    this.#rights = rights;
  }

  /**
   * The part of it for reads that say these rights: PostgreSQL gives the rows that they let through, and the text of a statement that looks rows up
   * for all readers alike does not tell whose they are. Absent: the part for reads that say none.
   */
  under(rights: RowRights | undefined): ResultCache {
    return rights === undefined
      ? this
      : new ResultCache(this.#now, this.counts, this.#results, JSON.stringify([rights.text, rights.claims]));
  }

  recall(statement: string): CachedResult | null {
    return this.#results.get(this.keyOf(statement)) ?? null;
  }

  /** Whether the statement most likely needs nothing of PostgreSQL but a moment. */
  knows(statement: string): boolean {
    const key = this.keyOf(statement);
    return this.#results.peek(key) !== undefined || this.counts.has(key);
  }

  keep(statement: string, result: CachedResult): void {
    this.#results.set(this.keyOf(statement), result);
  }

  /** As what the answer to a statement is kept. */
  keyOf(statement: string): string {
    return statementDigest(`${this.#rights}${statement}`);
  }
}

/** A short name of a statement. */
export const statementDigest = (statement: string): string => createHash('sha256').update(statement).digest('base64');

/** Where an answer is looked for and asked for. */
export interface ResultSource {
  readonly session: ReadSession;
  /** Data versions of the sets in the session's snapshot; null: unknown, or the answer depends on the clock. */
  readonly versions: () => Promise<string | null>;
  readonly results: ResultCache;
}

/** The number of rows of a `SELECT count(*)`; `final`: the transaction ends with it. */
export function countRows(
  query: CompiledQuery,
  source: ResultSource,
  ending: { readonly final: boolean },
): Promise<string> {
  const { counts } = source.results;
  return lookedUp(query.text, source, () => counts.count(source.results.keyOf(query.text), query, source, ending));
}

/** The text of a query, with the bounds of its rows where they can be found out cheaply. */
export async function boundedText(query: CompiledQuery, source: ResultSource): Promise<string> {
  const { span = null, text } = query;
  if (span === null) {
    return text;
  }
  return span.within(await lookedUp(span.probe, source, () => singleCell(source.session, { text: span.probe })));
}

/** Asked of PostgreSQL unless it is known for the data as it is. */
async function lookedUp(statement: string, source: ResultSource, ask: () => Promise<string>): Promise<string> {
  const { versions, results } = source;
  const before = results.recall(statement);
  if (before !== null && before.versions === (await versions())) {
    return before.answer;
  }
  const answer = await ask();
  const current = await versions();
  if (current !== null) {
    results.keep(statement, { versions: current, answer });
  }
  return answer;
}
