import { readdir, stat } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import type { Catalogue } from '../../catalogue/catalogue.ts';
import { GatewayError } from '../../errors.ts';
import type { IdentifyOptions } from '../identify/identify-export.ts';
import { stampOfName } from '../identify/period.ts';

/** A file that may be loaded. */
export interface FoundFile {
  readonly path: string;
  /** Path below the folder that was searched, `/` as separator. */
  readonly below: string;
  readonly size: number;
  readonly modifiedMs: number;
  /** Milliseconds: what its name says, else when it was changed. Orders deliveries; the exact rule is the export's. */
  readonly time: number;
}

export interface FindOptions {
  readonly catalogue: Catalogue;
  /** Folders directly below the searched one that are left out. */
  readonly except?: readonly string[];
}

/**
 * Files in a folder and all below it, oldest first. Left out: hidden files, links, unfinished uploads (temporary
 * suffixes of any source) and reasons of refusals. Throws FileUnreadable.
 */
export async function findFiles(folder: string, options: FindOptions): Promise<readonly FoundFile[]> {
  const root = resolve(folder);
  const suffixes = temporarySuffixes(options.catalogue);
  const found: FoundFile[] = [];
  const visit = async (directory: string): Promise<void> => {
    for (const entry of await readdir(directory, { withFileTypes: true })) {
      const path = join(directory, entry.name);
      if (entry.name.startsWith('.')) continue;
      if (entry.isDirectory()) {
        if (directory !== root || !options.except?.includes(entry.name)) await visit(path);
      } else if (entry.isFile() && !isUnfinished(entry.name, suffixes)) {
        const file = await describe(root, path);
        if (file !== null) found.push(file);
      }
    }
  };
  await visit(root).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new GatewayError('FileUnreadable', `${folder} cannot be read: ${reason}`, { target: folder, cause });
  });
  return found.sort((a, b) => a.time - b.time || (a.path < b.path ? -1 : 1));
}

/** One file of the found form; null: it is gone or no file. */
export async function describe(root: string, path: string): Promise<FoundFile | null> {
  const stats = await stat(path).catch(() => null);
  if (stats === null || !stats.isFile()) return null;
  const below = relative(root, path).split(sep).join('/');
  const name = below.slice(below.lastIndexOf('/') + 1);
  const time = stampOfName(name, 'utc')?.getTime() ?? stats.mtimeMs;
  return { path, below, size: stats.size, modifiedMs: stats.mtimeMs, time };
}

/** What folders say: the first one may be a source's name, all of them are held against the file rules. */
export function placeOf(below: string, catalogue: Catalogue): Pick<IdentifyOptions, 'source' | 'directory'> {
  const parts = below.split('/').slice(0, -1);
  const [first] = parts;
  const source = first !== undefined && catalogue.sources.get(first)?.kind === 'files' ? { source: first } : {};
  return { ...source, directory: parts.join('/') };
}

function temporarySuffixes(catalogue: Catalogue): readonly string[] {
  return [...catalogue.sources.values()].flatMap((source) => source.files?.temporarySuffixes ?? []);
}

function isUnfinished(name: string, suffixes: readonly string[]): boolean {
  const lower = name.toLowerCase();
  return lower.endsWith('.reason.txt') || suffixes.some((suffix) => lower.endsWith(suffix.toLowerCase()));
}
