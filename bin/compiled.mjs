// The compiled program beside its sources: is it what the sources say, and making it so. No dependencies.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { writeConsole } from './console-bundle.mjs';

const stampOf = (root) => path.join(root, 'dist', '.compiled-from');

/** Changes with every change of a source file: names, sizes and times of all of them, and what the compiler is told. */
function fingerprint(root) {
  const hash = createHash('sha256');
  const files = readdirSync(path.join(root, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name));
  const others = ['tsconfig.json', 'tsconfig.build.json', 'package-lock.json', path.join('bin', 'console-bundle.mjs')];
  files.push(...others.map((name) => path.join(root, name)));
  for (const file of files.sort()) {
    const { size, mtimeMs } = statSync(file);
    hash.update(`${file}\0${size}\0${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

/** Whether `dist` was compiled from the sources as they are now. */
export function isFresh(root) {
  try {
    return existsSync(path.join(root, 'dist', 'main.js')) && readFileSync(stampOf(root), 'utf8') === fingerprint(root);
  } catch {
    return false;
  }
}

/**
 * Compiles where the sources changed: the compiled program starts sooner and needs 45 MB less than one compiled while it
 * runs. Where it cannot (a read-only folder, no compiler), the program runs from its sources.
 */
export function compile(root) {
  if (isFresh(root)) {
    return;
  }
  const compiler = path.join(root, 'node_modules', 'typescript', 'package.json');
  if (!existsSync(compiler)) {
    return;
  }
  const { bin } = JSON.parse(readFileSync(compiler, 'utf8'));
  try {
    const before = fingerprint(root);
    rmSync(path.join(root, 'dist'), { recursive: true, force: true });
    const script = path.join(path.dirname(compiler), bin.tsc);
    const run = spawnSync(process.execPath, [script, '-p', 'tsconfig.build.json'], { cwd: root, stdio: 'ignore' });
    if (run.status === 0) {
      writeConsole(root);
      writeFileSync(stampOf(root), before);
    }
  } catch {
    // Without the stamp the sources are run.
  }
}
