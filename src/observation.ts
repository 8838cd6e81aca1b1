import { pino } from 'pino';
import type { Config } from './config.ts';
import type { ServerTrouble } from './embedded/revival.ts';
import type { RequestRecord } from './http/feed.ts';
import type { DropNotice } from './ingest/delivery/drop-folder.ts';

/** Everything that the program logs. A new event is a new member here; values never hold secrets or whole query strings. */
export type Observation =
  | { readonly event: 'listening'; readonly address: string; readonly version: string }
  | { readonly event: 'stopping'; readonly reason: string }
  | { readonly event: 'stopped' }
  | ({ readonly event: 'request' } & RequestRecord)
  | { readonly event: 'request-broken'; readonly id: string; readonly reason: string }
  | { readonly event: 'defect'; readonly id: string; readonly error: Error }
  | {
      readonly event: 'load';
      readonly file: string;
      readonly outcome: string;
      readonly rejected: number;
      readonly message: string;
    }
  /** A changed file of credentials that is not taken over, the list before it stays; null: it is good again. */
  | { readonly event: 'credentials'; readonly setting: string; readonly fault: string | null }
  /** The embedded PostgreSQL ended by itself, or runs again. */
  | ({ readonly event: 'database' } & ServerTrouble)
  | { readonly event: 'scan-failed'; readonly reason: string }
  | ({ readonly event: 'drop-folder' } & DropNotice)
  | { readonly event: 'reply-not-kept'; readonly reason: string }
  | { readonly event: 'upstream'; readonly source: string; readonly state: 'ok' | 'down'; readonly message: string }
  | { readonly event: 'stored-rows'; readonly message: string }
  | { readonly event: 'samples-loaded'; readonly rows: number };

export type Observe = (observation: Observation) => void;

type Level = 'error' | 'warn' | 'info' | 'debug';

const levels: Readonly<Partial<Record<Observation['event'], Level>>> = {
  defect: 'error',
  'request-broken': 'warn',
  'reply-not-kept': 'warn',
  'scan-failed': 'error',
};

/** Files of which something was not taken are warnings, and so is a feed that is away. */
export function levelOf(observation: Observation): Level {
  switch (observation.event) {
    case 'load': {
      const { outcome, rejected } = observation;
      return outcome === 'refused' || outcome === 'failed' || rejected > 0 ? 'warn' : 'info';
    }
    case 'upstream':
      return observation.state === 'down' ? 'warn' : 'info';
    case 'database':
      return observation.state === 'down' ? 'error' : 'info';
    case 'credentials':
      return observation.fault === null ? 'info' : 'error';
    // Rows were served that were not all: somebody must look at the sender.
    case 'drop-folder':
      return observation.kind === 'changed' ? 'error' : 'warn';
    default:
      return levels[observation.event] ?? 'info';
  }
}

/** Writes observations as JSON lines to standard error, so that standard output stays for people and pipes. */
export function observer(config: Pick<Config, 'logLevel'>): Observe {
  const logger = pino(
    { level: config.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination(2),
  );
  return (observation) => {
    const level = levelOf(observation);
    if (observation.event === 'defect') {
      logger.error({ event: 'defect', id: observation.id, err: observation.error });
    } else {
      logger[level](observation);
    }
  };
}
