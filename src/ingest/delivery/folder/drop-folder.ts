import type { IngestContext, LoadOptions } from '../../load/load-file.ts';
import type { IngestResult } from '../ingest-result.ts';
import { Receiver } from '../receive.ts';
import { type FolderArrival, FolderDelivery, type FolderOptions } from './folder.ts';

export type DropResult = IngestResult & { readonly movedTo: string | null };

export type DropFolderOptions = FolderOptions & Pick<LoadOptions, 'mayGoOn'>;

export interface DropScan {
  readonly results: readonly DropResult[];
  /** Files still growing, too young, or without their mark; the next scan looks again. */
  readonly unfinished: readonly string[];
}

/** The drop folder with its receiver: the way of delivery that every gateway has. */
export class DropFolder {
  readonly #delivery: FolderDelivery;
  readonly #receiver: Receiver<FolderArrival>;
  #results: DropResult[] = [];
  #running: Promise<DropScan> | null = null;

  constructor(context: IngestContext, folder: string, options: DropFolderOptions = {}) {
    const delivery = new FolderDelivery(context, folder, options);
    this.#delivery = delivery;
    this.#receiver = new Receiver(context, delivery, {
      ...options,
      onOutcome: (arrival, { result }) => {
        this.#results.push({ ...result, movedTo: delivery.movedTo(arrival) });
      },
    });
  }

  /** One look and the loads that follow; while one goes on, it is that one. Throws DatabaseUnavailable and StorageFull, and leaves the rest. */
  scan(): Promise<DropScan> {
    this.#running ??= this.#scan().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #scan(): Promise<DropScan> {
    this.#results = [];
    await this.#receiver.round();
    return { results: this.#results, unfinished: this.#delivery.unfinished };
  }
}

/** One scan by itself. It has seen no file before, so two looks decide, unless a minimum age is given. */
export async function scanDropFolder(
  context: IngestContext,
  folder: string,
  options: DropFolderOptions = {},
): Promise<DropScan> {
  return new DropFolder(context, folder, { minimumAge: 0, ...options }).scan();
}
