import { equal, ok } from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { isCronExpression, runOnSchedule } from '../../src/ingest/delivery/schedule.ts';

describe('Schedule', () => {
  it('knows a cron expression', () => {
    equal(isCronExpression('*/5 * * * *'), true);
    equal(isCronExpression('every day'), false);
  });

  it('leaves out a run while one goes on, survives its error, and ends with it', async () => {
    let running = 0;
    let most = 0;
    let runs = 0;
    const errors: unknown[] = [];
    const schedule = runOnSchedule(
      '* * * * * *',
      async () => {
        most = Math.max(most, ++running);
        runs++;
        await pause(1300);
        running--;
        throw new Error(`run ${runs}`);
      },
      (error) => errors.push(error),
    );
    while (runs < 2) {
      await pause(50);
    }
    await schedule.stop();
    equal(running, 0);
    equal(most, 1);
    equal(errors.length, runs);
    await pause(1200);
    ok(runs === errors.length && running === 0);
  });
});
