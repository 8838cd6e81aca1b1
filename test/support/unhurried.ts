import type { DatabaseSettings } from '../../src/warehouse/postgres-database.ts';

/**
 * What serving in tests opens a database with: on a busy machine a client that reads in the same process sleeps for seconds, and gets
 * its page whole all the same. Tests of readers that sleep, and of connections that are not free in time, have limits of their own.
 */
export const unhurried: Pick<DatabaseSettings, 'rest' | 'patience'> = {
  rest: { nap: 240_000, endure: 240_000, pause: 50 },
  patience: 240_000,
};
