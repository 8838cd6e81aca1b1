import type { Catalogue } from '../../../catalogue/catalogue.ts';
import type { Member } from '../../container/container.ts';
import { isLitter } from '../../container/member-names.ts';
import type { LoadOptions } from '../../load/load-file.ts';
import { isLeftAlone, placeOf } from '../source-folders.ts';

/** Whether a member is surely no file to load: what systems and people put beside, and what a folder would leave alone, too. */
export function isPassedOver({ path, name, refusal }: Member, catalogue: Catalogue): boolean {
  return isLitter(path) || (refusal === null && isLeftAlone(name, catalogue));
}

/** What the place of a member says of it: as if its container were unpacked where it lies. `below`: path of the container below its delivery. */
export function memberTarget(
  { path }: Member,
  container: Pick<LoadOptions, 'source' | 'directory'> & { readonly below: string },
  catalogue: Catalogue,
): LoadOptions {
  const { below, directory = '', source } = container;
  const place = placeOf(`${folderOf(below)}${path}`, catalogue);
  return {
    ...(source === undefined && place.source !== undefined ? { source: place.source } : {}),
    directory: [directory, folderOf(path).slice(0, -1)].filter((part) => part !== '').join('/'),
    below: `${below}/${path}`,
  };
}

/** With a slash at its end; empty: none. */
const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/') + 1);
