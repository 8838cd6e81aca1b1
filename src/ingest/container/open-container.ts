import type { Catalogue } from '../../catalogue/catalogue.ts';
import { type FileFacts, readHead } from '../csv/file-facts.ts';
import { matchesRule } from '../identify/identify-export.ts';
import type { Container } from './container.ts';
import { isGzip, openGzip } from './gzip.ts';
import { defaultLimits, type UnpackLimits } from './limits.ts';
import { isZip, openZip } from './zip.ts';

export interface OpenOptions {
  /** Folders that rules match on, `/` between. */
  readonly directory?: string;
  readonly limits?: UnpackLimits;
}

/**
 * The container that a file is, by its bytes; null: it is none that is taken apart. Throws ContainerDamaged, ContainerTooLarge and MemberNotTaken for one that
 * cannot be opened at all, FileUnreadable.
 */
export async function openContainer(
  catalogue: Catalogue,
  facts: FileFacts,
  { directory = '', limits = defaultLimits }: OpenOptions = {},
): Promise<Container | null> {
  const head = await readHead(facts.path, 4);
  if (isGzip(head)) {
    const known = (name: string): boolean =>
      catalogue.exports.some((one) => matchesRule(one, directory === '' ? name : `${directory}/${name}`));
    return openGzip(facts, limits, known);
  }
  return isZip(head) ? openZip(facts, limits) : null;
}
