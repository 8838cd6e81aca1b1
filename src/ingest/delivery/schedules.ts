import { runOnSchedule, type Schedule } from './schedule.ts';

/** Work that comes up again and again: a round of one delivery, or what a gateway does beside. */
export interface ScheduledWork {
  /** What it is, for whoever is told of its errors. */
  readonly name: string;
  /** Cron expression, read in UTC. */
  readonly expression: string;
  /** `moment`: when it was due, to the second, the same at all programs with this schedule; null: the program starts. */
  readonly run: (moment: Date | null) => Promise<unknown>;
  /** It runs once at the start, too, whatever the expression says. */
  readonly atStart?: boolean;
}

/**
 * Runs works each on its own schedule: one for each source of files that fetches by itself. A run that is due while one of the same work
 * goes on is left out, also the one at the start; different works run side by side. Errors go to `onError`; the schedules go on. `stop` lets
 * no further run start, and resolves when those that go on have ended. Throws for an expression that is none; then nothing runs any more.
 */
export function runSchedules(
  works: readonly ScheduledWork[],
  onError: (error: unknown, name: string) => void,
): Schedule {
  const schedules: Schedule[] = [];
  try {
    for (const { name, expression, run, atStart } of works) {
      schedules.push(runOnSchedule(expression, run, (error) => onError(error, name), { atStart: atStart === true }));
    }
  } catch (error) {
    for (const schedule of schedules) {
      void schedule.stop();
    }
    throw error;
  }
  return {
    stop: async () => {
      await Promise.all(schedules.map((schedule) => schedule.stop()));
    },
  };
}
