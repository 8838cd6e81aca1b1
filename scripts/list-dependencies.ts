/**
 * `npx tsx scripts/list-dependencies.ts [--advisories]`: version and licence of each package that the program needs to run, from the lock file and what is installed. With
 * `--advisories` npm asks its registry for known faults of them as well. Exit code 1: a licence that is not on the list, or an advisory of level high.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';

/** Licences that ask for nothing but their notice. */
const allowed =
  /^(?:MIT|ISC|Apache-2\.0|BSD-[23]-Clause|0BSD|BlueOak-1\.0\.0|CC0-1\.0|Unlicense|PostgreSQL|Python-2\.0)$/;

interface Locked {
  readonly version?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
}

const root = path.resolve(import.meta.dirname, '..');
const { packages } = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')) as {
  readonly packages: Readonly<Record<string, Locked>>;
};

/** Of the lock file, else of the package itself; null: neither says, as it is not installed on this platform. */
function licenceOf(folder: string, { license }: Locked): string | null {
  if (license !== undefined) {
    return license;
  }
  try {
    const found = JSON.parse(readFileSync(path.join(root, folder, 'package.json'), 'utf8')) as {
      readonly license?: unknown;
      readonly licenses?: readonly { readonly type?: unknown }[];
    };
    // Packages of before 2014 have a list.
    const licence = found.license ?? found.licenses?.[0]?.type;
    return typeof licence === 'string' ? licence : null;
  } catch {
    return null;
  }
}

const isAllowed = (licence: string): boolean =>
  licence
    .replace(/^\((.*)\)$/, '$1')
    .split(' OR ')
    .some((one) => one.split(' AND ').every((part) => allowed.test(part)));

let bad = 0;
for (const [folder, locked] of Object.entries(packages)) {
  if (folder === '' || locked.dev === true) {
    continue;
  }
  const licence = licenceOf(folder, locked);
  const fits = licence === null ? locked.optional === true : isAllowed(licence);
  bad += fits ? 0 : 1;
  const name = folder.replace(/^.*node_modules\//, '');
  console.log(`${name} ${locked.version ?? ''} ${licence ?? 'not installed here'}${fits ? '' : '  <- look at it'}`);
}
if (process.argv.includes('--advisories')) {
  const { stdout, status } = spawnSync('npm', ['audit', '--omit=dev', '--audit-level=high'], {
    cwd: root,
    encoding: 'utf8',
  });
  console.log(stdout);
  bad += status === 0 ? 0 : 1;
}
process.exitCode = bad === 0 ? 0 : 1;
