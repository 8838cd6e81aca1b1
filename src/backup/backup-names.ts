import { readdir } from 'node:fs/promises';
import path from 'node:path';

/** What a backup is called where a folder was named for it: names in their order are in that of the moments. */
export const backupName = (made: Date): string => `gateway-${made.toISOString().replace(/[-:]|\.\d+/g, '')}.backup.zip`;

const named = /^gateway-\d{8}T\d{6}Z\.backup\.zip$/;
/** File names said at most. */
const mostSaid = 5;

/** For whoever named a folder where a backup was to be named: which one of those in it to take. The times of files are not asked, since copies have others. */
export async function whichBackup(folder: string): Promise<string> {
  const files = (await readdir(folder, { withFileTypes: true })).filter((entry) => !entry.isDirectory());
  const zips = files.map(({ name }) => name).filter((name) => name.endsWith('.zip'));
  const newest = zips
    .filter((name) => named.test(name))
    .sort()
    .at(-1);
  if (newest !== undefined) {
    return `the newest backup in it is ${path.join(folder, newest)}`;
  }
  const said = zips.sort().slice(0, mostSaid).join(', ');
  const more = zips.length > mostSaid ? ` and ${zips.length - mostSaid} more` : '';
  return zips.length === 0 ? 'no backup lies in it' : `name one of its files (${said}${more})`;
}
