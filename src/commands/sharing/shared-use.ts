import type { SharedUse } from '../../http/edge/shared-use.ts';
import type { Database } from '../../warehouse/database.ts';
import { addReaderUse, forgetRefusal, noteRefusal, pruneReaderUse } from '../../warehouse/shared/reader-use.ts';
import type { Beat } from './beat.ts';

/** Beats between two looks for what counts no more: half an hour. */
const pruneEvery = 900;

/** What readers use, in the database while other gateways are there. */
export function shareUse(database: Database, beat: Beat, requestsPerMinute: number | null): SharedUse {
  let beats = 0;
  beat.add(async (others) => {
    beats += 1;
    if (others > 0 && beats % pruneEvery === 0) {
      await pruneReaderUse(database);
    }
  });
  return {
    get gateways() {
      return beat.others + 1;
    },
    add: (uses) => addReaderUse(database, uses, { instance: beat.id, perMinute: requestsPerMinute ?? 0 }),
    refuse: (key, of) => noteRefusal(database, key, of),
    letIn: (key) => forgetRefusal(database, key).catch(() => {}),
    onBeat: (work) =>
      beat.add(async (others) => {
        if (others > 0) {
          await work();
        }
      }),
  };
}
