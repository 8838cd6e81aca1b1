import type { Database } from '../../warehouse/database.ts';

/** How an export is, as numbers; null: it has none, since nothing was loaded yet. */
export interface ExportFigures {
  readonly source: string;
  readonly export: string;
  /** Seconds since a file of it was loaded last. */
  readonly loadAge: number | null;
  /** Seconds since the time of its newest row. */
  readonly newestRowAge: number | null;
  /** 1: the last file that is expected is not there. */
  readonly late: number;
  readonly missing: number;
  readonly openRejects: number;
  readonly refusedFiles: number;
}

/** All exports of the metadata. */
export async function exportFigures(database: Database): Promise<readonly ExportFigures[]> {
  const age = (column: string): string => `extract(epoch FROM now() - ${column})::float8`;
  const { rows } = await database.query<{ figures: ExportFigures }>(
    `SELECT json_build_object('source', "Source", 'export', "Export", 'loadAge', ${age('"LastLoadedAt"')}, 'newestRowAge', ${age('"NewestRow"')},
            'late', "Late"::int, 'missing', "MissingDays", 'openRejects', "OpenRejects", 'refusedFiles', "RefusedFiles") AS figures
       FROM gateway.source_freshness`,
  );
  return rows.map(({ figures }) => figures);
}
