import type { Database } from '../../warehouse/database.ts';

/** A file of the drop folder that has been incomplete for too long. */
export interface StuckUpload {
  /** null: it lies in no source's folder. */
  readonly source: string | null;
  /** Path below the drop folder. */
  readonly path: string;
  /** `no-mark`: the mark that says that it is complete has not come; `growing`: it is written to, or has the name of an unfinished upload. */
  readonly reason: string;
}

/** As what the drop folder of a source stands among the deliveries. */
const deliveryOf = ({ source }: StuckUpload): string => `${source ?? '?'}/drop folder`;

/**
 * Notes what is stuck in the drop folder of this gateway now. What is noted keeps since when, and leaves with a file that is incomplete no more (`left`).
 * Other gateways have drop folders of their own, and one that has just started does not know what it noted before: a note of no file that is
 * incomplete here (`paths`) leaves when nobody has seen its file for half an hour. To be called every ten minutes.
 */
export async function noteStuckUploads(
  database: Database,
  {
    stuck,
    paths,
    left,
  }: { readonly stuck: readonly StuckUpload[]; readonly paths: readonly string[]; readonly left: readonly string[] },
): Promise<void> {
  await database.transaction(async (transaction) => {
    await transaction.query(
      `DELETE FROM gateway.delivery_file WHERE delivery LIKE '%/drop folder'
          AND (path = ANY($1::text[]) OR path <> ALL($2::text[]) AND seen_since < clock_timestamp() - interval '30 minutes')`,
      [left, paths],
    );
    await transaction.query(
      `UPDATE gateway.delivery_file SET seen_since = clock_timestamp() WHERE delivery LIKE '%/drop folder' AND path = ANY($1::text[])`,
      [paths],
    );
    await transaction.query(
      `INSERT INTO gateway.delivery_file (delivery, path, state, reason, first_seen_at, seen_since, told_at)
       SELECT delivery, path, 'waits', reason, clock_timestamp(), clock_timestamp(), clock_timestamp() FROM unnest($1::text[], $2::text[], $3::text[]) AS n(delivery, path, reason)
       ON CONFLICT (delivery, path) DO NOTHING`,
      [stuck.map(deliveryOf), stuck.map(({ path }) => path), stuck.map(({ reason }) => reason)],
    );
  });
}
