import { createHash } from 'node:crypto';
import type { CompiledQuery } from '../sql/compiled-query.ts';
import type { ReadSession } from '../warehouse/database.ts';
import { single } from './first-row.ts';

/** A count, and the data versions of all sets it was made from. */
interface KnownCount {
  readonly versions: string;
  readonly count: string;
}

const most = 10_000;

/**
 * Counts by statement, the last ones asked for. A count of millions of rows takes PostgreSQL as long as reading them, and
 * every page of a paged read asks for the same one again; as long as the data has the versions it was made from, it is
 * still right.
 */
export class KnownCounts {
  readonly #counts = new Map<string, KnownCount>();

  recall(statement: string): KnownCount | null {
    return this.#counts.get(digest(statement)) ?? null;
  }

  keep(statement: string, known: KnownCount): void {
    const key = digest(statement);
    // Deleted first, so that it stands last in the order of insertion, in which the oldest goes.
    this.#counts.delete(key);
    this.#counts.set(key, known);
    if (this.#counts.size > most) for (const oldest of this.#counts.keys()) return void this.#counts.delete(oldest);
  }
}

const digest = (statement: string): string => createHash('sha256').update(statement).digest('base64');

/** Where a count is made. */
interface CountSource {
  readonly session: ReadSession;
  /** Data versions of the sets in the session's snapshot; null: unknown, or the count depends on the clock. */
  readonly versions: () => Promise<string | null>;
  readonly counts: KnownCounts;
  /** The transaction ends with the count. */
  readonly final: boolean;
}

/** The number of rows of a `SELECT count(*)`, asked of PostgreSQL unless it is known for the data as it is. */
export async function countRows(
  query: CompiledQuery,
  { session, versions, counts, final }: CountSource,
): Promise<string> {
  const known = counts.recall(query.text);
  if (known !== null && known.versions === (await versions())) return known.count;
  const count = await single(session, query, { final });
  const counted = await versions();
  if (counted !== null) counts.keep(query.text, { versions: counted, count });
  return count;
}
