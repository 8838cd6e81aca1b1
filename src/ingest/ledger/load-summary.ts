import type { Database, Transaction } from '../../warehouse/database.ts';

type Asker = Pick<Database | Transaction, 'query'>;

/** What the ledger has of one export. Counts are digits, as PostgreSQL gives them. */
export interface ExportSummary extends Record<string, unknown> {
  /** `source/export`; null: files that nobody could name. */
  readonly name: string | null;
  readonly loads: string;
  /** Rows that were new. */
  readonly rows: string;
  readonly removed: string;
  readonly refused: string;
  readonly failed: string;
  /** ISO 8601, when the last load ended; null: none has. */
  readonly last: string | null;
}

/** All exports of which the ledger has something, by name; files of no known export last. Of containers their members count. */
export async function exportSummaries(asker: Asker): Promise<readonly ExportSummary[]> {
  const { rows } = await asker.query<ExportSummary>(
    `SELECT source || '/' || export AS name, count(*) FILTER (WHERE state = 'loaded') AS loads, sum(rows_inserted) AS rows, sum(rows_removed) AS removed,
       count(*) FILTER (WHERE state = 'refused') AS refused, count(*) FILTER (WHERE state = 'failed') AS failed, to_char(max(finished_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS last
     FROM gateway.load WHERE export IS NOT NULL OR state IN ('refused', 'failed') AND outcome_code <> 'MembersRefused' GROUP BY 1 ORDER BY 1`,
  );
  return rows;
}

/** Rejected rows that wait for somebody, by code. */
export async function openRejectCounts(
  asker: Asker,
): Promise<readonly { readonly code: string; readonly n: string }[]> {
  const { rows } = await asker.query<{ code: string; n: string }>(
    `SELECT code, count(*) AS n FROM gateway.reject WHERE state = 'open' GROUP BY code ORDER BY code`,
  );
  return rows;
}
