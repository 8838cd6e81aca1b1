import { randomBytes } from 'node:crypto';
import type { EndedElsewhere } from '../../sign-in/browser/sessions.ts';
import type { Database } from '../../warehouse/database.ts';
import { endedSessions, endSession } from '../../warehouse/shared/ended-sessions.ts';
import { sessionSecrets } from '../../warehouse/shared/session-keys.ts';
import type { Beat } from './beat.ts';

/** What gateways on one database know of each other's browsers. */
export interface SharedSessions {
  /** Secrets that sessions are sealed with; the first seals. Not empty. */
  secrets(): readonly string[];
  readonly ended: EndedElsewhere;
}

/** Beats between two looks at the keys: a minute. */
const keysEvery = 30;
/** Seconds of sign-outs that are read again with each beat: one that was slow to commit is not passed over. */
const overlap = 60;

/** Reads both now, and again with the beats. Throws GatewayError DatabaseUnavailable. */
export async function shareSessions(database: Database, beat: Beat): Promise<SharedSessions> {
  const make = (): string => randomBytes(32).toString('hex');
  let secrets = await sessionSecrets(database, make);
  const ended = new Map<string, number>();
  const learn = async (within: number | null): Promise<void> => {
    for (const { id, until } of await endedSessions(database, within)) {
      ended.set(id, until);
    }
    for (const [id, until] of ended) {
      if (until < Date.now()) {
        ended.delete(id);
      }
    }
  };
  await learn(null);
  let beats = 0;
  let learned = performance.now();
  beat.add(async () => {
    beats += 1;
    const begun = performance.now();
    await learn((begun - learned) / 1000 + overlap);
    learned = begun;
    if (beats % keysEvery === 0) {
      secrets = await sessionSecrets(database, make);
    }
  });
  return {
    secrets: () => secrets,
    ended: {
      has: (id) => ended.has(id),
      async add(id, until) {
        ended.set(id, until);
        await endSession(database, { id, until });
      },
    },
  };
}
