import { setTimeout as pause } from 'node:timers/promises';
import { GatewayError } from '../../errors.ts';
import type { Database } from '../database.ts';

/** Work of a schedule that several programs have. */
export interface DueWork {
  /** The same at all of them. */
  readonly name: string;
  /** When it was due. Of the schedule, so clocks that differ by less than a period agree on it. null: nobody else does it for this program, as at its start. */
  readonly moment: Date | null;
  /** What ends by it was not done. */
  readonly signal: AbortSignal;
}

/** Of a clock that is ahead of that of the database: what it noted would keep others from work that nobody did. */
const ahead = `interval '1 minute'`;

/** Milliseconds between two looks at work that somebody else does. */
const nextLook = 1000;

/**
 * Does what is due at a moment, once among all programs of this database: under a lock, and noted when it is done. Whoever finds it being done waits for that,
 * since the other one may be killed in the middle, and does it then. `run` resolves to whether it was done; false: something
 * else keeps it from being done as yet. Throws what it throws, which leaves it to another one. A database that is away for a while is waited for.
 */
export async function oncePerMoment(
  database: Pick<Database, 'query' | 'exclusively'>,
  { name, moment, signal }: DueWork,
  run: () => Promise<boolean>,
  { every = nextLook }: { readonly every?: number } = {},
): Promise<void> {
  if (moment === null) {
    await run();
    return;
  }
  const due = { name, moment, signal };
  while (!signal.aborted) {
    const own = { isRun: false };
    try {
      if (await isOver(database, due, run, own)) {
        return;
      }
    } catch (error) {
      // While the database is away nobody is at it, who would be told: without those who wait its moment would be nobody's.
      if (own.isRun || !(error instanceof GatewayError) || error.code !== 'DatabaseUnavailable') {
        throw error;
      }
    }
    await pause(every, undefined, { signal }).catch(() => {});
  }
}

type MomentOfWork = DueWork & { readonly moment: Date };

/** Whether it was done, here or elsewhere. `own`: whether it was begun here. */
async function isOver(
  database: Pick<Database, 'query' | 'exclusively'>,
  due: MomentOfWork,
  run: () => Promise<boolean>,
  own: { isRun: boolean },
): Promise<boolean> {
  if (await wasDone(database, due)) {
    return true;
  }
  const done = await database.exclusively(`schedule ${due.name}`, async () => {
    if (await wasDone(database, due)) {
      return true;
    }
    own.isRun = true;
    const whole = (await run()) && !due.signal.aborted;
    if (whole) {
      await noteDone(database, due);
    }
    return whole;
  });
  return done === true;
}

async function wasDone(database: Pick<Database, 'query'>, { name, moment }: MomentOfWork): Promise<boolean> {
  const { rowCount } = await database.query(
    `SELECT 1 FROM gateway.scheduled_work WHERE work = $1 AND moment >= $2 AND moment < now() + ${ahead}`,
    [name, moment.toISOString()],
  );
  return rowCount > 0;
}

async function noteDone(database: Pick<Database, 'query'>, { name, moment }: MomentOfWork): Promise<void> {
  await database.query(
    `INSERT INTO gateway.scheduled_work AS s (work, moment) VALUES ($1, $2)
     ON CONFLICT (work) DO UPDATE SET moment = greatest(excluded.moment, least(s.moment, now()))`,
    [name, moment.toISOString()],
  );
}
