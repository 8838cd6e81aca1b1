import type { Database, Transaction } from '../../warehouse/database.ts';

/** How the archive of a set is. */
export interface ArchiveFigures {
  readonly source: string;
  readonly set: string;
  /** All that the feed had was copied once. */
  readonly complete: boolean;
  /** ISO 8601; null: never. */
  readonly copiedAt: string | null;
  /** Seconds since then. */
  readonly age: number | null;
  /** Documented properties that the feed does not give as documented, in words; null: none. */
  readonly lacking: string | null;
  /** ISO 8601, since when copies fail, for how many seconds, and why; null: they do not. */
  readonly failing: {
    readonly since: string;
    readonly seconds: number;
    readonly code: string;
    readonly message: string;
  } | null;
}

/** All sets that are archived, by name. */
export async function archiveFigures(asker: Pick<Database | Transaction, 'query'>): Promise<readonly ArchiveFigures[]> {
  const iso = (column: string): string => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`;
  const age = (column: string): string => `extract(epoch FROM now() - ${column})::float8`;
  const { rows } = await asker.query<{ figures: ArchiveFigures }>(
    `SELECT json_build_object('source', "Source", 'set', "EntitySet", 'complete', "Complete", 'copiedAt', ${iso('"CopiedAt"')}, 'age', ${age('"CopiedAt"')},
            'lacking', "Lacking", 'failing', CASE WHEN "FailingSince" IS NOT NULL THEN json_build_object('since', ${iso('"FailingSince"')}, 'seconds', ${age('"FailingSince"')},
                                                                                     'code', "ErrorCode", 'message', "ErrorMessage") END) AS figures
       FROM gateway.archived_sets ORDER BY "EntitySet"`,
  );
  return rows.map(({ figures }) => figures);
}
