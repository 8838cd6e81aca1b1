import type { ScheduledWork } from '../../ingest/delivery/schedules.ts';
import type { Observation } from '../../observation/observation.ts';
import type { Database } from '../../warehouse/database.ts';
import { type FeedTrouble, tellFeedTroubles } from '../../warehouse/feed-troubles.ts';

/**
 * What this gateway sees of proxied feeds that fail, by what the program tells of itself; noted in the database, so that `gateway status`, another process,
 * can say it.
 */
export class FeedWatch {
  readonly #troubles = new Map<string, FeedTrouble>();
  readonly #now: () => Date;

  constructor(now: () => Date = () => new Date()) {
    this.#now = now;
  }

  readonly observe = (event: Observation): void => {
    if (event.event === 'upstream-circuit') {
      const { source, state, reason } = event;
      const place = { source, kind: 'circuit' } as const;
      if (state !== 'half-open' || !this.#troubles.has(keyOf(place))) {
        const why = reason === undefined || reason === '' ? '' : ` (${reason})`;
        const message = `it fails${why}, and is left alone for up to two minutes at a time`;
        this.#note(place, state === 'closed' ? null : message);
      }
    } else if (event.event === 'upstream') {
      this.#note({ source: event.source, kind: 'metadata' }, event.state === 'ok' ? null : event.message);
    }
  };

  /** `message` null: it is over. */
  #note({ source, kind }: Pick<FeedTrouble, 'source' | 'kind'>, message: string | null): void {
    const key = keyOf({ source, kind });
    if (message === null) {
      this.#troubles.delete(key);
      return;
    }
    const since = this.#troubles.get(key)?.since ?? this.#now().toISOString();
    this.#troubles.set(key, { source, kind, since, message });
  }

  tell(database: Database): Promise<void> {
    return tellFeedTroubles(database, [...this.#troubles.values()]);
  }

  work(database: Database): ScheduledWork {
    return { name: 'feeds', expression: '*/20 * * * * *', run: () => this.tell(database), atStart: true };
  }
}

const keyOf = ({ source, kind }: Pick<FeedTrouble, 'source' | 'kind'>): string => `${source} ${kind}`;
