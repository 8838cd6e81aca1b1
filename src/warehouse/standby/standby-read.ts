import { GatewayError } from '../../errors.ts';
import type { Database, ReadOptions, ReadSession, TextRow } from '../database.ts';
import { CheckedSession } from './checked-session.ts';
import { goesElsewhere } from './goes-elsewhere.ts';
import { Interruption } from './interruption.ts';
import { isNoOlder, readVersions, type SetVersions, setVersionsText } from './set-versions.ts';
import type { Standby } from './standby.ts';

/** What became of a read on a standby. `behind`: it has not caught up; `failed`: another server is to be tried. Nobody has seen anything of these. */
export type StandbyRead<T> =
  | { readonly kind: 'done'; readonly result: T }
  | { readonly kind: 'behind' }
  | { readonly kind: 'failed' };

interface Asked<T> {
  readonly work: (session: ReadSession) => Promise<T>;
  readonly options: ReadOptions<T>;
  /** What the primary has of the sets whose rows may not be older; null: they may. */
  readonly needed: Needed | null;
}

/** Asked of the primary as soon as somebody wants to know it, once for each read: what is committed while it waits is not waited for. */
export interface Needed {
  readonly sets: readonly string[];
  /** What the `ReadOptions.opening` of the read gives there; null: it has none, or was found to differ. */
  readonly opening: Promise<readonly TextRow[]> | null;
  versions(): Promise<SetVersions>;
}

/** Throws what is no fault of the standby, and everything once somebody has seen something of the read. */
export async function readOnStandby<T>(
  standby: Standby,
  database: Database,
  { work, options, needed }: Asked<T>,
): Promise<StandbyRead<T>> {
  let begun = false;
  const seen = (): boolean => begun && options.unseen?.() === false;
  const checked =
    <Result>(then: (session: ReadSession) => Promise<Result>) =>
    async (session: ReadSession): Promise<Result> => {
      const opening = needed?.opening ?? null;
      if (needed !== null && opening === null && !(await hasCaughtUp(session, needed))) {
        throw new Behind();
      }
      begun = true;
      const { number, status } = standby;
      options.onServer?.({ standby: number, lagSeconds: status.lag?.seconds ?? 0 });
      return then(opening === null ? session : new CheckedSession(session, (rows) => checkOpening(rows, opening)));
    };
  const { early } = options;
  const interruption = new Interruption(options.signal);
  // One that says nothing any more would be waited for until the time limit. A reply that has begun is left to it.
  const lost = (): void => {
    if (!seen()) {
      interruption.interrupt(new Lost());
    }
  };
  standby.begins(lost);
  try {
    const result = await database.read(checked(work), {
      ...options,
      signal: interruption.signal,
      ...(early === undefined ? {} : { early: checked(early) }),
    });
    return { kind: 'done', result };
  } catch (error) {
    if (error instanceof Behind) {
      return { kind: 'behind' };
    }
    if (error instanceof PrimaryFault) {
      // It says itself what is wrong with it.
      return { kind: 'failed' };
    }
    if (error instanceof GatewayError && error.code === 'DatabaseUnavailable' && !options.signal.aborted) {
      standby.fails(error);
    }
    const elsewhere = error instanceof Lost || goesElsewhere(error);
    if (seen() || options.signal.aborted || !elsewhere) {
      throw error;
    }
    return { kind: 'failed' };
  } finally {
    interruption.close();
    standby.ends(lost);
  }
}

/** The same opening is the same state. Another one may be a newer one, too: who has no rows as yet may look closer. */
async function checkOpening(rows: readonly TextRow[], primary: Promise<readonly TextRow[]>): Promise<void> {
  const least = await primary.catch((error: unknown) => {
    throw new PrimaryFault(error);
  });
  if (JSON.stringify(rows) !== JSON.stringify(least)) {
    throw new Behind();
  }
}

/** In the snapshot of the read. The primary is asked at the same time. */
async function hasCaughtUp(session: ReadSession, { sets, versions }: Needed): Promise<boolean> {
  const asked = versions();
  const { rows } = await session.query<{ versions: string }>(setVersionsText(sets));
  const least = await asked.catch((error: unknown) => {
    throw new PrimaryFault(error);
  });
  return isNoOlder(readVersions(rows[0]?.versions ?? '{}'), least);
}

/** The primary does not say what it has, which is no fault of the standby. */
class PrimaryFault extends Error {
  constructor(cause: unknown) {
    super('The primary cannot be asked for versions', { cause });
    this.name = 'PrimaryFault';
  }
}

class Lost extends Error {
  constructor() {
    super('The standby is lost');
    this.name = 'Lost';
  }
}

class Behind extends Error {
  constructor() {
    super('The standby has not caught up');
    this.name = 'Behind';
  }
}
