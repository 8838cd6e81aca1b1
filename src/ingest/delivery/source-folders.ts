import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Catalogue, Completion } from '../../catalogue/catalogue.ts';
import type { IdentifyOptions } from '../identify/identify-export.ts';
import { folded, sourceNamed, sourceNames } from '../identify/source-named.ts';

/** Files of refusals, which lie beside what was refused. */
export const reasonSuffix = '.reason.txt';

/** What folders say: the first one may be a source's name, all of them are held against the file rules. */
export function placeOf(below: string, catalogue: Catalogue): Pick<IdentifyOptions, 'source' | 'directory'> {
  const parts = below.split('/').slice(0, -1);
  const source = sourceNamed(parts[0], catalogue);
  return { ...(source === null ? {} : { source }), directory: parts.join('/') };
}

/** Makes the drop folder with one folder for each source, so that people see where files go. Throws what `mkdir` throws. */
export async function makeSourceFolders(root: string, catalogue: Catalogue, there: readonly string[]): Promise<void> {
  const have = new Set(there.map(folded));
  for (const name of sourceNames(catalogue)) {
    if (!have.has(folded(name))) {
      await mkdir(join(root, name), { recursive: true });
    }
  }
}

/** When a file counts as finished: as its source says; at the root of the drop folder, where that is not known yet, by the longest age. */
export function deliveryAt(below: string, catalogue: Catalogue): Completion {
  const { source } = placeOf(below, catalogue);
  const named = source === undefined ? undefined : catalogue.sources.get(source)?.delivery;
  if (named !== undefined) {
    return named;
  }
  const ages = [...catalogue.sources.values()].map(({ delivery }) => delivery?.minimumAgeSeconds ?? 0);
  return { minimumAgeSeconds: Math.max(0, ...ages), completeMark: null };
}

/** Names of the marks that say that a file is complete: `orders.csv.done` or `orders.done`. */
export function markNames(name: string, mark: string): readonly string[] {
  const dot = name.lastIndexOf('.');
  return [`${name}${mark}`, ...(dot > 0 ? [`${name.slice(0, dot)}${mark}`] : [])];
}

/** Whether a name is that of an unfinished upload, of a mark, or of a reason of ours: nothing to load. */
export function isLeftAlone(name: string, catalogue: Catalogue): boolean {
  const endings = [...catalogue.sources.values()].flatMap(({ files, delivery }) => [
    ...(files?.temporarySuffixes ?? []),
    ...[delivery?.completeMark ?? []].flat(),
  ]);
  const lower = name.toLowerCase();
  return lower.endsWith(reasonSuffix) || endings.some((ending) => lower.endsWith(ending.toLowerCase()));
}
