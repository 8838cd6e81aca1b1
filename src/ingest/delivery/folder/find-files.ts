import { readdir, stat } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import type { Catalogue } from '../../../catalogue/catalogue.ts';
import { timeOfName } from '../../../catalogue/name-time.ts';
import { GatewayError } from '../../../errors.ts';
import { fileNameFault } from '../file-name.ts';
import { isLeftAlone } from '../source-folders.ts';

/** A file that may be loaded. */
export interface FoundFile {
  readonly path: string;
  /** Path below the folder that was searched, `/` as separator. */
  readonly below: string;
  readonly size: number;
  readonly modifiedMs: number;
  /** Differs when the file was written to, replaced or given other times, whatever its modification time says. */
  readonly fingerprint: string;
  /** Milliseconds: what its name says, else when it was changed. Orders deliveries; the exact rule is the export's. */
  readonly time: number;
}

/** Something in a folder that cannot be loaded as it lies there, and why. */
export interface PassedOver {
  /** Path below the folder that was searched; bytes that are no UTF-8 as `\xHH`. */
  readonly below: string;
  readonly message: string;
}

export interface FoundFiles {
  /** Oldest first. */
  readonly files: readonly FoundFile[];
  readonly passedOver: readonly PassedOver[];
  /** Unfinished uploads, marks of complete files and reasons: their paths by `below` in lower case. */
  readonly leftAlone: ReadonlyMap<string, string>;
}

export interface FindOptions {
  readonly catalogue: Catalogue;
  /** Names directly below the searched folder that are left out, in any case. */
  readonly except?: readonly string[];
}

/**
 * Files in a folder and all below it. Left out without a word: hidden files, unfinished uploads (temporary suffixes
 * of any source), marks of complete files, and reasons of refusals. Links, names that cannot be taken and folders that cannot be
 * read are told. Throws FileUnreadable when the folder itself cannot be read.
 */
export async function findFiles(folder: string, options: FindOptions): Promise<FoundFiles> {
  const root = resolve(folder);
  const except = new Set(options.except?.map((name) => name.toLowerCase()));
  const files: FoundFile[] = [];
  const passedOver: PassedOver[] = [];
  const leftAlone = new Map<string, string>();
  const visit = async (directory: string): Promise<void> => {
    const pass = (name: string, message: string): void =>
      void passedOver.push({ below: below(root, join(directory, name)), message });
    for (const entry of await readdir(directory, { withFileTypes: true, encoding: 'buffer' })) {
      const name = entry.name.toString();
      const path = join(directory, name);
      if (name.startsWith('.') || (directory === root && except.has(name.toLowerCase()))) {
        continue;
      }
      const fault = fileNameFault(name);
      if (!Buffer.from(name).equals(entry.name)) {
        pass(readable(entry.name), 'its name is no UTF-8: rename it');
      } else if (fault !== null) {
        pass(readable(entry.name), `its name ${fault}: rename it`);
      } else if (entry.isDirectory()) {
        await visit(path).catch((error: unknown) => pass(name, `the folder cannot be read: ${reasonOf(error)}`));
      } else if (isLeftAlone(name, options.catalogue)) {
        leftAlone.set(below(root, path).toLowerCase(), path);
      } else if (entry.isFile()) {
        const file = await describe(root, path);
        if (file !== null) {
          files.push(file);
        }
      } else {
        pass(name, `it is ${entry.isSymbolicLink() ? 'a link' : 'no ordinary file'}: put the file itself there`);
      }
    }
  };
  await visit(root).catch((cause: unknown) => {
    throw new GatewayError('FileUnreadable', `${folder} cannot be read: ${reasonOf(cause)}`, { target: folder, cause });
  });
  files.sort((a, b) => a.time - b.time || (a.path < b.path ? -1 : 1));
  return { files, passedOver, leftAlone };
}

const second = 1_000_000_000n;

/** One file of the found form; null: it is gone or no file. */
export async function describe(root: string, path: string): Promise<FoundFile | null> {
  const stats = await stat(path, { bigint: true }).catch(() => null);
  if (stats === null || !stats.isFile()) {
    return null;
  }
  const { size, mtimeNs, ctimeNs, ino, dev } = stats;
  const place = below(root, path);
  const name = place.slice(place.lastIndexOf('/') + 1);
  // As `Stats.mtime` rounds it, which is what the ledger has; that of big integers is cut.
  const modifiedMs = Math.trunc(Number(mtimeNs / second) * 1000 + Number(mtimeNs % second) / 1e6 + 0.5);
  const time = timeOfName(name, 'utc')?.getTime() ?? modifiedMs;
  return {
    path,
    below: place,
    size: Number(size),
    modifiedMs,
    fingerprint: [size, mtimeNs, ctimeNs, ino, dev].join(':'),
    time,
  };
}

const below = (root: string, path: string): string => relative(root, path).split(sep).join('/');
const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Bytes of a name for people: what is no ASCII is spelled out. */
function readable(name: Buffer): string {
  const shown = [...name].map((byte) =>
    byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`,
  );
  return shown.join('');
}
