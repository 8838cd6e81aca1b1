import { Archives } from '../../src/archive/archives.ts';
import { forgetArchives } from '../../src/archive/forget.ts';
import type { Catalogue } from '../../src/catalogue/catalogue.ts';
import type { ArchiveEvent } from '../../src/observation/events/archive.ts';
import { type FeedRow, ModelFeed } from '../archive/model-feed.ts';
import type { Feed } from '../ingest/support/feed.ts';

export const proxied = 'buzzeasy';

/** The product's proxied source as a feed in memory, whose rows are kept beside the loads of a feed. */
export class ArchivedFeed {
  readonly feed = new ModelFeed();
  readonly clock = { now: new Date('2026-04-02T12:00:00Z') };
  readonly #of: () => Pick<Feed, 'catalogue' | 'database'>;
  /** What was told since the last restart. */
  readonly events: ArchiveEvent[] = [];
  #archives: Archives | null = null;

  constructor(of: () => Pick<Feed, 'catalogue' | 'database'>) {
    this.#of = of;
  }

  /** `set` without its prefix. */
  put(set: string, row: FeedRow): void {
    this.feed.put(`Buzzeasy${set}`, row);
  }

  remove(set: string, id: string): void {
    this.feed.remove(`Buzzeasy${set}`, id);
  }

  /** Takes one of the rows out that are there. */
  removeAt(set: string, place: number): void {
    const ids = [...(this.feed.sets.get(`Buzzeasy${set}`)?.keys() ?? [])];
    this.remove(set, ids[place % Math.max(1, ids.length)] ?? '');
  }

  /** What a gateway does that starts now; `live`: how the feed declares its sets by now. */
  async restart(live: Catalogue = this.#of().catalogue): Promise<void> {
    const { database, catalogue } = this.#of();
    this.events.length = 0;
    this.#archives = new Archives({
      ...{ database, documents: catalogue, live: () => live },
      feeds: new Map([[proxied, this.feed.asUpstream()]]),
      modelled: new Set([proxied]),
      now: () => this.clock.now,
      observe: (event) => this.events.push(event),
    });
    await this.#archives.look();
  }

  get archives(): Archives {
    if (this.#archives === null) {
      throw new Error('restart it first');
    }
    return this.#archives;
  }

  /** Copies some sets, by their names without prefix. Throws what copying them failed by. */
  async copy(...sets: readonly string[]): Promise<void> {
    if (this.#archives === null) {
      await this.restart();
    }
    for (const set of sets) {
      const outcomes = await this.archives.run({
        ...{ set: `Buzzeasy${set}`, whole: true, force: true },
        signal: new AbortController().signal,
      });
      for (const outcome of outcomes) {
        if (outcome.state !== 'copied') {
          throw outcome.state === 'failed' ? outcome.error : new Error(outcome.state);
        }
      }
    }
  }

  async forget(set?: string): Promise<void> {
    const { database, catalogue } = this.#of();
    await forgetArchives(database, catalogue, {
      source: proxied,
      set: set === undefined ? undefined : `Buzzeasy${set}`,
    });
    this.#archives = null;
  }

  async reset(): Promise<void> {
    await this.forget();
    this.feed.reset();
    this.clock.now = new Date('2026-04-02T12:00:00Z');
  }
}
