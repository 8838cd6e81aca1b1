import type { ScheduledWork } from '../../ingest/delivery/schedules.ts';
import type { Observation } from '../../observation/observation.ts';
import type { Database } from '../../warehouse/database.ts';
import { type FeedPlace, type FeedTrouble, tellFeedTroubles } from '../../warehouse/feed-troubles.ts';

/**
 * What this gateway sees of proxied feeds that fail, by what the program tells of itself; noted in the database, so that `gateway status`, another process,
 * can say it.
 */
export class FeedWatch {
  readonly #troubles = new Map<string, FeedTrouble>();
  /** Those that were over since they were told. */
  readonly #over = new Map<string, FeedPlace>();
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
  #note({ source, kind }: FeedPlace, message: string | null): void {
    const key = keyOf({ source, kind });
    if (message === null) {
      if (this.#troubles.delete(key)) {
        this.#over.set(key, { source, kind });
      }
      return;
    }
    this.#over.delete(key);
    const since = this.#troubles.get(key)?.since ?? this.#now().toISOString();
    this.#troubles.set(key, { source, kind, since, message });
  }

  /** What is over is told once: a gateway that still sees it says so again within its next round. Throws what the database says; nothing is forgotten then. */
  async tell(database: Database): Promise<void> {
    const over = [...this.#over.values()];
    await tellFeedTroubles(database, { now: [...this.#troubles.values()], over });
    for (const place of over) {
      this.#over.delete(keyOf(place));
    }
  }

  work(database: Database): ScheduledWork {
    return { name: 'feeds', expression: '*/20 * * * * *', run: () => this.tell(database), atStart: true };
  }
}

const keyOf = ({ source, kind }: FeedPlace): string => `${source} ${kind}`;
