import { type DestinationStream, pino } from 'pino';
import { levelOf, type Observation } from './observation.ts';
import type { Observe, Values } from './observe.ts';

export interface LogSettings {
  readonly level: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
  /** Whether texts have the values of requests. */
  readonly values: Values;
}

/** Writes events as JSON lines to standard error, so that standard output stays for people and pipes. */
export function log(settings: LogSettings, destination: DestinationStream = pino.destination(2)): Observe<Observation> {
  const logger = pino({ level: settings.level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination);
  return (observation) => {
    const level = levelOf(observation);
    if (logger.isLevelEnabled(level)) {
      logger[level](fieldsOf(observation, settings.values));
    }
  };
}

/** The event as it stands in the log: texts are made now, and an error is under the name that has its stack written. */
function fieldsOf(observation: Observation, values: Values): Record<string, unknown> {
  const fields: readonly (readonly [string, unknown])[] = Object.entries(observation);
  return Object.fromEntries(
    fields.map(([name, value]) => {
      if (typeof value === 'function') {
        return [name, value(values)];
      }
      return value instanceof Error ? ['err', value] : [name, value];
    }),
  );
}
