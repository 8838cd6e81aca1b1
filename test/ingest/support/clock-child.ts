import { setTimeout as pause } from 'node:timers/promises';
import { useUtc } from '../../../src/config.ts';

/** Runs a schedule of every second until it has run after an instant that is given, as the program does on a machine whose zone is TZ, and says when it ran. */
useUtc();
const RealDate = Date;
let offset = 0;
globalThis.Date = class extends RealDate {
  constructor(...given: [] | [number | string | Date]) {
    super(...((given.length === 0 ? [RealDate.now() + offset] : given) as [number]));
  }
  static override now(): number {
    return RealDate.now() + offset;
  }
} as DateConstructor;
const { runOnSchedule } = await import('../../../src/ingest/delivery/schedule.ts');
const change = process.argv[2] ?? '';
offset = RealDate.parse(change) - RealDate.now() - 1200;
const runs: string[] = [];
const schedule = runOnSchedule(
  '* * * * * *',
  async () => runs.push(new Date().toISOString().slice(0, 19)),
  () => {},
);
while (runs.length < 2 || `${runs.at(-1)}Z` < change) {
  await pause(50);
}
await schedule.stop();
process.stdout.write(runs.join(' '));
