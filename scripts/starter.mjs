// Whoever started this program, and its end: npm runs scripts in a shell that ends with npm's signal and passes it to
// nobody, so what npm started must look itself. No dependencies.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Milliseconds between two looks; where a look means running `ps`, ten times as long. */
const pause = 250;

/**
 * Calls `ended` once when the npm that runs this script has ended, or the shell between the two. Started in another
 * way (by hand, by a service manager) the program outlives whoever started it, as programs do: then nothing is watched.
 */
export function whenStarterEnds(ended) {
  if (!(process.env.npm_lifecycle_script ?? '').includes('scripts/run.mjs')) {
    return;
  }
  const [shell, npm] = [process.ppid, parentOf(process.ppid)];
  const watch = setInterval(
    () => {
      if (process.ppid === shell && (process.platform !== 'win32' || lives(shell)) && parentOf(shell) === npm) {
        return;
      }
      clearInterval(watch);
      ended();
    },
    process.platform === 'linux' ? pause : 10 * pause,
  );
  watch.unref();
}

/** The process that a process was started by, or was handed to when that one ended; null: not known here. */
function parentOf(pid) {
  if (process.platform === 'win32') {
    return null;
  }
  try {
    // The name in brackets may hold anything, so the state and the parent are looked for behind the last one.
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    if (process.platform === 'linux') {
      return null;
    }
    const run = spawnSync('ps', ['-o', 'ppid=', '-p', String(pid)], { encoding: 'utf8' });
    return run.status === 0 ? Number(run.stdout) : null;
  }
}

function lives(pid) {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
