import { deepEqual, equal, ok, throws } from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { deliveryWorks } from '../../src/commands/serving/deliveries.ts';
import { isCronExpression, runOnSchedule } from '../../src/ingest/delivery/schedule.ts';
import { runSchedules } from '../../src/ingest/delivery/schedules.ts';
import type { DeliveryRounds } from '../../src/ingest/remote/delivery-rounds.ts';
import { settingsOf } from './support/remote.ts';

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

/** A database that is asked for nothing. */
const alone = {
  query: () => Promise.reject(new Error('asked')),
  exclusively: () => Promise.reject(new Error('asked')),
};

describe('Schedules', () => {
  it('of a delivery that is none keeps no other from being asked; any other one that is none stops all', () => {
    const rounds = ['0 25 * * *', '*/15 * * * *'].map(
      (schedule, index) => ({ settings: { id: `acme/${index}`, schedule } }) as DeliveryRounds,
    );
    const works = deliveryWorks(rounds, alone, new AbortController().signal);
    deepEqual(
      works.map(({ name }) => name),
      ['delivery acme/1'],
    );
    let runs = 0;
    const work = { name: 'x', run: async () => void runs++ };
    const never = '0 0 29 2 *';
    throws(() =>
      runSchedules(
        [
          { ...work, expression: never },
          { ...work, expression: '0 25 * * *' },
        ],
        () => {},
      ),
    );
    equal(runs, 0);
  });

  it('run each work by itself, at the start where that is asked for, name the one that failed, and end with all', async () => {
    const never = '0 0 29 2 *';
    const events: string[] = [];
    let finish = (): void => {};
    const goesOn = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const schedules = runSchedules(
      [
        {
          name: 'slow',
          expression: '* * * * * *',
          atStart: true,
          run: async () => {
            events.push('slow begins');
            await goesOn;
            events.push('slow ends');
          },
        },
        { name: 'broken', expression: never, atStart: true, run: () => Promise.reject(new Error('no server')) },
        { name: 'later', expression: never, run: async () => events.push('later') },
      ],
      (error, name) => events.push(`${name}: ${String(error)}`),
    );
    await pause(1300);
    // The run at the start goes on, so the one that is due after a second is left out.
    deepEqual(events, ['slow begins', 'broken: Error: no server']);
    let stopped = false;
    const stopping = schedules.stop().then(() => {
      stopped = true;
    });
    await pause(50);
    equal(stopped, false);
    finish();
    await stopping;
    deepEqual(events.slice(2), ['slow ends']);
  });

  it('rounds of servers begin at a moment of the first seconds that is drawn each time, and not at all when the program ends', async () => {
    const { random } = Math;
    const drawn: number[] = [];
    const ending = new AbortController();
    let rounds = 0;
    const round = async () => {
      rounds += 1;
      return { state: 'busy' } as const;
    };
    const settings = { ...settingsOf({ protocol: 'ftp', port: 21 }), schedule: '0 3 * * *' };
    const [work] = deliveryWorks([{ settings, round }], alone, ending.signal);
    try {
      // So little that it is now; then so much that it would not be over before the test.
      Math.random = () => {
        drawn.push(0);
        return 0;
      };
      await work?.run(null);
      await work?.run(null);
      deepEqual([rounds, drawn.length, work?.expression, work?.atStart], [2, 2, '0 3 * * *', true]);
      Math.random = () => 1;
      const waits = work?.run(null);
      await pause(50);
      equal(rounds, 2, 'it waits');
      ending.abort();
      await waits;
      equal(rounds, 2);
    } finally {
      Math.random = random;
    }
  });
});
