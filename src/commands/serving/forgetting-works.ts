import { pruneArchives } from '../../archive/prune-archives.ts';
import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { Config } from '../../config.ts';
import type { ScheduledWork } from '../../ingest/delivery/schedules.ts';
import { KeptFileSweep } from '../../ingest/erase/kept-file-sweep.ts';
import { prune } from '../../ingest/prune/prune.ts';
import type { Database } from '../../warehouse/database.ts';
import { pruneTombstones } from '../../warehouse/prune-tombstones.ts';
import { ForgetReplies } from './forget-replies.ts';
import { takenFolders } from './kept-folders.ts';

/** Daily, in UTC: a gateway that runs for months must forget too, not only one that starts. */
const daily = '17 3 * * *';
/** How long a file that was put away may still hold somebody who was erased. */
export const eachMinute = '* * * * *';

/** What a gateway that serves forgets by itself. `forget`: forgets all replies that are kept. */
export function forgettingWorks(
  config: Pick<Config, 'dropDir' | 'uploadDir'>,
  context: { readonly catalogue: Catalogue; readonly database: Database },
  forget: () => Promise<void>,
): readonly ScheduledWork[] {
  const { catalogue, database } = context;
  const folders = takenFolders(config);
  const replies = new ForgetReplies(database, forget);
  const kept = new KeptFileSweep(context, folders);
  const lookForErased = async (): Promise<void> => {
    await replies.look();
    await kept.look();
  };
  return [
    { name: 'erasures', expression: eachMinute, run: lookForErased, atStart: true },
    {
      name: 'retention',
      expression: daily,
      run: () => prune(database, catalogue, { folders, now: new Date(), dryRun: false }),
    },
    {
      name: 'retention of archives',
      expression: daily,
      run: () => pruneArchives(database, catalogue, { now: new Date(), dryRun: false }),
    },
    { name: 'tombstones', expression: daily, run: () => pruneTombstones(database) },
  ];
}
