import { stat } from 'node:fs/promises';
import { basename, dirname, resolve, sep } from 'node:path';
import type { Catalogue } from '../../../catalogue/catalogue.ts';
import { timeOfName } from '../../../catalogue/name-time.ts';
import { matchesRule } from '../../identify/identify-export.ts';
import { namedTime, periodOfName } from '../../identify/period.ts';
import type { LoadOptions } from '../../load/load-file.ts';
import { findFiles, type PassedOver } from '../folder/find-files.ts';
import { placeOf } from '../source-folders.ts';

/** A file that was named, or lies in a folder that was. */
export interface PathFile {
  readonly path: string;
  /** null: it cannot be looked at, and trying to load it says why. */
  readonly size: number | null;
  readonly modifiedMs: number;
  /** Milliseconds: what its name says of what is in it, else when it was changed. */
  readonly time: number;
  readonly place: Pick<LoadOptions, 'source' | 'directory'> & { readonly below: string };
}

export interface PathFiles {
  /** Those first that speak of earlier times; each once. */
  readonly files: readonly PathFile[];
  /** What lies there and is no file to load, and why. */
  readonly passedOver: readonly PassedOver[];
}

/** All files that were named, and all in the folders that were: a folder directly below one of these may name the source. Throws FileUnreadable for a folder that cannot be read. */
export async function pathFiles(catalogue: Catalogue, paths: readonly string[]): Promise<PathFiles> {
  const found = new Map<string, PathFile>();
  const passedOver: PassedOver[] = [];
  for (const path of paths) {
    const stats = await stat(path).catch(() => null);
    if (stats?.isDirectory() !== true) {
      const place = { below: basename(path), directory: foldersAbove(path) };
      const modifiedMs = stats?.mtime.getTime() ?? 0;
      const time = timeOf(catalogue, place, modifiedMs);
      found.set(resolve(path), { path, size: stats?.size ?? null, modifiedMs, time, place });
      continue;
    }
    const outer = slashed(resolve(path));
    const folder = await findFiles(path, { catalogue });
    passedOver.push(...folder.passedOver);
    for (const file of folder.files) {
      const { directory = '', ...named } = placeOf(file.below, catalogue);
      const inside = [outer, directory].filter((part) => part !== '').join('/');
      const place = { ...named, below: file.below, directory: inside };
      const time = timeOf(catalogue, place, file.modifiedMs);
      found.set(file.path, { path: file.path, size: file.size, modifiedMs: file.modifiedMs, time, place });
    }
  }
  const order = (a: PathFile, b: PathFile): number =>
    a.time - b.time || a.modifiedMs - b.modifiedMs || (a.path < b.path ? -1 : 1);
  const files = [...found.values()].sort(order);
  return { files, passedOver };
}

/** When it speaks, as far as its name says so: by the rules of its export first, and of the file in a `.gz`. */
function timeOf(catalogue: Catalogue, { below, directory = '' }: PathFile['place'], modifiedMs: number): number {
  const name = basename(below).replace(/\.gz$/i, '');
  for (const one of catalogue.exports) {
    const time = matchesRule(one, `${directory}/${name}`)
      ? (periodOfName(one, name)?.end ?? namedTime(one, name))
      : null;
    if (time !== null) {
      return time.getTime();
    }
  }
  return timeOfName(name, 'utc')?.getTime() ?? modifiedMs;
}

const slashed = (path: string): string => path.split(sep).join('/');

/** The folders above a file that was named, which file rules are held against. */
export const foldersAbove = (path: string): string => slashed(dirname(resolve(path)));
