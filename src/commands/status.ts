import { exitCodes } from './exit-code.ts';
import { type Surroundings, withExistingWarehouse } from './surroundings.ts';

interface SourceRow extends Record<string, unknown> {
  /** `source/export`; null: files that nobody could name. */
  readonly name: string | null;
  readonly loads: string;
  readonly rows: string;
  readonly removed: string;
  readonly refused: string;
  readonly failed: string;
  /** ISO 8601; null: no load has ended. */
  readonly last: string | null;
}

function sourceLine({ name, loads, rows, removed, refused, failed, last }: SourceRow): string {
  const loaded = name === null ? [] : [`${loads} loads`, `${rows} new rows`];
  const others = [
    ...(removed === '0' ? [] : [`${removed} removed`]),
    ...(refused === '0' ? [] : [`${refused} refused`]),
    ...(failed === '0' ? [] : [`${failed} failed`]),
    ...(last === null ? [] : [`last ${last}`]),
  ];
  return `${name ?? 'files of no known export'}: ${[...loaded, ...others].join(', ')}`;
}

/**
 * `gateway status`: what was loaded, what waits for somebody. 2 when rejected rows are open, 1 where there is no warehouse.
 * Only reads: it makes and changes nothing.
 */
export async function statusCommand(surroundings: Surroundings): Promise<number> {
  return withExistingWarehouse(surroundings, async ({ database }) => {
    const loads = await database.query<SourceRow>(
      `SELECT source || '/' || export AS name, count(*) FILTER (WHERE state = 'loaded') AS loads, sum(rows_inserted) AS rows, sum(rows_removed) AS removed,
         count(*) FILTER (WHERE state = 'refused') AS refused, count(*) FILTER (WHERE state = 'failed') AS failed, to_char(max(finished_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS last
       FROM gateway.load GROUP BY 1 ORDER BY 1`,
    );
    if (loads.rows.length === 0) {
      surroundings.print('Nothing was loaded yet.');
    }
    for (const row of loads.rows) {
      surroundings.print(sourceLine(row));
    }
    const open = await database.query<{ code: string; n: string }>(
      `SELECT code, count(*) AS n FROM gateway.reject WHERE state = 'open' GROUP BY code ORDER BY code`,
    );
    for (const { code, n } of open.rows) {
      surroundings.print(`rejected rows to look at: ${n} ${code}`);
    }
    return open.rows.length === 0 ? exitCodes.ok : exitCodes.partial;
  });
}
