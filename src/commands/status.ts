import { exitCodes } from './exit-code.ts';
import { prepare } from './migrate.ts';
import { catalogueOf, type Surroundings, withWarehouse } from './surroundings.ts';

interface SourceRow extends Record<string, unknown> {
  readonly source: string;
  readonly export: string;
  readonly loads: string;
  readonly rows: string;
  /** ISO 8601; null: no load has ended. */
  readonly last: string | null;
}

/** `gateway status`: what was loaded, what waits for somebody. 2 when rejected rows are open. */
export async function statusCommand(surroundings: Surroundings): Promise<number> {
  const catalogue = catalogueOf(surroundings);
  return withWarehouse(surroundings, async ({ database }) => {
    await prepare(database, catalogue, () => {});
    const loads = await database.query<SourceRow>(
      `SELECT coalesce(source, '?') AS source, coalesce(export, '?') AS export, count(*) FILTER (WHERE state = 'loaded') AS loads,
         sum(rows_inserted) AS rows, to_char(max(finished_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS last
       FROM gateway.load GROUP BY 1, 2 ORDER BY 1, 2`,
    );
    if (loads.rows.length === 0) surroundings.print('Nothing was loaded yet.');
    for (const row of loads.rows) {
      const last = row.last === null ? '' : `, last ${row.last}`;
      surroundings.print(`${row.source}/${row.export}: ${row.loads} loads, ${row.rows} new rows${last}`);
    }
    const open = await database.query<{ code: string; n: string }>(
      `SELECT code, count(*) AS n FROM gateway.reject WHERE state = 'open' GROUP BY code ORDER BY code`,
    );
    for (const { code, n } of open.rows) surroundings.print(`rejected rows to look at: ${n} ${code}`);
    return open.rows.length === 0 ? exitCodes.ok : exitCodes.partial;
  });
}
