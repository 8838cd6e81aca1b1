import { utimes, writeFile } from 'node:fs/promises';
import { GatewayError } from '../../../src/errors.ts';
import type { Arrival, Delivery, Outcome, Spool, SpooledFile } from '../../../src/ingest/delivery/delivery.ts';

interface Held {
  readonly text: string;
  /** Counts the changes. */
  readonly version: number;
  readonly place: 'arriving' | 'accepted' | 'refused';
}

/** What another machine holds: files by name. It goes on where the program that asks it ends. */
export class MemoryServer {
  readonly #files = new Map<string, Held>();

  put(name: string, text: string): void {
    this.#files.set(name, { text, version: (this.#files.get(name)?.version ?? 0) + 1, place: 'arriving' });
  }

  get(name: string): Held | undefined {
    return this.#files.get(name);
  }

  arriving(): readonly string[] {
    return [...this.#files].flatMap(([name, { place }]) => (place === 'arriving' ? [name] : [])).sort();
  }

  putAway(name: string, version: number, place: Held['place']): void {
    const held = this.#files.get(name);
    if (held?.version === version) {
      this.#files.set(name, { ...held, place });
    }
  }
}

/** The smallest delivery that keeps the contract: nothing is remembered here, and bytes are copied to be loaded. */
export class MemoryDelivery implements Delivery {
  readonly #server: MemoryServer;

  constructor(server: MemoryServer) {
    this.#server = server;
  }

  async *arrivals(): AsyncGenerator<Arrival> {
    for (const name of this.#server.arriving()) {
      yield { id: name, name, below: name, version: String(this.#server.get(name)?.version), target: {} };
    }
  }

  async fetch({ name }: Arrival, spool: Spool): Promise<SpooledFile> {
    const held = this.#server.get(name);
    if (held === undefined) {
      throw new GatewayError('FileUnreadable', `${name} is gone`);
    }
    const path = await spool.place();
    await writeFile(path, held.text);
    await utimes(path, new Date(2026, 0), new Date(2026, 0));
    return { path };
  }

  async settle({ name, version }: Arrival, { fate }: Outcome): Promise<void> {
    if (fate !== 'waits') {
      this.#server.putAway(name, Number(version), fate);
    }
  }
}
