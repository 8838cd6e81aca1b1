import { withoutLiterals } from '../../sql/hidden-literals.ts';
import type { ReadSession } from '../../warehouse/database.ts';

export interface PlanWanted {
  /** Runs the statement, and says what it took. */
  readonly analyze: boolean;
  readonly values: 'hidden' | 'shown';
}

interface PlanRow extends Record<string, unknown> {
  readonly 'QUERY PLAN': string;
}

/** How PostgreSQL answers a statement, in its own words. */
export async function postgresPlan(
  session: ReadSession,
  statement: string,
  { analyze, values }: PlanWanted,
): Promise<readonly string[]> {
  const { rows } = await session.query<PlanRow>(`EXPLAIN (${analyze ? 'ANALYZE, BUFFERS' : 'COSTS'}) ${statement}`);
  const lines = rows.map((row) => row['QUERY PLAN']);
  return values === 'shown' ? lines : lines.map(planLineWithoutValues);
}

/** Lines that measure or count: their numbers are PostgreSQL's own. */
const measures =
  /^\s*(?:Rows Removed|Buffers|I\/O|Planning|Execution|Sort Method|Sort Space|Heap|Workers?|Memory|Hits|Batches|Peak|Buckets|JIT|Timing|Options|Functions|Full-sort|Pre-sorted|Inner Unique|Disabled|Index Searches|Storage|Maximum|WAL|Settings|Async|Subplans|Never)/;
/** A node with its costs and, after a run, its times. */
const node = /^(.*?)(\s+\((?:cost|actual|never)[^'"]*\))$/;

/** A line of an EXPLAIN without the values of the statement, which stand in its conditions. */
export function planLineWithoutValues(line: string): string {
  if (measures.test(line)) {
    return line;
  }
  const [, name = line, figures = ''] = node.exec(line) ?? [];
  return `${withoutLiterals(name)}${figures}`;
}
