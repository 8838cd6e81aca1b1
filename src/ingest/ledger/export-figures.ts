import type { Database } from '../../warehouse/database.ts';

/** How an export is, as numbers; null: it has none, since nothing was loaded yet. */
export interface ExportFigures {
  /** Empty: files that nobody could tell a source of. */
  readonly source: string;
  /** Empty: files of no known export; they have `refusedFiles` alone. */
  readonly export: string;
  /** Seconds since a file of it was loaded last. */
  readonly loadAge: number | null;
  /** Seconds since the time of its newest row. */
  readonly newestRowAge: number | null;
  /** 1: the last file that is expected is not there. */
  readonly late: number | null;
  readonly missing: number | null;
  readonly openRejects: number | null;
  readonly refusedFiles: number;
}

/** All exports of the metadata, and refused files that are of none. */
export async function exportFigures(database: Database): Promise<readonly ExportFigures[]> {
  const age = (column: string): string => `extract(epoch FROM now() - ${column})::float8`;
  const { rows } = await database.query<{ figures: ExportFigures }>(
    `SELECT json_build_object('source', "Source", 'export', "Export", 'loadAge', ${age('"LastLoadedAt"')}, 'newestRowAge', ${age('"NewestRow"')},
            'late', "Late"::int, 'missing', "MissingDays", 'openRejects', "OpenRejects", 'refusedFiles', "RefusedFiles") AS figures
       FROM gateway.source_freshness
     UNION ALL
     SELECT json_build_object('source', coalesce(source, ''), 'export', '', 'loadAge', NULL, 'newestRowAge', NULL, 'late', NULL, 'missing', NULL, 'openRejects', NULL, 'refusedFiles', count(*))
       FROM gateway.open_files WHERE export IS NULL GROUP BY coalesce(source, '')`,
  );
  return rows.map(({ figures }) => figures);
}
