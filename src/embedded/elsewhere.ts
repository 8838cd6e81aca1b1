import { existsSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Absolute folders, as in `ClusterFolders`. */
interface Places {
  readonly dataDir: string;
  readonly state: string;
  readonly cluster: string;
}

/** In the data folder: says for people, and for the next start, where its database lies. */
const signpost = 'postgres.location';
/** Beside the database: the data folder that it belongs to, which had a signpost. */
const owner = 'data-folder';

/** Whether the database could not lie in its data folder (see `embedded-folders.ts`). */
export function liesElsewhere({ state, dataDir }: Places): boolean {
  return state !== dataDir;
}

/**
 * Whether the data folder was deleted that the database elsewhere belongs to: who deletes `data/` begins anew, wherever
 * its database lies. A folder that is there and never had a signpost is one of an earlier version.
 */
export function outlivedDataFolder(folders: Places): boolean {
  if (!liesElsewhere(folders) || !existsSync(path.join(folders.cluster, 'PG_VERSION'))) {
    return false;
  }
  if (existsSync(path.join(folders.dataDir, signpost))) {
    return false;
  }
  return !existsSync(folders.dataDir) || existsSync(path.join(folders.state, owner));
}

/** Renames the database of a deleted data folder, which frees its place and loses nothing. Returns its new folder. */
export function setAside({ cluster }: Places): string {
  const aside = `${cluster}.of-deleted-data-folder-${new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '')}`;
  renameSync(cluster, aside);
  return aside;
}

/** Writes both signs where the database lies elsewhere; the signpost comes first, so that a crash between sets nothing aside. */
export function signElsewhere(folders: Places): void {
  if (!liesElsewhere(folders)) {
    return;
  }
  const sign = path.join(folders.dataDir, signpost);
  if (!existsSync(sign)) {
    writeFileSync(
      sign,
      `The database of this data folder lies in ${folders.cluster}\nbecause the user that PostgreSQL runs as cannot pass through a folder above this one. Both belong together.\n`,
    );
  }
  writeFileSync(path.join(folders.state, owner), `${folders.dataDir}\n`);
}
