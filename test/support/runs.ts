import process from 'node:process';

/** How often a property is tried: `quick` times in `npm test`, twenty times as often by `npm run test:long`, or `PROPERTY_RUNS` times as often. */
export function runs(quick: number): number {
  return quick * Number(process.env['PROPERTY_RUNS'] ?? 1);
}
