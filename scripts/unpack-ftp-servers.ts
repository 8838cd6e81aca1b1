/**
 * Unpacks the FTP and SFTP servers of Debian that tests use where they are there, on a Debian machine with apt: vsftpd, pure-ftpd and ProFTPD with its TLS, which
 * cannot be installed beside each other, and sshd. Nothing is installed or started; `test/support/servers/real-servers.ts` starts them on loopback.
 *
 *   npx tsx scripts/unpack-ftp-servers.ts
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** Servers, and the libraries of theirs that a small Debian does not have. */
const packages = [
  ...['vsftpd', 'pure-ftpd', 'proftpd-core', 'proftpd-mod-crypto', 'openssh-server', 'openssh-sftp-server'],
  ...[
    'libwrap0',
    'libhiredis0.14',
    'libmemcached11',
    'libmemcachedutil2',
    'libhashkit2',
    'libpcre2-posix3',
    'libsasl2-2',
    'libsodium23',
  ],
];
const folder = fileURLToPath(new URL('../test/servers/.unpacked/', import.meta.url));

const downloads = mkdtempSync(path.join(tmpdir(), 'gateway-servers-'));
try {
  try {
    execFileSync('apt-get', ['download', ...packages], { cwd: downloads, stdio: ['ignore', 'ignore', 'inherit'] });
  } catch {
    console.error(
      'apt-get could not download them, see above. Where it cannot find packages, run "apt-get update" first.',
    );
    rmSync(downloads, { recursive: true, force: true });
    process.exit(1);
  }
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(downloads)) {
    console.error(name);
    execFileSync('dpkg', ['-x', path.join(downloads, name), folder]);
  }
} finally {
  rmSync(downloads, { recursive: true, force: true });
}
