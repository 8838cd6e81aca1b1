import type { Catalogue } from '../../catalogue/catalogue.ts';

/** How people write a name: case, and blanks, underscores and hyphens, make no other folder. */
export const folded = (name: string): string =>
  name
    .normalize('NFC')
    .toLowerCase()
    .replace(/[\s_-]+/g, '-');

/** The source of files that a folder is named after; null: none, or nobody can tell which. */
export function sourceNamed(folder: string | undefined, catalogue: Catalogue): string | null {
  if (folder === undefined) {
    return null;
  }
  if (catalogue.sources.get(folder)?.kind === 'files') {
    return folder;
  }
  const [found, another] = sourceNames(catalogue).filter((name) => folded(name) === folded(folder));
  return another === undefined ? (found ?? null) : null;
}

export const sourceNames = (catalogue: Catalogue): readonly string[] =>
  [...catalogue.sources.values()].filter(({ kind }) => kind === 'files').map(({ name }) => name);
