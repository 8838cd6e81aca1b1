import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type GatewayError, operatorMessage } from '../../../errors.ts';
import { markNames, reasonSuffix } from '../source-folders.ts';
import { besideName, moveFile } from './move-file.ts';
import type { Notices } from './notices.ts';

export const loadedFolder = 'loaded';
export const refusedFolder = 'refused';

/** Puts files of a drop folder where they belong: `loaded/`, or `refused/` with the reason beside them. */
export class PutAway {
  readonly #root: string;
  readonly #notices: Notices;

  constructor(root: string, notices: Notices) {
    this.#root = root;
    this.#notices = notices;
  }

  /** Resolves to where it lies then. Throws what moving throws, where the folder cannot be written. */
  move(path: string, folder: string, below: string): Promise<string> {
    return moveFile(path, join(this.#root, folder), below);
  }

  /** The refusal is in the ledger and in the log: where the reason cannot be written, the file was refused all the same. */
  async writeReason(path: string, error: GatewayError): Promise<void> {
    await writeFile(besideName(path, reasonSuffix), reasonText(error)).catch((cause: unknown) => {
      const reason = cause instanceof Error ? cause.message : String(cause);
      this.#notices.tell('not-movable', path, `The reason could not be written beside ${path}: ${reason}`);
    });
  }

  async removeReason(path: string): Promise<void> {
    await rm(besideName(path, reasonSuffix), { force: true });
  }

  /** The mark that said of a file that it was complete goes along with it. `leftAlone`: paths by what lies below the root, in lower case. */
  async moveMark(
    { below, completeMark }: { readonly below: string; readonly completeMark: string | null },
    movedTo: string,
    leftAlone: ReadonlyMap<string, string>,
  ): Promise<void> {
    if (completeMark === null) {
      return;
    }
    for (const name of markNames(below, completeMark)) {
      const mark = leftAlone.get(name.toLowerCase());
      if (mark !== undefined) {
        await moveFile(mark, this.#root, besideName(movedTo, completeMark).slice(this.#root.length)).catch(() => {});
      }
    }
  }

  tellNotMovable(cause: unknown): void {
    const reason = cause instanceof Error ? cause.message : String(cause);
    this.#notices.tell(
      'not-movable',
      '',
      `Files that were taken in cannot be moved out of ${this.#root} (${reason}). They are not taken in again; make the folder writable, and they are moved.`,
    );
  }
}

/** What an operator finds beside a refused file. */
export function reasonText(error: GatewayError): string {
  const details = error.details.map((line) => `${line}\n`).join('');
  return `${error.code}\n\n${operatorMessage(error)}\n${details}\nWhat to do: ${error.remedy}\nThen put the file back into the drop folder, or load it by hand with gateway ingest.\n`;
}
