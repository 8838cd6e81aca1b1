import type { DropNotice, IngestEvent } from '../../../observation/events/ingest.ts';
import type { Observe } from '../../../observation/observe.ts';

/** Tells each notice once, as long as the program runs. */
export class Notices {
  readonly #observe: Observe<IngestEvent> | undefined;
  readonly #told = new Set<string>();

  constructor(observe?: Observe<IngestEvent>) {
    this.#observe = observe;
  }

  tell(kind: DropNotice['kind'], below: string, message: string): void {
    // One reason for all files of a folder that cannot be written.
    const key = `${kind}\0${below}\0${kind === 'not-movable' && below === '' ? '' : message}`;
    if (this.#told.has(key)) {
      return;
    }
    this.#told.add(key);
    this.#observe?.({ event: 'drop-folder', kind, below, message });
  }
}
