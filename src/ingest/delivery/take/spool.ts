import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import type { Spool } from '../delivery.ts';

/** How the name of each folder of a spool begins. */
export const spoolNames = 'gateway-spool-';

/** A name for this machine, or this container, that a file may have. */
export const machine = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);

/** A spool that makes a folder of its own when it is asked for one: deliveries whose files lie on this machine need none. */
export class FolderSpool implements Spool {
  readonly #parent: string;
  #folder: string | null = null;

  /** `parent`: where folders are made; absent: the system's folder for temporary files. */
  constructor(parent: string = tmpdir()) {
    this.#parent = parent;
  }

  async place(): Promise<string> {
    this.#folder ??= await mkdtemp(path.join(this.#parent, `${spoolNames}${machine}-${process.pid}-`));
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
