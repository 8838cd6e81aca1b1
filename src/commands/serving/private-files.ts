import type { Dirent, Stats } from 'node:fs';
import { constants } from 'node:fs';
import { lstat, open, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import type { Catalogue } from '../../catalogue/catalogue.ts';
import { type Config, secretFiles } from '../../config.ts';
import { signInSecrets } from '../../upstream/sign-in/check-sign-in.ts';
import type { Surroundings } from '../support/surroundings.ts';
import { takenFolders } from './kept-folders.ts';

/** What the gateway's own files may be read, written and entered by: their owner. */
const fileMode = 0o600;
const folderMode = 0o700;
/** Of a folder that others pass through, to the inbox below it or as the user of PostgreSQL. */
const passedMode = 0o711;

/** What `mendModes` has changed, and what it could not or would not. */
export interface MendedModes {
  readonly files: number;
  readonly folders: number;
  /** One sentence for each path that stays as it is. */
  readonly left: readonly string[];
}

type Places = Pick<Config, 'dataDir' | 'dropDir' | 'uploadDir' | 'databaseUrl'>;

/**
 * Takes the rights of group and others from what the gateway has written, by now or with an earlier version: files 0600, folders 0700. The inbox
 * of the drop folder keeps what the operator gave it, PostgreSQL minds its own folder, and links are not followed. DATA_DIR itself stays open to be
 * passed through (0711) where others deliver into an inbox below it, or where PostgreSQL runs as another user because we are root.
 */
export async function mendModes(config: Places): Promise<MendedModes> {
  const mended = { files: 0, folders: 0, left: [] as string[] };
  if (process.platform === 'win32') {
    return mended;
  }
  const { dataDir, dropDir, uploadDir } = config;
  await narrow(dataDir, (await isPassed(config)) ? passedMode : folderMode, mended);
  for (const { name } of await entriesOf(dataDir)) {
    if (ownNames.includes(name) || name.startsWith('metadata-of-backup-')) {
      await mendBelow(path.join(dataDir, name), mended);
    }
  }
  for (const folder of [uploadDir, ...takenFolders({ dropDir, uploadDir })]) {
    await mendBelow(folder, mended);
  }
  return mended;
}

/** Everything that is written into DATA_DIR itself, but for the drop folder and what belongs to PostgreSQL. */
const ownNames: readonly string[] = [
  ...['postgres.password', 'postgres.log', 'postgres.log.1', 'postgres.location', 'samples.begun'],
  ...['replies', 'spool', 'samples', 'uploads', 'upstream'],
];

async function isPassed({ dataDir, dropDir, databaseUrl }: Places): Promise<boolean> {
  if (process.getuid?.() === 0 && databaseUrl === null) {
    return true;
  }
  const below = path.relative(dataDir, dropDir);
  if (below.startsWith('..') || path.isAbsolute(below)) {
    return false;
  }
  const folders = (await entriesOf(dropDir))
    .filter((one) => one.isDirectory())
    .map(({ name }) => path.join(dropDir, name));
  const modes = await Promise.all([dropDir, ...folders].map((folder) => lstat(folder).catch(() => null)));
  return modes.some((one) => one !== null && (one.mode & 0o022) !== 0);
}

const entriesOf = (folder: string): Promise<readonly Dirent[]> =>
  readdir(folder, { withFileTypes: true }).catch(() => []);

type Mending = { files: number; folders: number; readonly left: string[] };

async function mendBelow(at: string, mended: Mending): Promise<void> {
  const found = await lstat(at).catch(() => null);
  if (found === null || found.isSymbolicLink()) {
    return;
  }
  await narrow(at, found.isDirectory() ? folderMode : fileMode, mended);
  for (const { name } of found.isDirectory() ? await entriesOf(at) : []) {
    await mendBelow(path.join(at, name), mended);
  }
}

/** Takes from a path whatever bit of its mode `most` has not. */
async function narrow(at: string, most: number, mended: Mending): Promise<void> {
  const found = await lstat(at).catch(() => null);
  if (found === null || !(found.isFile() || found.isDirectory()) || (found.mode & 0o777 & ~most) === 0) {
    return;
  }
  if (found.isDirectory() && isShared(at, found)) {
    mended.left.push(`${at} is shared by others (${octal(found)}): give the gateway a folder of its own`);
    return;
  }
  try {
    // By a handle, so that nothing that took its place meanwhile is changed.
    const handle = await open(at, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      await handle.chmod(found.mode & most);
    } finally {
      await handle.close();
    }
    mended[found.isDirectory() ? 'folders' : 'files'] += 1;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    mended.left.push(`${at} can be read by others (${octal(found)}), and cannot be closed to them: ${reason}`);
  }
}

/** A folder such as /tmp, or the root of a file system. */
const isShared = (folder: string, { mode }: Stats): boolean => (mode & 0o1000) !== 0 || path.dirname(folder) === folder;

const octal = ({ mode }: Pick<Stats, 'mode'>): string => `0${(mode & 0o7777).toString(8)}`;

/** One sentence for each file of secrets that every user of this machine can read, or others than its owner can change. */
export async function openSecrets(files: readonly SecretFile[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const { setting, file } of process.platform === 'win32' ? [] : files) {
    // Of the file that is read, so links are followed.
    const mode = await stat(file).then(
      (one) => one.mode & 0o777,
      () => 0,
    );
    if ((mode & 0o026) !== 0) {
      const what = (mode & 0o022) === 0 ? 'read' : 'changed';
      found.push(
        `${setting}: ${file} can be ${what} by other users of this machine (${octal({ mode })}): chmod 600 it, or 640 for a group`,
      );
    }
  }
  return found;
}

export interface SecretFile {
  /** The setting, or the source, that names it. */
  readonly setting: string;
  readonly file: string;
}

/** Files with what is signed in with at proxied feeds and at servers of files, as the metadata names them. */
export function secretsOf({ sources }: Pick<Catalogue, 'sources'>): readonly SecretFile[] {
  return [...sources.values()].flatMap(({ name, upstream, deliveries = [] }) => {
    const signIn = upstream === undefined ? [] : signInSecrets(upstream.signIn).map(([, place]) => place);
    const logins = deliveries.flatMap(({ password, privateKey, passphrase }) => [password, privateKey, passphrase]);
    return [...signIn, ...logins].flatMap((place) =>
      place?.kind === 'file' ? [{ setting: name, file: place.path }] : [],
    );
  });
}

const counted = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`;

/** What there is none of is not told. */
const closedText = (files: number, folders: number): string =>
  [...(files === 0 ? [] : [counted(files, 'file')]), ...(folders === 0 ? [] : [counted(folders, 'folder')])].join(
    ' and ',
  );

/** Closes what is open, and tells it; also what is open still. */
export async function keepPrivate(
  { config, environment, print, observe }: Surroundings,
  catalogue: Pick<Catalogue, 'sources'>,
): Promise<void> {
  const { files, folders, left } = await mendModes(config);
  const closed = files + folders;
  const told = [
    ...(closed === 0
      ? []
      : [`${closedText(files, folders)} of the gateway could be read by others; only the owner can now`]),
    ...left,
    ...(await openSecrets([...secretFiles(environment), ...secretsOf(catalogue)])),
  ];
  for (const message of told) {
    print(`warning: ${message}`);
    observe({ event: 'file-rights', message });
  }
}
