import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Spool } from './delivery.ts';

/** A spool that makes a folder of its own when it is asked for one: deliveries whose files lie on this machine need none. */
export class FolderSpool implements Spool {
  readonly #parent: string;
  #folder: string | null = null;

  /** `parent`: where folders are made; absent: the system's folder for temporary files. */
  constructor(parent: string = tmpdir()) {
    this.#parent = parent;
  }

  async place(): Promise<string> {
    this.#folder ??= await mkdtemp(path.join(this.#parent, 'gateway-spool-'));
    return path.join(this.#folder, 'file');
  }

  /** Removes what was written. */
  async clear(): Promise<void> {
    if (this.#folder !== null) {
      await rm(this.#folder, { recursive: true, force: true });
      this.#folder = null;
    }
  }
}
