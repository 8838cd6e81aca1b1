import { execFileSync } from 'node:child_process';
import { cpSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { filesBelow } from '../../ingest/support/backfill.ts';
import { newKey, password, serverFolder, user } from '../../ingest/support/remote.ts';
import { metadataFolder } from '../../support/gateway.ts';
import { ownFtp } from '../../support/servers/own-ftp.ts';
import { ownSftp } from '../../support/servers/own-sftp.ts';
import { realServer, whyNot } from '../../support/servers/real-servers.ts';

/** Files of all sources, at an FTP and at an SFTP server, which is that of the second source. */
export interface FileServers {
  /** Metadata whose deliveries delete what was taken in, and the secrets that they name. */
  readonly environment: Readonly<Record<string, string>>;
  /** Files that were not taken in. */
  left(): number;
  /** How often somebody has logged in. */
  sessions(): number;
  close(): Promise<void>;
}

interface Running {
  readonly root: string;
  readonly port: number;
  readonly user: string;
  sessions(): number;
  close(): Promise<void>;
}

/** In words: which servers `serveFiles` starts. */
export const whichServers = (['proftpd', 'sshd'] as const)
  .map((name) => (whyNot(name) === null ? name : `a server of our own, as ${whyNot(name)}`))
  .join(' and ');

/**
 * Servers with a copy of these files, with their times.
 * @param folder gives a new one for metadata and keys
 */
export async function serveFiles(
  files: string,
  folder: () => string,
  options: Readonly<Record<string, unknown>> = {},
): Promise<FileServers> {
  const metadata = folder();
  const [host, ours] = [newKey(), newKey()];
  const keyFile = path.join(folder(), 'key');
  writeFileSync(keyFile, ours.secret, { mode: 0o600 });
  const ftp = await startFtp();
  const sftp = await startSftp(host.secret, ours.line);
  cpSync(metadataFolder, metadata, { recursive: true });
  const places: string[] = [];
  for (const [index, source] of (['tracebuzz', 'sparkcentral', 'hootsuite-inbox'] as const).entries()) {
    const server = index === 1 ? sftp : ftp;
    const place = path.join(server.root, source);
    places.push(place);
    cpSync(path.join(files, source), place, { recursive: true, preserveTimestamps: true });
    // The servers of Debian serve as this user.
    if (process.getuid?.() === 0) {
      execFileSync('chown', ['-R', 'nobody', place]);
    }
    const login =
      index === 1
        ? { kind: 'sftp', hostKey: host.fingerprint, privateKey: { file: keyFile } }
        : { kind: 'ftp', password: { env: 'SERVER_SECRET' } };
    const delivery = {
      ...{ ...login, host: '127.0.0.1', port: server.port, user: server.user, directory: source },
      ...{ recursive: true, minimumAgeSeconds: 0, afterLoad: 'delete', ...options },
    };
    writeFileSync(path.join(metadata, source, 'deliveries.yaml'), JSON.stringify({ deliveries: [delivery] }));
  }
  return {
    environment: { METADATA_DIR: metadata, SERVER_SECRET: password, SAMPLES: 'off' },
    left: () => places.flatMap((place) => filesBelow(place)).length,
    sessions: () => ftp.sessions() + sftp.sessions(),
    close: async () => {
      await Promise.all([ftp.close(), sftp.close()]);
    },
  };
}

async function startFtp(): Promise<Running> {
  if (whyNot('proftpd') === null) {
    return realServer('proftpd', { user, password });
  }
  const root = serverFolder();
  const { port, manners, close } = await ownFtp({ root, user, password });
  return { root, port, user, sessions: () => manners.logins, close };
}

async function startSftp(hostKey: string, authorized: string): Promise<Running> {
  if (whyNot('sshd') === null) {
    return realServer('sshd', { hostKey, authorized: [authorized] });
  }
  const root = serverFolder();
  const { port, manners, close } = await ownSftp({ root, user, password, hostKey, authorized: [authorized] });
  return { root, port, user, sessions: () => manners.logins, close };
}
