import { chown, mkdir, open, readFile, realpath, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { replaceFile } from '../keys/key-store.ts';

/** Milliseconds that another program may hold the file, after which it is taken to have ended. */
const patience = 10_000;

/**
 * Changes the lines of a file of credentials: whoever reads it finds it before or after, never a part, and two that change it at once follow each other. It
 * is made where there is none, readable by its owner alone, who stays who it was. `edit` gives the new lines, or null to leave the file as it is.
 */
export async function editLines(
  file: string,
  edit: (lines: readonly string[]) => readonly string[] | null,
): Promise<boolean> {
  // A link stays one.
  const target = await realpath(file).catch(() => file);
  await mkdir(path.dirname(target), { recursive: true, mode: 0o700 });
  const release = await lock(`${target}.lock`);
  try {
    const before = await stat(target).catch(() => null);
    const text = before === null ? '' : (await readFile(target, 'utf8')).replace(/^\uFEFF/, '');
    const lines = text.split(/\r?\n/);
    if (lines.at(-1) === '') {
      lines.pop();
    }
    const after = edit(lines);
    if (after === null) {
      return false;
    }
    // A command of root must not take the file from the gateway.
    const owner = before ?? (await stat(path.dirname(target)));
    await replaceFile(target, after.map((line) => `${line}\n`).join(''), async (beside) => {
      if (process.getuid?.() === 0) {
        await chown(beside, owner.uid, owner.gid);
      }
    });
    return true;
  } finally {
    await release();
  }
}

async function lock(file: string): Promise<() => Promise<void>> {
  for (;;) {
    try {
      await (await open(file, 'wx', 0o600)).close();
      return () => rm(file, { force: true });
    } catch (error) {
      if (!(error instanceof Error) || !('code' in error) || error.code !== 'EEXIST') {
        throw error;
      }
    }
    const held = await stat(file).catch(() => null);
    if (held !== null && Date.now() - held.mtimeMs > patience) {
      await rm(file, { force: true });
    }
    await pause(50);
  }
}
