import { setTimeout as sleep } from 'node:timers/promises';
import type { EmbeddedEvent } from '../observation/events/embedded.ts';
import type { Observe } from '../observation/observe.ts';
import { spaceFault } from './disk-space.ts';
import type { ClusterFolders } from './folders.ts';

/** Starts in a row that fail, or servers in a row that do not live long, after which a person must look. */
const patience = 5;
/** Milliseconds after which a server counts as one that runs. */
const lifetime = 60_000;
/** Milliseconds between two looks at a full disk, and before the first new start. */
const pause = 1000;

interface RevivalParts<Running> {
  readonly folders: ClusterFolders;
  start(): Promise<Running>;
  isStopping(): boolean;
}

/**
 * Brings a server back that ended by itself. On a full disk PostgreSQL stops rather than lose what it promised, and can be
 * started as soon as there is space: that is waited for however long it takes. What fails for other reasons is tried a few times.
 */
export class Revival<Running> {
  readonly #parts: RevivalParts<Running>;
  readonly #ending = new AbortController();
  #attempts = 0;
  #started = performance.now();
  #going: Promise<unknown> = Promise.resolve();

  constructor(parts: RevivalParts<Running>) {
    this.#parts = parts;
  }

  /** The server that runs again, or the reason why none does. Tells of it when it begins and when it is done. */
  after(reason: string, observe: Observe<EmbeddedEvent>): Promise<Running | string> {
    if (performance.now() - this.#started > lifetime) {
      this.#attempts = 0;
    }
    const { cluster, logFile } = this.#parts.folders;
    const why = spaceFault(cluster) ?? `see ${logFile}`;
    observe({
      event: 'database',
      state: 'down',
      message: `The embedded PostgreSQL ended by itself (${reason}): ${why}. It is started again as soon as that is possible`,
    });
    const going = this.#revive(reason, observe);
    this.#going = going;
    return going;
  }

  /** No further start is tried; resolves when the one at hand is over. */
  async end(): Promise<void> {
    this.#ending.abort();
    await this.#going;
  }

  async #revive(reason: string, observe: Observe<EmbeddedEvent>): Promise<Running | string> {
    let last = reason;
    let toldSpace = spaceFault(this.#parts.folders.cluster) !== null;
    while (this.#attempts < patience) {
      await sleep(pause * (this.#attempts + 1), undefined, { signal: this.#ending.signal }).catch(() => {});
      if (this.#parts.isStopping()) {
        return last;
      }
      const space = spaceFault(this.#parts.folders.cluster);
      if (space !== null) {
        if (!toldSpace) {
          observe({
            event: 'database',
            state: 'down',
            message: `${space}. The embedded PostgreSQL is started when there is`,
          });
        }
        toldSpace = true;
        continue;
      }
      try {
        const running = await this.#parts.start();
        this.#started = performance.now();
        // Counted until it has lived for long: one that ends at once each time is not brought back for ever.
        this.#attempts += 1;
        observe({ event: 'database', state: 'up', message: 'The embedded PostgreSQL runs again' });
        return running;
      } catch (error) {
        last = error instanceof Error ? error.message : String(error);
        this.#attempts += 1;
      }
    }
    return last;
  }
}
