import { schedule, validate } from 'node-cron';

export interface Schedule {
  /** No further run starts; resolves when the one going on has ended. */
  stop(): Promise<void>;
}

/** Whether the text is a cron expression of five fields, or six with seconds. */
export function isCronExpression(expression: string): boolean {
  return validate(expression);
}

/**
 * Runs the work at the times of a cron expression, read in UTC (in a local zone node-cron leaves out runs at the
 * clock changes), and at once where that is asked for, and tells it the moment that it was due at; null: at the start. A run that is due while one goes on is left out. Errors go to `onError`; the
 * schedule goes on.
 */
export function runOnSchedule(
  expression: string,
  work: (moment: Date | null) => Promise<unknown>,
  onError: (error: unknown) => void,
  { atStart = false }: { readonly atStart?: boolean } = {},
): Schedule {
  let running: Promise<void> | null = null;
  const run = (moment: Date | null): void => {
    running ??= work(moment)
      .then(() => undefined, onError)
      .finally(() => {
        running = null;
      });
  };
  const task = schedule(expression, ({ date }) => run(date), { timezone: 'UTC' });
  if (atStart) {
    run(null);
  }
  return {
    stop: async () => {
      await task.stop();
      await running;
      await task.destroy();
    },
  };
}
