import type { Export } from '../../catalogue/catalogue.ts';
import type { Transaction } from '../../warehouse/database.ts';

/** A header that the catalogue and a file do not share. */
export interface DriftFinding {
  readonly header: string;
  readonly kind: 'unknown' | 'missing';
  readonly sample: string | null;
}

/** Keeps findings that were not known of this export, and gives these: the same one every day is no news. */
export async function keepDrift(
  transaction: Transaction,
  load: { readonly loadId: string; readonly target: Export },
  findings: readonly DriftFinding[],
): Promise<readonly DriftFinding[]> {
  const { source, name } = load.target;
  const news: DriftFinding[] = [];
  for (const finding of findings) {
    const { header, kind, sample } = finding;
    const { rowCount } = await transaction.query(
      `INSERT INTO gateway.drift (load_id, source, export, header, kind, sample) SELECT $1, $2, $3, $4, $5, $6 WHERE NOT EXISTS (SELECT FROM gateway.drift WHERE source = $2 AND export = $3 AND header = $4 AND kind = $5)`,
      [load.loadId, source, name, header, kind, sample],
    );
    if (rowCount > 0) {
      news.push(finding);
    }
  }
  return news;
}
