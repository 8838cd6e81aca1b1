import { randomUUID } from 'node:crypto';
import type { Database } from '../../warehouse/database.ts';
import { keepInstance, removeInstance } from '../../warehouse/shared/instances.ts';

/** Milliseconds between two beats. */
const every = 2000;

/** Told with each beat how many other gateways live. What it throws is tried again with the next beat. */
export type Beaten = (others: number) => Promise<unknown>;

/**
 * The heartbeat of one of several gateways on one database: every two seconds it says that it lives, learns how many others do, and has brought up to date whatever
 * they share. The only work that a gateway which is alone does for it.
 */
export class Beat {
  readonly id: string = randomUUID();
  readonly #database: Pick<Database, 'query'>;
  readonly #version: string;
  readonly #every: number;
  readonly #works: Beaten[] = [];
  #others = 0;
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> | null = null;
  #closed = false;

  constructor(
    database: Pick<Database, 'query'>,
    { version, pause = every }: { readonly version: string; readonly pause?: number },
  ) {
    this.#database = database;
    this.#version = version;
    this.#every = pause;
  }

  /** Other gateways that live, as of the last beat; while PostgreSQL is away as it was before. */
  get others(): number {
    return this.#others;
  }

  /** Work of each beat from now on. */
  add(work: Beaten): void {
    this.#works.push(work);
  }

  /** The first beat is done when it resolves. Throws GatewayError DatabaseUnavailable. */
  async start(): Promise<void> {
    this.#others = await keepInstance(this.#database, { id: this.id, version: this.#version });
    this.#later();
  }

  /** Now; or joins the one that runs. Never throws. */
  now(): Promise<void> {
    this.#running ??= this.#beat().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  /** After a last beat, where others live: what they were not told yet, as the rows of the last replies, would be forgotten. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer ?? undefined);
    await this.#running;
    if (this.#others > 0) {
      await this.now();
    }
    // Where PostgreSQL is away, the row is too old in ten seconds.
    await removeInstance(this.#database, this.id).catch(() => {});
  }

  #later(): void {
    if (this.#closed) {
      return;
    }
    this.#timer = setTimeout(() => void this.now().then(() => this.#later()), this.#every).unref();
  }

  async #beat(): Promise<void> {
    try {
      this.#others = await keepInstance(this.#database, { id: this.id, version: this.#version });
    } catch {
      // It is away, which others tell.
      return;
    }
    for (const work of this.#works) {
      await work(this.#others).catch(() => {});
    }
  }
}
