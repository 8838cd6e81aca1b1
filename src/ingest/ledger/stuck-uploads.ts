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
 * Notes what is stuck in the drop folder now. What is noted keeps since when, and leaves when it is no longer among the incomplete files (`paths`): a
 * gateway that has just started has not seen for how long.
 */
export async function noteStuckUploads(
  database: Database,
  { stuck, paths }: { readonly stuck: readonly StuckUpload[]; readonly paths: readonly string[] },
): Promise<void> {
  await database.transaction(async (transaction) => {
    await transaction.query(
      `DELETE FROM gateway.delivery_file WHERE delivery LIKE '%/drop folder' AND path <> ALL($1::text[])`,
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
