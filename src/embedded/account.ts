import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { GatewayError } from '../errors.ts';
import { useDatabaseUrl } from './use-database-url.ts';

/** The operating system user that runs the server. PostgreSQL refuses to run as root. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/**
 * The account for a server over `clusterFolder`: null means "the user of this process". As root: the owner of a cluster
 * that is already there, else `postgres`, else `nobody`. A numeric uid alone is not enough: initdb looks the user up in
 * the password database and stops with "user does not exist" (tried with 18.4). Throws EmbeddedServerUnavailable.
 */
export function serverAccount(clusterFolder: string, known: readonly Account[] = passwordEntries()): Account | null {
  if (process.getuid?.() !== 0) {
    return null;
  }
  const owner = ownerOf(clusterFolder);
  const owned = owner === null || owner === 0 ? undefined : known.find((entry) => entry.uid === owner);
  const names = ['postgres', '_postgres', 'nobody'];
  const account = owned ?? names.flatMap((name) => known.filter((entry) => entry.name === name && entry.uid !== 0))[0];
  if (account !== undefined) {
    return account;
  }
  throw new GatewayError(
    'EmbeddedServerUnavailable',
    `PostgreSQL does not run as root, and this machine has neither a user "postgres" nor "nobody" to run it as: start the gateway as an ordinary user. ${useDatabaseUrl}`,
  );
}

/** Whether the account may pass through every folder above and including `folder`, judged by mode bits. */
export function canReach(account: Account, folder: string): boolean {
  for (let at = path.resolve(folder); ; at = path.dirname(at)) {
    if (!mayEnter(account, at)) {
      return false;
    }
    if (path.dirname(at) === at) {
      return true;
    }
  }
}

function mayEnter(account: Account, folder: string): boolean {
  const stat = statSync(folder, { throwIfNoEntry: false });
  if (stat === undefined) {
    return true;
  }
  const bit = stat.uid === account.uid ? 0o100 : stat.gid === account.gid ? 0o010 : 0o001;
  return (stat.mode & bit) !== 0;
}

function ownerOf(folder: string): number | null {
  return statSync(path.join(folder, 'PG_VERSION'), { throwIfNoEntry: false })?.uid ?? null;
}

function passwordEntries(): readonly Account[] {
  let text = '';
  try {
    text = readFileSync('/etc/passwd', 'utf8');
  } catch {
    // A container without the file has no account to offer; the caller says so.
  }
  return text.split('\n').flatMap((line) => {
    const [name, , uid, gid] = line.split(':');
    return name === undefined || uid === undefined || gid === undefined
      ? []
      : [{ name, uid: Number(uid) >>> 0, gid: Number(gid) >>> 0 }];
  });
}
