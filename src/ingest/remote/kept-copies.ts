import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { IngestEvent } from '../../observation/events/ingest.ts';
import type { Observe } from '../../observation/observe.ts';
import type { Outcome } from '../delivery/delivery.ts';
import { Notices } from '../delivery/put-away/notices.ts';
import { loadedFolder, PutAway, refusedFolder } from '../delivery/put-away/put-away.ts';
import { isFull, spoolFull } from './faults.ts';

/**
 * Copies of what was fetched, beside the files of the drop folder: a set can be made anew from them, and a refused one be looked at, whatever
 * becomes of the file on its server.
 */
export class KeptCopies {
  readonly #root: string;
  readonly #putAway: PutAway;

  constructor(root: string, observe?: Observe<IngestEvent>) {
    this.#root = resolve(root);
    this.#putAway = new PutAway(this.#root, new Notices(observe));
  }

  /** Moves a file of the spool there. Throws SpoolFull, and what moving throws: then the file counts as not put away. */
  async keep(place: string, below: string, { fate, result }: Exclude<Outcome, { fate: 'waits' }>): Promise<void> {
    const folder = fate === 'accepted' ? loadedFolder : refusedFolder;
    const knownBefore = result.state === 'duplicate' || (result.state === 'unpacked' && result.members.length === 0);
    if (knownBefore && (await this.#lies(place, folder, below))) {
      return;
    }
    try {
      const kept = await this.#putAway.move(place, folder, below);
      if (fate === 'refused') {
        await this.#putAway.writeReason(kept, result.error);
      }
    } catch (error) {
      throw isFull(error) ? spoolFull(error) : error;
    }
  }

  /** Bytes that are known already lie there, unless the program ended before. */
  async #lies(place: string, folder: string, below: string): Promise<boolean> {
    const [there, here] = await Promise.all([stat(join(this.#root, folder, below)).catch(() => null), stat(place)]);
    return there?.size === here.size;
  }
}
